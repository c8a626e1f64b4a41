"""The corpus: every writer's small workbooks written in every allowed way, four readings of each, and what may differ.

A difference is an answer of ours (asked, refused), one of `DECLARED`, or wrong. Wrong is also a question about a cell
of which the screen shows what is read.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from random import Random

from sources.read.sheet_xml import Position
from tests.corpus.changes import WAYS, Changed, parts_of
from tests.corpus.readings import UNCLEAR, Cells, Ours, of_calamine, of_openpyxl, ours
from tests.corpus.writers import WRITERS, Writer

SCREEN = "LibreOffice"
SEEN_OTHERWISE = "value.seen_otherwise"
SCREEN_RULES = {SEEN_OTHERWISE, "value.digits_lost", UNCLEAR}
"""What we ask where the screen shows something else than is read."""
MOMENT = re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d)?")


@dataclass(frozen=True)
class File:
    """One file of the corpus: who wrote which small workbook, and in which way it is written."""

    name: str
    writer: Writer
    way: Changed
    seed: int

    @cached_property
    def data(self) -> bytes:
        parts = parts_of(self.writer.write(self.seed))
        return self.way.pack(self.way.parts(parts, Random(self.seed)))


@dataclass(frozen=True)
class Difference:
    """A cell in a reading beside ours. `reader` is calamine, openpyxl or LibreOffice."""

    file: File
    reader: str
    sheet: str
    at: Position
    ours: str
    theirs: str


@dataclass(frozen=True)
class Declared:
    """What may differ without being wrong: of which readers, why, an example, and how it is known."""

    name: str
    readers: tuple[str, ...]
    reason: str
    example: str
    holds: Callable[[Difference], bool]


def _is_same_number(difference: Difference) -> bool:
    """Within the places that are shown, of a power of ten within half a percent; a 0 is shown of a 0 alone."""
    shown, read = difference.theirs.removesuffix("人").replace(",", ""), float(difference.ours)
    power = "E" in shown
    places = len(shown.partition(".")[2])
    margin = abs(read) / 200 if power else 0.5 / 10**places + 1e-9
    return abs(float(shown) - read) <= margin and (float(shown) != 0 or read == 0)


def _is_same_day(difference: Difference) -> bool:
    found = re.match(r"(\d{1,2})/(\d{1,2})/(\d{4})\b", difference.theirs)
    return bool(found) and difference.ours.startswith(f"{found[3]}-{found[1]:0>2}-{found[2]:0>2}")


def _is_day_without_format(difference: Difference) -> bool:
    day = date.fromisoformat(difference.ours[:10])
    return int(float(difference.theirs)) == (day - date(1899, 12, 30)).days


DECLARED = (
    Declared(
        "errors",
        ("calamine",),
        "calamine gives an error no text; ours is that of the XML",
        "#DIV/0!",
        lambda each: each.ours.startswith("#") and not each.theirs,
    ),
    Declared(
        "zone",
        ("calamine",),
        "calamine leaves a moment with a zone as it is written; we read it without, as it is shown",
        "2024-02-29T00:00:00Z",
        lambda each: each.theirs.startswith(each.ours[:10]) and "T" in each.theirs,
    ),
    Declared(
        "format of a number",
        (SCREEN,),
        "Separators, rounding, the unit of the column, zeros before it, powers of ten: MAY_DIFFER of decision 0047",
        "10,995.5 shown, 10995.47 stored",
        _is_same_number,
    ),
    Declared(
        "time of day",
        (SCREEN,),
        "A moment is read to the second, whatever its format leaves out of it",
        "2023-11-05 08:30 shown, 2023-11-05 08:30:00 read",
        lambda each: bool(MOMENT.fullmatch(each.theirs)) and each.ours.startswith(each.theirs),
    ),
    Declared(
        "number of a day",
        (SCREEN,),
        'A day stored as text of ISO 8601 (t="d") is read as such where no format says that it is a day',
        "45351 shown, 2024-02-29 stored",
        _is_day_without_format,
    ),
    Declared(
        "day of another zone",
        (SCREEN,),
        "Programs disagree on which day it is; it is read as written, so that a column of days refuses it",
        "2024-02-28 shown, 2024-02-29T00:00:00.000+08:00 stored",
        lambda each: "+08:00" in each.ours,
    ),
    Declared(
        "order of a day",
        (SCREEN,),
        "A day in the format of the country is read in ISO 8601",
        "11/5/2023 shown, 2023-11-05 read",
        _is_same_day,
    ),
)


def corpus(count: int) -> Iterator[File]:
    """Files of the corpus: writers and ways in turn, so that every pair is met in some of the first `len × len`."""
    for number in range(count):
        writer = WRITERS[number % len(WRITERS)]
        way = WAYS[(number // len(WRITERS) + number * 7) % len(WAYS)]
        yield File(str(number), writer, way, number // (len(WRITERS) * len(WAYS)) + number % 5)


def in_one_process(file: File) -> tuple[Ours, dict[str, Cells | None]]:
    """Our reading, and those of the readers that need no process of their own."""
    return ours(file.data), {"calamine": of_calamine(file.data), "openpyxl": of_openpyxl(file.data)}


def outcome(file: File, own: Ours, readings: Mapping[str, Cells | None]) -> str:
    """What became of a file: `read`, `asked`, `refused`, or `wrong: …` with what is wrong."""
    if own.refused != file.way.refused:
        return f"wrong: refused as {own.refused or 'nothing'} ({own.found})"
    undeclared = next((each for each in differences(file, own, readings) if declared(each) is None), None)
    if undeclared:
        return f"wrong: {undeclared.reader} {undeclared.sheet} {undeclared.at} {undeclared.ours} {undeclared.theirs}"
    in_vain = next(asked_in_vain(file, own, readings), None)
    if in_vain:
        return f"wrong: asked, but shown as it is read: {in_vain.sheet} {in_vain.at} {in_vain.ours} {in_vain.theirs}"
    return "refused" if own.refused else "asked" if own.asked else "read"


def differences(file: File, own: Ours, readings: Mapping[str, Cells | None]) -> Iterator[Difference]:
    """Cells that another reader has otherwise than we do.

    Of the screen but for those about which we ask, of the others but for those that are said to be unclear.
    """
    for reader, cells in readings.items():
        excusing = SCREEN_RULES if reader == SCREEN else {UNCLEAR}
        for each in _compared(file, own, reader, cells):
            if each.ours != each.theirs and own.asked.get((each.sheet, each.at)) not in excusing:
                yield each


def asked_in_vain(file: File, own: Ours, readings: Mapping[str, Cells | None]) -> Iterator[Difference]:
    """Cells of which we say that the screen shows them otherwise, and it shows what is read."""
    for each in _compared(file, own, SCREEN, readings.get(SCREEN)):
        if each.ours == each.theirs and own.asked.get((each.sheet, each.at)) == SEEN_OTHERWISE:
            yield each


def _compared(file: File, own: Ours, reader: str, cells: Cells | None) -> Iterator[Difference]:
    """Every filled cell in both readings, but of sheets that the other reader did not find, or found empty."""
    for sheet, texts in own.cells.items():
        theirs = cells.get(sheet, {}) if cells else {}
        for at in sorted(texts.keys() | theirs.keys()) if theirs else ():
            yield Difference(file, reader, sheet, at, texts.get(at, ""), theirs.get(at, ""))


def declared(difference: Difference) -> Declared | None:
    for each in DECLARED:
        try:
            if difference.reader in each.readers and each.holds(difference):
                return each
        except ValueError:
            continue  # no number, or no day: it is not of this kind
    return None
