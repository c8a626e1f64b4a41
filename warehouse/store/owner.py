"""Whose home a folder of data is: an installation remembers its city and is not lent to another.

The note is `city.txt` in the home. A home of 0.1.0 has none; there the data say it.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from sources.declarations.city import City
from sources.system.access import OWNERS_FILE, prepare_home
from sources.system.faults import ToldError
from sources.system.settings import Settings
from sources.system.whole_file import whole_file

NOTE = "city.txt"
HEAD = "# 这个文件夹里的数据属于下面的城市，别的城市不能用它。nianbao 会核对，请勿修改。\n"
ROOT = "select code, name from reference.region where parent_code is null"


@dataclass(frozen=True, slots=True)
class Owner:
    """The city that a home belongs to, as it was called when it was noted."""

    code: str
    name: str

    def __str__(self) -> str:
        return f"{self.code} {self.name}".strip()


class ForeignHomeError(ToldError):
    """The home belongs to another city; nothing was written."""


def owner_of(home: Path) -> Owner | None:
    """The city of a home: as noted, else as its databases or its releases have it. None for a new home."""
    note = home / NOTE
    if note.is_file():
        for line in note.read_text("utf-8-sig", errors="replace").splitlines():
            code, _, name = line.strip().partition(" ")
            if code and not line.startswith("#"):
                return Owner(code, name)
    return next(_owners_in_data(home), None)


def note_owner(settings: Settings, city: City) -> None:
    """Notes the city as the home's, after `check_owner`; a home that cannot be written is only looked at.

    Raises ForeignHomeError when another city has just noted itself.
    """
    note, owner = settings.home / NOTE, Owner(city.code, city.name)
    text = f"{HEAD}{owner}\n"
    if note.is_file() and note.read_text("utf-8", errors="replace") == text:
        return
    if not os.access(next(each for each in (settings.home, *settings.home.parents) if each.exists()), os.W_OK):
        return
    prepare_home(settings.home, ())
    with whole_file(note, OWNERS_FILE) as partial:
        partial.write_text(text, encoding="utf-8")
        if not note.exists():
            try:
                os.link(partial, note)  # of two cities that claim a new home at once, one is the first
            except FileExistsError:
                check_owner(settings, city)
            except OSError:  # a file system without links
                pass


def check_owner(settings: Settings, city: City) -> None:
    """Raises ForeignHomeError when the home is another city's. A code that the city had before is its own."""
    owner = owner_of(settings.home)
    if owner is None or owner.code in (city.code, *city.former_codes):
        return
    asked = Owner(city.code, city.name)
    raise ForeignHomeError(
        f"数据文件夹 {settings.home} 属于 {owner}，不能用于 {asked}；什么也没有写。\n"
        f"要处理 {asked}：请用它自己的数据文件夹（在 nianbao new-city 建的城市文件夹里运行，"
        f"或把 NIANBAO_HOME 设为另一个文件夹）。\n"
        f"要处理 {owner}：请用它的配置（NIANBAO_CITY）。\n"
        f'如果是同一个城市换了代码：在 {settings.city_dir / "city.yml"} 写上 former_codes: ["{owner.code}"]'
    )


def _owners_in_data(home: Path) -> Iterator[Owner]:
    for folder in ("published", "working"):
        path = home / folder / "nianbao.duckdb"
        if not path.is_file():
            continue
        try:
            with duckdb.connect(str(path), read_only=True) as connection:
                found = connection.execute(ROOT).fetchone()
        except duckdb.Error:  # broken, of another program, or without any city yet
            continue
        if found:
            yield Owner(*found)
    for path in sorted((home / "releases").glob("*/manifest.json")):
        yield Owner(json.loads(path.read_text("utf-8"))["city_code"], "")
