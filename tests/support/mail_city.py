"""The sample city with a mailbox: its folder copied, every school with an address, the servers in its mail.yml."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from sources.declarations.city import City
from sources.declarations.contacts import CONTACTS_FILE, load_contacts
from sources.declarations.mailing import MAIL_FILE, Mailing, load_mailing
from sources.system.settings import Settings
from warehouse.alerts.letters import Letter

BUREAU_ADDRESS = "nianbao@city.example"


def address_of(code: str) -> str:
    return f"s{code}@school.example"


def with_mailbox(
    settings: Settings, city: City, folder: Path, servers: Sequence[Mapping[str, Any]], **more: Any
) -> Settings:
    """A copy of the city's folder with contacts.yml and mail.yml, and settings that name it."""
    if folder != settings.city_dir:
        shutil.copytree(settings.city_dir, folder)
    contacts = [
        {"respondent": each.code, "name": f"{each.name[-4:]}张老师", "mail": [address_of(each.code)]}
        for each in city.respondents
        if each.kind == "school"
    ]
    (folder / CONTACTS_FILE).write_text(yaml.safe_dump({"contacts": contacts}, allow_unicode=True), "utf-8")
    declared = {"address": BUREAU_ADDRESS, "name": f"{city.name}教育局年报", "servers": list(servers)} | more
    (folder / MAIL_FILE).write_text(yaml.safe_dump(declared, allow_unicode=True), "utf-8")
    return replace(settings, city_dir=folder)


def mailing_of(settings: Settings) -> Mailing:
    found = load_mailing(settings.city_dir)
    assert found is not None
    return found


def letters_to_schools(settings: Settings, city: City, file: Path) -> list[Letter]:
    """A template for each school, as `letters_of` would write it."""
    contacts = load_contacts(settings.city_dir, city)
    return [
        Letter(
            "template",
            2023,
            each.code,
            each.name,
            city.name,
            contacts.get(each.code),
            f"【年报】请填报2023年度数据：{each.name}",
            f"{each.name}：\n附件是模板。",
            file,
            f"key of {each.code}",
        )
        for each in city.respondents
        if each.kind == "school"
    ]
