"""Three made-up installations live through two years: everything that they print, and every figure a second time."""

import ast
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from sources.declarations.city import codelists_of
from sources.declarations.pack import load_head, shipped_packs
from sources.system.settings import Settings
from tests.any_city import recompute
from tests.any_city.recompute import document_tables
from tests.any_city.test_release import NO_NUMBER, text_of
from tests.any_city.worlds import WORLDS, YEARS, World, listed_by, pour
from tests.conftest import deep, long
from tests.support.confirmed import confirm_each

MAY_BE_EMPTY = re.compile("备注|^$")
"""Headings of columns of a printed table in which nothing need stand."""


@dataclass(frozen=True)
class Installation:
    """A world with a home of its own, asked from the command line as a bureau would."""

    world: World
    home: Path

    def nianbao(self, *arguments: str) -> str:
        """What a command prints. Raises AssertionError where it fails."""
        done = subprocess.run(
            [Path(sys.executable).with_name("nianbao"), *arguments],
            env={
                "PATH": os.environ["PATH"],
                "NIANBAO_HOME": str(self.home),
                "NIANBAO_CITY": str(self.world.city_dir),
                "NIANBAO_TODAY": "2026-03-01",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{arguments}: {done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stdout + done.stderr
        return done.stdout

    def release_folder(self, version: str) -> Path:
        return self.home / "releases" / version


def test_the_recomputation_shares_no_code_with_the_product() -> None:
    tree = ast.parse(Path(recompute.__file__).read_text(encoding="utf-8"))
    modules = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    modules |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {module.split(".")[0] for module in modules} - sys.stdlib_module_names == {"openpyxl"}


@pytest.mark.deep
@pytest.mark.parametrize("name", [*deep("district"), *long(*sorted({*WORLDS} - {"district"}))])
def test_an_installation_lives_through_two_years(name: str, tmp_path: Path) -> None:
    """Run, documents, release; the next year with its changes; rebuild and verify, and nothing of the past moves."""
    installation = Installation(WORLDS[name], tmp_path / "home")
    before: dict[str, Any] = {}
    for year in YEARS:
        pour(installation.world, year, installation.home / "inbox")
        installation.nianbao("run", "--year", str(year))
        installation.nianbao("documents", "--year", str(year))
        confirm_each(
            Settings(home=installation.home, city_dir=installation.world.city_dir), installation.world.city, year
        )
        installation.nianbao("release", str(year))
        says_no_nonsense(installation.release_folder(f"{year}.1"))
        says_nothing_of_other_provinces(installation.world, installation.home)
        before[str(year)] = agrees_with_the_cells(installation.world, installation.home, year)
    installation.nianbao("rebuild")
    for year in YEARS:
        assert installation.nianbao("table", "1.2-2", "--year", str(year))
        verified = json.loads(installation.nianbao("verify", f"{year}.1", "--json"))
        assert verified["is_equal"], verified


def says_no_nonsense(folder: Path) -> None:
    """No number that is none, no empty column."""
    for path in sorted(folder.rglob("*")):
        shown = text_of(path)
        found = NO_NUMBER.search(shown)
        assert not found, f"{path.name}: …{shown[max(0, found.start() - 60) : found.end() + 30]}…"
    (draft,) = folder.glob("*.docx")
    for table in document_tables(draft):
        for heading, *cells in zip(*table, strict=False):
            assert any(cell.strip() for cell in cells) or MAY_BE_EMPTY.search(heading), (heading, table[:3])


def says_nothing_of_other_provinces(world: World, home: Path) -> None:
    """No word that another pack calls its own, in anything that was sent, sent back, drafted or released."""
    packs = {*shipped_packs(), *(other.city.pack for other in WORLDS.values())} - {world.city.pack}
    words = {word for pack in packs for word in load_head(pack).distinctive} | {"钦州", "壮族", "北部湾"}
    said = [
        (str(path.relative_to(home)), word)
        for path in sorted(home.rglob("*"))
        if path.is_file()
        for word in words
        if word in everything_in(path) or word in path.name
    ]
    assert said == []


@cache
def everything_in(path: Path) -> str:
    """All text of a file for people, its markup with it; nothing for other files."""
    if path.suffix in (".html", ".csv", ".json", ".md", ".txt"):
        return path.read_text(encoding="utf-8", errors="replace")
    if path.suffix in (".docx", ".xlsx"):
        with zipfile.ZipFile(path) as parts:
            return "".join(parts.read(name).decode("utf-8", "replace") for name in parts.namelist())
    return ""


def agrees_with_the_cells(world: World, home: Path, year: int) -> Mapping[str, Any]:
    """The independent recomputation, as a program of its own, for the installation and every region with a bureau."""
    outcomes = {}
    for plan in plans(world, home, year):
        done = subprocess.run(
            [sys.executable, "-I", recompute.__file__],
            input=json.dumps(plan),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        outcome = json.loads(done.stdout)
        assert outcome["differences"] == [], (plan["region"], year, outcome["differences"][:20])
        assert outcome["non_zero"] >= 150, outcome
        outcomes[plan["region"]] = outcome
    return outcomes


def plans(world: World, home: Path, year: int) -> Iterator[dict[str, Any]]:
    """What the recomputation has to be told: where things lie, who chooses, and the words of the place."""
    city = world.city.in_year(year)
    respondents = world.city.respondents_in(year)
    bureaus = {city.region_of(each): each.code for each in respondents if each.kind == "bureau"}
    labels = {name: codes.label_of for name, codes in codelists_of(city, year).items()}
    listing = listed_by(city, respondents).values()
    heads = {"category": ("学校类别", "school_category"), "ownership": ("学校性质", "ownership")}
    heads["affiliation"] = ("学校隶属层级", "affiliation")
    for region, bureau in bureaus.items():
        below = [code for place, code in bureaus.items() if region in city.region_paths[place]]
        if not set(below) & set(listing):
            continue
        yield {
            "workbooks": str(home / "inbox"),
            "release": str(home / "releases" / f"{year}.1"),
            "year": year,
            "region": region,
            "is_root": region == city.code,
            "bureaus": below,
            "chooser": bureau,
            "left_out": {
                scope.label: {
                    heads[attribute][0]: [labels[heads[attribute][1]][code] for code in codes]
                    for attribute, codes in scope.exclude.items()
                }
                for scope in city.scopes
            },
            "scope_codes": {scope.label: scope.code for scope in city.scopes},
            "levels": {level: labels["contest_level"][level] for level in ("national", "regional")},
            "affiliations": {code: labels["affiliation"][code] for code in ("regional", "municipal", "county")},
            "programmes": labels["aid_programmes"],
            "honours": labels["honours"],
            "own_sums": dict(world.own_sums),
            "own_marks": dict(world.own_marks),
        }
