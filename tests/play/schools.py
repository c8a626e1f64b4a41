"""The schools of the play: what part each has, and the workbooks that they send.

One part in twelve: a city of 12 has each part once, a province of 48 has it 4 times.
"""

import re
import subprocess
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Literal, get_args

import openpyxl

from sources.declarations.headings import AUTHOR_HEADING, REASON_HEADING, RESULT_SHEET
from sources.sample.population import (
    FAULTS,
    MadeUpSchool,
    Plant,
    Population,
    reported,
    with_item,
)
from sources.sample.pour import SampleSubmission

Part = Literal["守时", "错校", "误期", "传坏", "错报", "改半", "重发", "去年", "钟错", "无时", "并出", "并入"]
PARTS: tuple[Part, ...] = get_args(Part)
Hand = Literal["office", "poured"]
"""Who saves the schools' workbooks: real LibreOffice, one after the other, or nobody."""
SAVED_AT = re.compile(rb"<dcterms:modified[^>]*>[^<]*</dcterms:modified>")
NOT_WHOLE, NO_CODE = FAULTS["error"][1][3], FAULTS["error"][3][3]
"""Errors to plant: a number that is none, a word of no list. Each fits every school, as the warning below."""


def left_blank(values: SampleSubmission) -> SampleSubmission | None:
    return with_item(values, "international", "visiting_foreign_teachers", lambda _: None)


@dataclass(frozen=True)
class Sent:
    """A workbook on its way: the place in the inbox, its bytes before anybody saved it, when it says it was saved."""

    place: str
    data: bytes
    saved_at: datetime | None
    is_cut_off: bool = False

    def timed(self, saved_at: datetime | None) -> "Sent":
        return replace(self, saved_at=saved_at)

    def cut_off(self) -> "Sent":
        return replace(self, is_cut_off=True)


@dataclass
class Schools:
    """Everybody that reports; `city` is as it is in the year, `tokens` are those of the templates."""

    everybody: Population
    hand: Hand
    folder: Path

    @cached_property
    def of(self) -> Mapping[Part, list[MadeUpSchool]]:
        found: dict[Part, list[MadeUpSchool]] = {part: [] for part in PARTS}
        for number, school in enumerate(self.everybody.schools):
            found[PARTS[number % len(PARTS)]].append(school)
        return found

    def next_to(self, school: MadeUpSchool, by: int = 1) -> MadeUpSchool:
        """The school that many places on in the list: of the same city."""
        position = [each.respondent.code for each in self.everybody.schools].index(school.respondent.code)
        other = self.everybody.schools[position + by]
        assert other.bureau == school.bureau
        return other

    def saved(self, files: Sequence[Sent]) -> dict[str, bytes]:
        """Place in the inbox → bytes. LibreOffice opens and saves each; what it says of the time is set afterwards, and
        nothing else: a play of 2023 has no clock of 2023."""
        books = {str(number): each.data for number, each in enumerate(files)}
        if self.hand == "office":
            books = saved_by_libreoffice(books, self.folder)
        timed = {each.place: with_time(books[str(number)], each.saved_at) for number, each in enumerate(files)}
        for each in files:
            if each.is_cut_off:
                timed[each.place] = timed[each.place][: len(timed[each.place]) // 2]
        return timed


def saved_by_libreoffice(books: Mapping[str, bytes], folder: Path) -> dict[str, bytes]:
    """Opened and saved by LibreOffice, all in one process."""
    came, saved = folder / "came", folder / "saved"
    came.mkdir(parents=True, exist_ok=True)
    paths = [came / f"{name}.xlsx" for name in books]
    for path, data in zip(paths, books.values(), strict=True):
        path.write_bytes(data)
    profile = f"-env:UserInstallation=file://{folder}/profile"
    command = ["soffice", "--headless", profile, "--convert-to", "xlsx", "--outdir", str(saved), *map(str, paths)]
    subprocess.run(command, check=True, capture_output=True, timeout=900)
    return {name: (saved / f"{name}.xlsx").read_bytes() for name in books}


def with_time(data: bytes, saved_at: datetime | None) -> bytes:
    """The workbook with another time of saving in its properties, or none; every other part stays as it is."""
    says = ""
    if saved_at:
        says = f'<dcterms:modified xsi:type="dcterms:W3CDTF">{saved_at:%Y-%m-%dT%H:%M:%SZ}</dcterms:modified>'
    buffer = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as book, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as timed:
        for info in book.infolist():
            part = book.read(info)
            if info.filename == "docProps/core.xml":
                part, found = SAVED_AT.subn(says.encode(), part)
                assert found == 1
            timed.writestr(info.filename, part)
    return buffer.getvalue()


def reports(school: MadeUpSchool, year: int, on: date, *plants: Plant) -> SampleSubmission:
    """What a school reports, dated, with faults planted."""
    values = dated(reported(school, year), on)
    for plant in plants:
        changed = plant(values)
        assert changed is not None
        values = changed
    return values


def dated(values: SampleSubmission, on: date, **more: str) -> SampleSubmission:
    """With the day of filling in on the cover, and what else stands there."""
    (record,) = values["cover"].records
    return values | {"cover": replace(values["cover"], records=({**record, "filled_on": on} | more,))}


def one_teacher_more(values: SampleSubmission) -> SampleSubmission:
    more = with_item(values, "staff", "teachers_full_time", lambda teachers: teachers + 1)
    assert more is not None
    return more


def explained(marked: Path) -> bytes:
    """A marked workbook in which the school says of each problem why it is so."""
    book = openpyxl.load_workbook(marked)
    sheet = book[RESULT_SHEET]
    (head,) = [row for row in sheet.iter_rows() if any(cell.value == REASON_HEADING for cell in row)]
    at = {cell.value: cell.column for cell in head}
    for row in range(head[0].row + 1, sheet.max_row + 1):
        if sheet.cell(row, 1).value:
            sheet.cell(row, at[REASON_HEADING]).value = "核实过，确实如此"
            sheet.cell(row, at[AUTHOR_HEADING]).value = "李老师"
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()
