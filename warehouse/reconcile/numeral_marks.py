"""The marks on a report: what is to be said of each of its numerals, how serious it is, and where the numeral stands.

Comments in Word, the coloured text of the page and the list for machines say the same of a number in the same words.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from warehouse.reconcile.reading.printed_figure import NUMBER, plain
from warehouse.reconcile.reading.report_file import Block, TextTable
from warehouse.reconcile.verdicts import Reconciliation

NO_DIGIT_BEFORE = r"(?<![\d.])"


class Gravity(StrEnum):
    """How serious it is what is said of a number, the most serious first."""

    WRONG = "wrong"
    UNDECIDED = "undecided"
    DIFFERS = "differs"
    NOTE = "note"
    UNREAD = "unread"
    FINE = "fine"
    OTHER = "other"


GRAVITIES: Mapping[Gravity, str] = {
    Gravity.WRONG: "判定为印错",
    Gravity.UNDECIDED: "与其他数字矛盾，不能断定哪一个印错",
    Gravity.DIFFERS: "与重算值不同，不足以判定印错",
    Gravity.NOTE: "需要留意",
    Gravity.UNREAD: "没有读懂，需人工核对",
    Gravity.FINE: "核对过，没有问题",
}
"""The legend of the coloured text; a number of another kind bears no mark there."""


@dataclass(frozen=True, slots=True)
class NumeralMark:
    """A numeral of the file in reading order: its part of the file, its print, and what has to be said of it."""

    block: int
    figure_id: str
    printed: str
    gravity: Gravity
    remark: str
    """What its author is told, and what to do; "" where there is nothing to do."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Where a numeral stands: in which of several texts, from which letter to which, that one excluded."""

    text: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a text: a numeral with its mark, or what stands between two."""

    text: str
    mark: NumeralMark | None = None


@dataclass(frozen=True, slots=True)
class MarkedBlock:
    """A paragraph, or the rows and cells of a table, in pieces."""

    paragraph: tuple[Piece, ...] = ()
    rows: tuple[tuple[tuple[Piece, ...], ...], ...] = ()
    title: str = ""
    """Of a table."""


def marks_of(result: Reconciliation) -> list[NumeralMark]:
    """The marks of a report in reading order, as many as its frame has rows; none of a list of figures."""
    if not result.blocks:
        return []
    rows = result.frame.iter_rows(named=True)
    return [mark_of(block, row) for block, row in zip(result.blocks, rows, strict=True)]


def mark_of(block: int, row: Mapping[str, Any]) -> NumeralMark:
    """The mark of one row of `reconciliation.figure` in a part of the file."""
    gravity = gravity_of(row)
    return NumeralMark(block, row["figure_id"], row["printed"], gravity, _remark(row, gravity))


def gravity_of(row: Mapping[str, Any]) -> Gravity:
    """How serious a row of `reconciliation.figure` is."""
    if row["is_suspected"]:
        return Gravity.WRONG
    if row["broken_relations"]:
        return Gravity.UNDECIDED
    if row["verdict"] in ("differs", "truncated", "contradicts"):
        return Gravity.DIFFERS
    if row["verdict"] in ("consistent", "supported"):
        return Gravity.NOTE if row["explanation"] else Gravity.FINE
    if row["verdict"] == "not_matched":
        return Gravity.UNREAD
    return Gravity.OTHER


def _remark(row: Mapping[str, Any], gravity: Gravity) -> str:
    said = row["explanation"] or ""
    if gravity is Gravity.WRONG:
        better = f"“{row['proposal']}”" if row["proposal"] else row["suggested"]
        return f"{said}。请核对：有误就改为 {better}，无误请在此答复理由。"
    if gravity is Gravity.UNDECIDED:
        return f"与其他数字矛盾：{said}。请核对各数，改正其中印错的。"
    if gravity is Gravity.DIFFERS:
        worked_out = f"，重算为 {row['recomputed']}" if row["recomputed"] else ""
        return f"印为 {row['printed']}{worked_out}。{said}。请核对。"
    return f"请留意：{said}。" if gravity is Gravity.NOTE else ""


def marked_text(result: Reconciliation) -> list[MarkedBlock]:
    """The report's own text with the mark of each numeral that could be placed in it."""
    of_block: dict[int, list[NumeralMark]] = {}
    for mark in marks_of(result):
        of_block.setdefault(mark.block, []).append(mark)
    return [_marked(block, of_block.get(number, [])) for number, block in enumerate(result.text)]


