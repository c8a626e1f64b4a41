"""What changes from one year to the next (changes.yml): names, labels, codes, districts; who begins, who ends.

The other files of a city say how things were at first; a change holds from the report year `since` on. So every year
has its own words, and a past year keeps them. Category, ownership and affiliation of a school are not here: the roster
of each year says them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

from pydantic import Field

from sources.declarations.strict_yaml import Declaration, Name

if TYPE_CHECKING:
    from sources.declarations.city import City, Region, Respondent, Scope

Altered = TypeVar("Altered", bound=Declaration)
CHANGES_FILE = "changes.yml"


class _Change(Declaration):
    since: int = Field(description="从哪个报告年度起；以前的年度不变", examples=[2026])
    note: str = Field("", description="备注，例如批文；不写也可以", examples=["市政府〔2026〕3号"])


class Rename(_Change):
    """更名：填报单位从这一年起用新的名称。"""

    kind: Literal["rename"] = Field(description="更名", examples=["rename"])
    code: str = Field(description="单位标识码（respondents.yml 里的）", examples=["3634000001"])
    name: str = Field(description="新的名称", examples=["黄山市职业技术学校"])


class RenameRegion(_Change):
    """地区更名；行政区划代码不变。"""

    kind: Literal["rename_region"] = Field(description="地区更名", examples=["rename_region"])
    region: str = Field(description="行政区划代码", examples=["341021"])
    name: str = Field(description="新的名称", examples=["歙州区"])


class Reword(_Change):
    """口径改称：口径所包括的学校不变，只是换了叫法。"""

    kind: Literal["reword"] = Field(description="口径改称", examples=["reword"])
    scope: Name = Field(description="口径代码（scopes.yml 里的 code）", examples=["without_technician"])
    label: str = Field(description="新的名称", examples=["不含技工院校"])
    description: str | None = Field(None, description="新的说明；不写则不变", examples=["不含技工院校"])


class Move(_Change):
    """改属地区：学校从这一年起属于另一个地区，以前年度的数字仍在原地区。"""

    kind: Literal["move"] = Field(description="改属地区", examples=["move"])
    code: str = Field(description="学校的标识码", examples=["3634000001"])
    region: str = Field(description="新的地区（regions.yml 里的行政区划代码）", examples=["341004"])


class Recode(_Change):
    """代码变更：封面和名册从这一年起用新的标识码；数据库里仍按 respondents.yml 里的标识码，历年连成一条线。"""

    kind: Literal["recode"] = Field(description="代码变更", examples=["recode"])
    code: str = Field(description="respondents.yml 里的标识码", examples=["3634000001"])
    new_code: str = Field(description="新的标识码", examples=["3634000091"])


class Merge(_Change):
    """并入：从这一年起不再单独填报，并入另一所学校。"""

    kind: Literal["merge"] = Field(description="并入", examples=["merge"])
    code: str = Field(description="被并入的学校的标识码", examples=["3634000002"])
    into: str = Field(description="并入哪所学校（标识码）", examples=["3634000001"])


class Split(_Change):
    """分设：从这一年起分为几所学校；原学校继续办学的，也列在 into 中，不列则不再填报。"""

    kind: Literal["split"] = Field(description="分设", examples=["split"])
    code: str = Field(description="原学校的标识码", examples=["3634000001"])
    into: tuple[str, ...] = Field(
        min_length=1,
        description="分设成哪几所学校（标识码），都要写在 respondents.yml 中",
        examples=[["3634000001", "3634000005"]],
    )


class Close(_Change):
    """停办：从这一年起不再填报。"""

    kind: Literal["close"] = Field(description="停办", examples=["close"])
    code: str = Field(description="单位标识码", examples=["3634000003"])


class Found(_Change):
    """新设：从这一年起填报。"""

    kind: Literal["found"] = Field(description="新设", examples=["found"])
    code: str = Field(description="单位标识码", examples=["3634000003"])


Change = Rename | RenameRegion | Reword | Move | Recode | Merge | Split | Close | Found


class Changes(Declaration):
    """changes.yml（变更）：名称、口径、代码、所属地区的变化，学校的并入、分设、停办和新设，每项一行。"""

    changes: tuple[Annotated[Change, Field(discriminator="kind")], ...] = Field(
        (), description="变更，每项一行；`kind` 说是哪一种"
    )


# --- What a change says ----------------------------------------------------------------------------------------------


def ends(change: Change) -> str | None:
    """The respondent that sends nothing from the change's year on."""
    match change:
        case Merge() | Close():
            return change.code
        case Split() if change.code not in change.into:
            return change.code
    return None


def begins(change: Change) -> tuple[str, ...]:
    """The respondents that send for the first time in the change's year."""
    match change:
        case Found():
            return (change.code,)
        case Split():
            return tuple(code for code in change.into if code != change.code)
    return ()


