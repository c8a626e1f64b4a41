"""The report's own Word file with a comment at each number of which something has to be said; its text stays as it is.

Its author goes through them in Word or WPS: mends, answers, or strikes the comment.
"""

from collections.abc import Sequence
from copy import deepcopy
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

from sources.system.apart import Exceeded, each_apart
from sources.system.settings import Limits
from warehouse.reconcile.answers import AUTHOR, INITIALS, take_out, threads_of
from warehouse.reconcile.numeral_marks import NumeralMark, marks_of, places
from warehouse.reconcile.reading.report_file import word_elements
from warehouse.reconcile.reading.word_text import blocks_of, letters_of
from warehouse.reconcile.verdicts import Reconciliation

NOT_PLACED = "下面各处没有在正文里找到位置（在脚注、图形里，或写法特别），请对照备忘录："
TEXT, SPACE = (
    "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}t",
    "{http://www.w3.org/XML/1998/namespace}space",
)
Element = Any
"""An element of lxml."""


def commented_word(path: Path, result: Reconciliation) -> bytes:
    """The Word file with its comments. Raises ValueError that names the file when it cannot be opened any more."""
    limits = Limits()
    (outcome,) = each_apart(partial(_commented, tuple(marks_of(result))), [path], limits)
    if isinstance(outcome, Exceeded):
        raise ValueError(f"{path}：不能写批注（{outcome.told(limits)}）")
    return outcome


def _commented(marks: Sequence[NumeralMark], path: Path) -> bytes:
    import docx
    from docx.text.run import Run

    document = docx.Document(str(path))
    # what nobody has answered is said anew, where it still holds; answers stay
    take_out(document, [thread for thread in threads_of(document) if thread.is_open])
    elements = word_elements(document)
    of_block: dict[int, list[NumeralMark]] = {}
    for each in marks:
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


def _tell_not_placed(document: Any, not_placed: Sequence[NumeralMark]) -> None:
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


def _places(paragraphs: Sequence[Element], marks: Sequence[NumeralMark]) -> list[tuple[Element, int, int] | None]:
    """The paragraph of each mark, and from which letter of its text to which, that one excluded."""
    letters = [[each.text for each in letters_of(paragraph)] for paragraph in paragraphs]
    found = places(letters, [mark.printed for mark in marks])
    return [None if place is None else (paragraphs[place.text], place.start, place.end) for place in found]


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
