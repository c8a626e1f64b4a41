"""The report's own Word file with a comment at each number of which something has to be said; its text stays as it is.

Its author goes through them in Word or WPS: mends, answers, or strikes the comment.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

from sources.system.apart import Exceeded, each_apart
from sources.system.settings import Limits
from warehouse.reconcile.answers import AUTHOR, INITIALS, take_out, threads_of
from warehouse.reconcile.reading.printed_figure import NUMBER, plain
from warehouse.reconcile.reading.report_file import word_elements
from warehouse.reconcile.reading.word_text import WordLetter, blocks_of, letters_of
from warehouse.reconcile.verdicts import Reconciliation

NO_DIGIT_BEFORE = r"(?<![\d.])"
NOT_PLACED = "下面各处没有在正文里找到位置（在脚注、图形里，或写法特别），请对照备忘录："
TEXT, SPACE = (
    "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}t",
    "{http://www.w3.org/XML/1998/namespace}space",
)
Element = Any
"""An element of lxml."""


@dataclass(frozen=True, slots=True)
class Numbered:
    """A numeral of the file in reading order: in which part of it, as it is printed, and what has to be said of it."""

    block: int
    figure_id: str
    printed: str
    remark: str


def commented_word(path: Path, result: Reconciliation) -> bytes:
    """The Word file with its comments. Raises ValueError that names the file when it cannot be opened any more."""
    limits = Limits()
    (outcome,) = each_apart(partial(_commented, tuple(_numbered(result))), [path], limits)
    if isinstance(outcome, Exceeded):
        raise ValueError(f"{path}：不能写批注（{outcome.told(limits)}）")
    return outcome


def _numbered(result: Reconciliation) -> Iterator[Numbered]:
    for block, row in zip(result.blocks, result.frame.iter_rows(named=True), strict=True):
        yield Numbered(block, row["figure_id"], row["printed"], _remark(row))


def _remark(row: dict[str, Any]) -> str:
    """What its author is told of a number, and what to do; "" where there is nothing to do."""
    said = row["explanation"] or ""
    if row["is_suspected"]:
        better = f"“{row['proposal']}”" if row["proposal"] else row["suggested"]
        return f"{said}。请核对：有误就改为 {better}，无误请在此答复理由。"
    if row["broken_relations"]:
        return f"与其他数字矛盾：{said}。请核对各数，改正其中印错的。"
    if row["verdict"] in ("differs", "truncated", "contradicts"):
        worked_out = f"，重算为 {row['recomputed']}" if row["recomputed"] else ""
        return f"印为 {row['printed']}{worked_out}。{said}。请核对。"
    if said and row["verdict"] in ("consistent", "supported"):
        return f"请留意：{said}。"
    return ""


def _commented(numbered: Sequence[Numbered], path: Path) -> bytes:
    import docx
    from docx.text.run import Run

    document = docx.Document(str(path))
    # what nobody has answered is said anew, where it still holds; answers stay
    take_out(document, [thread for thread in threads_of(document) if thread.is_open])
    elements = word_elements(document)
    of_block: dict[int, list[Numbered]] = {}
    for each in numbered:
        of_block.setdefault(each.block, []).append(each)
    not_placed = []
    for block, of_this in of_block.items():
        if not any(each.remark for each in of_this):
            continue
        paragraphs = _paragraphs_of(elements[block]) if block < len(elements) else []
        for each, ends in zip(of_this, _places(paragraphs, of_this), strict=True):
            if not each.remark:
                continue
            if ends is None:
                not_placed.append(each)
                continue
            runs = [Run(run, document) for run in _cut_out(*ends)]
            document.add_comment(runs, text=each.remark, author=AUTHOR, initials=INITIALS)
    _tell_not_placed(document, not_placed)
    saved = BytesIO()
    document.save(saved)
    return saved.getvalue()


def _tell_not_placed(document: Any, not_placed: Sequence[Numbered]) -> None:
    first = next((run for paragraph in document.paragraphs for run in paragraph.runs if run.text.strip()), None)
    if not_placed and first is not None:
        told = "\n".join(f"{each.figure_id} {each.printed}：{each.remark}" for each in not_placed)
        document.add_comment(first, text=f"{NOT_PLACED}\n{told}", author=AUTHOR, initials=INITIALS)


def _paragraphs_of(element: Element) -> list[Element]:
    """The paragraphs of a part: itself, or those of a table's cells, row by row."""
    if str(element.tag).endswith("}p"):
        return [element]
    cells = [cell for row in element.iter("{*}tr") for cell in row.iter("{*}tc")]
    return [each for cell in cells for each in blocks_of(cell) if str(each.tag).endswith("}p")]


