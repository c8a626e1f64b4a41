"""Editions: the outline of a year's report is declared, and says what of it is verified."""

from pathlib import Path

import pytest
import yaml
from docx import Document

from sources.declarations.pack import NEUTRAL_PACK, Pack, shipped_packs
from sources.declarations.problem import DeclarationError
from warehouse.catalogue import edition as editions
from warehouse.catalogue.edition import edition_of, load_editions
from warehouse.release.documents.report_draft import template_of

PACKS = [NEUTRAL_PACK, *shipped_packs()]
SECTION = {"heading": "学校概况", "asks": "有什么", "length": [10, 20], "required": True}


def pack_of(folder: Path, **files: dict[str, object]) -> Pack:
    """A pack that brings editions of its own."""
    (folder / "catalogue" / "editions").mkdir(parents=True)
    (folder / "pack.yml").write_text("name: 江南省\n", encoding="utf-8")
    for name, data in files.items():
        path = folder / "catalogue" / "editions" / f"{name.removeprefix('of_')}.yml"
        path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    return Pack(folder)


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.code or "neutral")
def test_every_section_has_a_place_in_the_template(pack: Pack):
    headings = {p.text.strip() for p in Document(str(template_of(pack))).paragraphs if p.style.name == "Heading 2"}
    for edition in load_editions(pack).values():
        assert {section.heading for section in edition.sections} == headings


def test_what_was_not_read_is_not_asserted():
    for edition in load_editions(NEUTRAL_PACK).values():
        assert not edition.verified
        assert "没有找到" in edition.source
        assert "未核实" in edition.told


def test_a_year_is_written_by_the_newest_edition_that_is_not_later():
    assert [edition_of(NEUTRAL_PACK, year).edition for year in (2019, 2022, 2023, 2031)] == [2022, 2022, 2023, 2024]


def test_a_province_brings_an_edition_of_its_own(tmp_path: Path):
    own = {
        "edition": 2031,
        "source": "江南省通知",
        "verified": True,
        "chapters": [{"heading": "基本情况", "sections": [SECTION]}],
    }
    pack = pack_of(tmp_path / "330000", of_2031=own)
    assert [section.heading for section in edition_of(pack, 2033).sections] == ["学校概况"]
    assert edition_of(pack, 2033).told == "2031年版：江南省通知"
    assert edition_of(pack, 2030) == edition_of(NEUTRAL_PACK, 2030)


WRONG: dict[str, tuple[dict[str, object], str]] = {
    "a section twice": ({"chapters": [{"heading": "一", "sections": [SECTION, SECTION]}]}, "学校概况"),
    "an unknown indicator": (
        {"chapters": [{"heading": "一", "sections": [SECTION | {"indicators": ["graduats"]}]}]},
        "did you mean `graduates`",
    ),
    "no room for a word": ({"chapters": [{"heading": "一", "sections": [SECTION | {"length": [20, 20]}]}]}, "fewest"),
    "an edition that is none": ({"like": 1999}, "1999"),
    "no chapters": ({}, "chapters"),
    "a change of no section": ({"like": 2024, "changed": [{"section": "办学定未", "heading": "定位"}]}, "办学定位"),
    "a change that says nothing": ({"like": 2024, "changed": [{"section": "办学定位"}]}, "otherwise"),
    "a new one behind no section": ({"like": 2024, "new": [SECTION | {"after": "无此节"}]}, "无此节"),
    "changes beside chapters": (
        {"chapters": [{"heading": "一", "sections": [SECTION]}], "changed": [{"section": "学校概况", "asks": "什么"}]},
        "go with `like`",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_in_an_edition_is_told_with_its_line(what: str, tmp_path: Path):
    parts, told = WRONG[what]
    pack = pack_of(tmp_path / "330000", of_2031={"edition": 2031, "source": "通知", "verified": False} | parts)
    with pytest.raises(DeclarationError, match=told) as caught:
        editions.load_editions(pack)
    assert "2031.yml" in str(caught.value)
