"""Cells are typed into files of every program that writes workbooks; all other cells say what they said."""

import random
from collections.abc import Mapping

import pytest

from sources.mend.corrected_workbook import Correction, CorrectionError, corrected
from sources.mend.typed_cells import TypedCell, cell_places, with_cells
from sources.read.cell_text import read_grids, texts_of
from sources.read.inspection import inspect, with_other_parts
from sources.read.package import open_package
from sources.read.read_workbook import read_workbook
from sources.read.sheet_xml import Position
from sources.system.settings import Limits
from tests.conftest import deep
from tests.corpus.writers import KEPT
from tests.hostile.corpus import CASES
from tests.hostile.kinds import KINDS
from tests.mend.test_corrected_workbook import sample

WRITERS = sorted({path.name.rpartition("-")[0] for path in KEPT.glob("*.xlsx")})
TYPED = (TypedCell("number", "2600"), TypedCell("text", "=改&<过>_x0041_\n第二行"), TypedCell("blank"))


def texts(data: bytes) -> dict[str, dict[Position, str]]:
    inspection = inspect(data, Limits())
    assert inspection.refusal is None, inspection.refusal
    grids = read_grids(inspection.book)
    return {title: texts_of(grids.get(title, []), stored) for title, stored in inspection.sheets.items()}


def type_into(data: bytes, title: str, wanted: Mapping[Position, TypedCell]) -> tuple[bytes, set[Position]]:
    """The file with the cells typed in, as far as their rows are there; and which those are."""
    typed = set[Position]()

    def change(parts: Mapping[str, bytes]) -> Mapping[str, bytes | None]:
        sheet = open_package(parts).sheets[title]
        places = cell_places(sheet.xml, list(wanted))
        typed.update(places)
        (name,) = (each for each in parts if each.casefold() == sheet.name)
        return {name: with_cells(sheet.xml, places, {at: wanted[at] for at in places})}

    return with_other_parts(data, Limits(), change), typed


@pytest.mark.parametrize("writer", WRITERS)
def test_in_a_file_of_any_program_only_what_is_typed_is_another(writer: str):
    for path in sorted(KEPT.glob(f"{writer}-*.xlsx")):
        data, draw = path.read_bytes(), random.Random(path.name)
        if inspect(data, Limits()).refusal:
            continue
        before = texts(data)
        title = max(before, key=lambda each: len(before[each]))
        rows = sorted({row for row, _ in before[title]})
        wanted = {(draw.choice(rows), draw.randrange(6)): cell for cell in TYPED}
        after, typed = type_into(data, title, wanted)
        expected = {at: cell.text for at, cell in wanted.items() if at in typed}
        assert typed == set(wanted)
        now = texts(after)
        stored = inspect(after, Limits()).sheets[title].texts
        assert {at: stored.get(at, "") for at in expected} == expected, path.name
        changed = {at: text for at, text in now[title].items() if at not in expected}
        assert changed == {at: text for at, text in before[title].items() if at not in expected}, path.name
        assert {name: now[name] for name in now if name != title} == {n: before[n] for n in before if n != title}


@pytest.mark.parametrize(
    "row",
    [
        '<row r="2" s="x" customFormat="1"><c r="B2"><v>1</v></c></row>',
        '<row r="2"><c r="A2" s="1&quot;&gt;&lt;evil/&gt;"><v>1</v></c><c r="B2"><v>1</v></c></row>',
        '<row r="2" s="&quot;" customFormat="1"><c r="B2"/><c r="C2" t="s"><v>0</v></c></row>',
    ],
)
def test_what_a_file_says_of_looks_is_not_written_again_unless_it_is_a_number(row: str):
    xml = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f'<cols><col min="x" max="9" style="3"/></cols><sheetData>{row}</sheetData></worksheet>'
    ).encode()
    wanted = {(1, 0): TypedCell("number", "5"), (1, 1): TypedCell("text", "字")}
    written = with_cells(xml, cell_places(xml, list(wanted)), wanted)
    assert written.count(b"evil") == 0
    assert cell_places(written, list(wanted)).keys() == wanted.keys()


HOSTILE = {
    **{case.name: case.build for case in CASES},
    **{kind.name: kind.build for kinds in KINDS.values() for kind in kinds},
}
SOME = sorted(HOSTILE)[::12]


@pytest.mark.parametrize("name", [*SOME, *deep(*sorted(set(HOSTILE) - set(SOME)))])
def test_a_hostile_file_is_corrected_or_refused_in_words(name: str):
    data, city = HOSTILE[name](), sample().city
    reading = read_workbook(data, "", "", city)
    asked = [Correction("学生情况", cell.cell, "77") for cell in reading.cells if cell.sheet == "students"][:2]
    told = ""
    try:
        after = corrected(data, asked or [Correction("学生情况", "E6", "77")], city)
    except CorrectionError as error:
        told = str(error)
    if told:
        assert "请" in told
    else:
        says = {(cell.sheet, cell.cell): cell.raw_text for cell in read_workbook(after, "", "", city).cells}
        assert all(says["students", each.cell] == "77" for each in asked)