def parties_of(change: Change) -> tuple[str, ...]:
    """The codes of everybody (or of the region, the scope) whom a change is about."""
    match change:
        case RenameRegion():
            return (change.region,)
        case Reword():
            return (change.scope,)
        case Merge():
            return change.code, change.into
        case Split():
            return tuple(dict.fromkeys((change.code, *change.into)))
    return (change.code,)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a change is about: nothing can change twice in one year. `aspect` is the key that a line gives it by."""

    aspect: Literal["name", "region_name", "label", "region", "new_code", "life"]
    code: str


def subjects_of(change: Change) -> tuple[Subject, ...]:
    """What a change alters; the first is the one that the line is about."""
    match change:
        case Rename():
            return (Subject("name", change.code),)
        case RenameRegion():
            return (Subject("region_name", change.region),)
        case Reword():
            return (Subject("label", change.scope),)
        case Move():
            return (Subject("region", change.code),)
        case Recode():
            return (Subject("new_code", change.code),)
    return tuple(Subject("life", code) for code in dict.fromkeys((change.code, *begins(change))))


# --- How things are in a year ----------------------------------------------------------------------------------------


def until(changes: Iterable[Change], report_year: int) -> tuple[Change, ...]:
    """The changes that hold in a report year, the earliest first."""
    return tuple(sorted((each for each in changes if each.since <= report_year), key=lambda each: each.since))


def with_lives(respondents: Iterable["Respondent"], changes: Iterable[Change]) -> tuple["Respondent", ...]:
    """The respondents with the years in which they begin and end, whichever of the two files says them."""
    since = {code: change.since for change in changes for code in begins(change)}
    last = {code: change.since - 1 for change in changes if (code := ends(change)) is not None}
    if not (since or last):
        return tuple(respondents)
    return tuple(
        each.model_copy(update={"since": since.get(each.code, each.since), "until": last.get(each.code, each.until)})
        for each in respondents
    )


def implied(respondents: Iterable["Respondent"], changes: Iterable[Change], report_year: int) -> tuple[Change, ...]:
    """What `since` and `until` in respondents.yml say of a year and changes.yml does not: who ends, who begins.

    Who begins is told only where others begin or end too: otherwise the number of schools says it.
    """
    stated = {code for change in changes if change.since == report_year for code in (ends(change), *begins(change))}
    others = [each for each in respondents if each.code not in stated and each.kind == "school"]
    ended = [
        Close(kind="close", code=each.code, since=report_year, note=each.note)
        for each in others
        if each.until == report_year - 1
    ]
    begun = [Found(kind="found", code=each.code, since=report_year) for each in others if each.since == report_year]
    return (*ended, *(begun if len(begun) + len(ended) + len(stated - {None}) > 1 else ()))


def respondents_of(respondents: Iterable["Respondent"], holding: Iterable[Change]) -> tuple["Respondent", ...]:
    """The respondents by the names and in the regions that the changes have given them."""
    altered: dict[str, dict[str, object]] = {}
    for change in holding:
        if isinstance(change, Rename):
            altered.setdefault(change.code, {})["name"] = change.name
        elif isinstance(change, Move):
            altered.setdefault(change.code, {})["region"] = change.region
    return tuple(_altered(each, altered.get(each.code)) for each in respondents)


def regions_of(regions: Iterable["Region"], holding: Iterable[Change]) -> tuple["Region", ...]:
    """The regions by the names that the changes have given them."""
    names = {change.region: change.name for change in holding if isinstance(change, RenameRegion)}
    return tuple(_altered(each, {"name": names[each.code]} if each.code in names else None) for each in regions)


def scopes_of(scopes: Iterable["Scope"], holding: Iterable[Change]) -> tuple["Scope", ...]:
    """The scopes by the labels that the changes have given them."""
    altered: dict[str, dict[str, object]] = {}
    for change in holding:
        if isinstance(change, Reword):
            words = {"label": change.label, "description": change.description}
            altered.setdefault(change.scope, {}).update({key: text for key, text in words.items() if text is not None})
    return tuple(_altered(each, altered.get(each.code)) for each in scopes)


def stated_codes(holding: Iterable[Change]) -> dict[str, str]:
    """Code in respondents.yml → the code that holds now, of those that have another by now."""
    return {change.code: change.new_code for change in holding if isinstance(change, Recode)}


def _altered(declaration: Altered, what: Mapping[str, object] | None) -> Altered:
    return declaration.model_copy(update=dict(what)) if what else declaration


# --- In words --------------------------------------------------------------------------------------------------------


def implied_words(change: Change, city: "City") -> str:
    """The words for a change that respondents.yml implies: where it has a note, the note says what became of whom."""
    if isinstance(change, Close) and change.note:
        name = city.in_year(change.since - 1).respondent_by_code[change.code].name
        return f"{name}{change.since}年起不再填报（{change.note}）"
    return in_words(change, city)


def in_words(change: Change, city: "City") -> str:
    """What a change did, as a document of its year says it, e.g. 甲学校2025年更名为乙学校; names are of then."""
    year = change.since
    before, after = city.in_year(year - 1), city.in_year(year)

    def school(code: str, of: "City" = after) -> str:
        return of.respondent_by_code[code].name

    match change:
        case Rename():
            told = f"{school(change.code, before)}{year}年更名为{change.name}"
        case RenameRegion():
            told = f"{before.region_by_code[change.region].name}{year}年更名为{change.name}"
        case Reword():
            label = next(each.label for each in before.scopes if each.code == change.scope)
            told = f"统计口径“{label}”{year}年起改称“{change.label}”"
        case Move():
            told = f"{school(change.code)}{year}年划归{after.region_by_code[change.region].name}"
        case Recode():
            told = f"{school(change.code)}{year}年起标识码变更为{change.new_code}"
        case Merge():
            told = f"{school(change.code, before)}{year}年并入{school(change.into)}"
        case Split():
            told = f"{'、'.join(map(school, begins(change)))}{year}年由{school(change.code, before)}分设"
        case Close():
            told = f"{school(change.code, before)}{year}年停办"
        case Found():
            told = f"{school(change.code)}{year}年新设"
    return told + (f"（{change.note}）" if change.note else "")