def _marked(block: Block, marks: Sequence[NumeralMark]) -> MarkedBlock:
    cells = [cell for row in block.rows for cell in row] if isinstance(block, TextTable) else [block.text]
    pieces = iter(_in_pieces(cells, marks))
    if isinstance(block, TextTable):
        return MarkedBlock(rows=tuple(tuple(next(pieces) for _ in row) for row in block.rows), title=block.title)
    return MarkedBlock(paragraph=next(pieces))


def _in_pieces(texts: Sequence[str], marks: Sequence[NumeralMark]) -> Iterator[tuple[Piece, ...]]:
    """The pieces of each text; of two numerals that seem to stand at one place, the first has it."""
    placed: dict[int, list[tuple[Stretch, NumeralMark]]] = {}
    for stretch, mark in zip(places(texts, [mark.printed for mark in marks]), marks, strict=True):
        if stretch is not None:
            placed.setdefault(stretch.text, []).append((stretch, mark))
    for number, text in enumerate(texts):
        pieces, end = [], 0
        for stretch, mark in sorted(placed.get(number, []), key=lambda each: each[0].start):
            if stretch.start >= end:
                pieces += [Piece(text[end : stretch.start]), Piece(text[stretch.start : stretch.end], mark)]
                end = stretch.end
        yield tuple(piece for piece in (*pieces, Piece(text[end:])) if piece.text)


def places(texts: Sequence[Sequence[str]], printed: Sequence[str]) -> list[Stretch | None]:
    """Where each printed numeral stands in the letters of the texts: after the one before, as they were read; else
    where it stands at all; None where it does not.
    """
    searched = [_searchable(text) for text in texts]
    found: list[Stretch | None] = []
    at, cursor = 0, 0
    for each in printed:
        place = _find(searched, each, at, cursor) or _find(searched, each, 0, 0)
        if place is None:
            found.append(None)
            continue
        at, start, cursor = place
        where = searched[at].where
        found.append(Stretch(at, where[start], where[cursor - 1] + 1))
    return found


@dataclass(frozen=True, slots=True)
class _Searchable:
    """The letters of a text that count when one looks for a number, half-width, and where each stands in the text."""

    letters: str
    where: tuple[int, ...]


def _searchable(text: Sequence[str]) -> _Searchable:
    kept = [(_half_width(letter), number) for number, letter in enumerate(text) if letter.strip()]
    kept = [
        (letter, number)
        for n, (letter, number) in enumerate(kept)
        if not (letter == "," and 0 < n < len(kept) - 1 and kept[n - 1][0].isdecimal() and kept[n + 1][0].isdecimal())
    ]
    return _Searchable("".join(letter for letter, _ in kept), tuple(number for _, number in kept))


def _half_width(letter: str) -> str:
    """A letter in the form in which numbers are compared; one that is several there (㎡) stays."""
    even = unicodedata.normalize("NFKC", letter)
    return even if len(even) == 1 else letter


def _find(searched: Sequence[_Searchable], printed: str, at: int, cursor: int) -> tuple[int, int, int] | None:
    """Text, start and end of a printed number from a place on: as a whole, or its digits."""
    digits = NUMBER.search(plain(printed))
    for sought in dict.fromkeys((plain(printed), digits.group() if digits else "")):
        if not sought:
            continue
        before = NO_DIGIT_BEFORE if sought[0].isdecimal() else ""
        pattern = re.compile(rf"{before}{re.escape(sought)}(?!\d)")
        for number in range(at, len(searched)):
            if match := pattern.search(searched[number].letters, cursor if number == at else 0):
                return number, match.start(), match.end()
    return None
