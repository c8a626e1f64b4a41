"""Whom letters go to: the declaration in a city's contacts.yml. Nothing else reads it, and it is kept nowhere.

Names and addresses are personal data: they are no part of the city as the archive keeps it, nor of any release.
"""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Annotated

from pydantic import Field

from sources.declarations.city import City
from sources.declarations.misfit import Misfit
from sources.declarations.problem import DeclarationError, Problem, meant
from sources.declarations.strict_yaml import Declaration, Document, read_document

CONTACTS_FILE = "contacts.yml"
Address = Annotated[str, Field(pattern=r"^[^\s@,;<>\"']+@[^\s@,;<>\"']+\.[^\s@,;<>\"']+$")]


class Contact(Declaration):
    """Who is written to of a respondent."""

    respondent: str = Field(description="填报单位的标识码（respondents.yml）", examples=["3634000001"])
    name: str = Field("", description="联系人，信里用来称呼", examples=["张老师"])
    mail: tuple[Address, ...] = Field((), description="邮箱，可以有几个", examples=[["zhang@school.example.cn"]])


class Contacts(Declaration):
    """The people of all respondents that are written to; the bureau's own is named as whom to answer."""

    contacts: tuple[Contact, ...] = Field(description="联系人，每个填报单位一项")


def load_contacts(city_dir: Path, city: City) -> dict[str, Contact]:
    """Respondent → whom to write to; nobody where there is no contacts.yml.

    Raises DeclarationError, in Chinese: the form, a respondent that there is not or that stands there twice.
    """
    path = city_dir / CONTACTS_FILE
    if not path.exists():
        return {}
    document = read_document(path, "zh")
    contacts = document.parsed(Contacts).contacts
    if problems := tuple(_problems(document, contacts, city.respondent_by_code)):
        raise DeclarationError(problems)
    return {each.respondent: each for each in contacts}


def _problems(document: Document, contacts: tuple[Contact, ...], known: Collection[str]) -> Iterator[Problem]:
    seen: set[str] = set()
    found = []
    for position, each in enumerate(contacts):
        place = ("contacts", position, "respondent")
        if each.respondent not in known:
            found.append(Misfit(place, f"没有填报单位“{each.respondent}”{meant(each.respondent, known)}"))
        elif each.respondent in seen:
            found.append(Misfit(place, f"“{each.respondent}”写了两次；几个邮箱请写在一项里"))
        seen.add(each.respondent)
    yield from document.problems_of(found)