Stretch = tuple[Element, int, int]
"""A paragraph, and from which letter of its text to which, that one excluded."""


def _places(paragraphs: Sequence[Element], numbered: Sequence[Numbered]) -> list[Stretch | None]:
    """Where each numeral of a part stands: after the one before, as they were read; else where it stands at all."""
    searched = [_searchable(letters_of(paragraph)) for paragraph in paragraphs]
    found: list[Stretch | None] = []
    at, cursor = 0, 0
    for each in numbered:
        place = _find(searched, each.printed, at, cursor) or _find(searched, each.printed, 0, 0)
        if place is None:
            found.append(None)
            continue
        at, start, cursor = place
        text = searched[at]
        found.append((paragraphs[at], text[start][1], text[cursor - 1][1] + 1))
    return found


Searchable = list[tuple[str, int]]
"""The letters of a paragraph that count when one looks for a number, half-width, each with its place in the text."""


def _searchable(letters: Sequence[WordLetter]) -> Searchable:
    kept = [(_half_width(each.text), number) for number, each in enumerate(letters) if each.text.strip()]
    return [
        (text, number)
        for n, (text, number) in enumerate(kept)
        if not (text == "," and 0 < n < len(kept) - 1 and kept[n - 1][0].isdecimal() and kept[n + 1][0].isdecimal())
    ]


def _half_width(letter: str) -> str:
    """A letter in the form in which numbers are compared; one that is several there (㎡) stays."""
    even = unicodedata.normalize("NFKC", letter)
    return even if len(even) == 1 else letter


def _find(searched: Sequence[Searchable], printed: str, at: int, cursor: int) -> tuple[int, int, int] | None:
    """Paragraph, start and end of a printed number from a place on: as a whole, or its digits."""
    digits = NUMBER.search(plain(printed))
    for sought in dict.fromkeys((plain(printed), digits.group() if digits else "")):
        if not sought:
            continue
        for number in range(at, len(searched)):
            text = "".join(letter for letter, _ in searched[number])
            before = NO_DIGIT_BEFORE if sought[0].isdecimal() else ""
            pattern = re.compile(rf"{before}{re.escape(sought)}(?!\d)")
            if match := pattern.search(text, cursor if number == at else 0):
                return number, match.start(), match.end()
    return None


def _cut_out(paragraph: Element, start: int, end: int) -> list[Element]:
    """The runs that hold a stretch of a paragraph's text and, as far as they can be cut, nothing else."""
    for at in (end, start):
        letters = letters_of(paragraph)
        if 0 < at < len(letters) and letters[at].run is letters[at - 1].run:
            _cut(letters[at].run, letters[at].offset)
    runs = [each.run for each in letters_of(paragraph)[start:end]]
    return list(dict.fromkeys(runs))


def _cut(run: Element, offset: int) -> None:
    """Parts a run that holds one text and its properties; another stays whole."""
    texts = [child for child in run if child.tag == TEXT]
    others = [child for child in run if not str(child.tag).endswith(("}t", "}rPr"))]
    if len(texts) != 1 or others:
        return
    rest = deepcopy(run)
    run.addnext(rest)
    whole = texts[0].text or ""
    for of_run, text in ((run, whole[:offset]), (rest, whole[offset:])):
        (element,) = (child for child in of_run if child.tag == TEXT)
        element.text = text
        element.set(SPACE, "preserve")
