"""The notes that we write on the cells of a marked workbook, and what of a comment a person has written.

A marked workbook comes back with our notes in it, maybe saved by another program, maybe written in by the school.
"""

import re
from collections.abc import Iterable

from sources.submission.finding import SEVERITY_LABELS

NOTE_AUTHOR = "年报校验"
BETWEEN = "\n————\n"
RULE_LABEL = "规则："
KEPT_LABEL = "单位原来的批注："
BEGIN = re.compile(rf"【(?:{'|'.join(SEVERITY_LABELS.values())})】")
END = re.compile(rf"{RULE_LABEL}[a-z0-9_.]+")
"""How each note begins and ends."""


def note_text(notes: Iterable[str], author: str, before: str) -> str:
    """What is written on a cell: our notes, then what a person had written there before."""
    kept = of_person(before, author)
    return BETWEEN.join((*notes, *([f"{KEPT_LABEL}\n{kept}"] if kept else [])))


def of_person(text: str, author: str) -> str:
    """A comment without our notes in it; '' where nothing else is left."""
    begin = BEGIN.search(text)
    ends = [found.end() for found in END.finditer(text, begin.end())] if begin else []
    if begin and author == NOTE_AUTHOR and not ends:  # somebody has deleted the end
        ends = [len(text)]
    if not begin or not ends:
        return text.strip()
    rest = f"{text[: begin.start()]}\n{text[ends[-1] :]}"
    return rest.replace(KEPT_LABEL, "").strip("—\n\r\t ")
