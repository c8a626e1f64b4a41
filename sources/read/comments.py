"""Comments beside cells: notes as every program writes them, and the threads of newer ones.

What a person wrote is read, cut to a length; not the name before it, nor the placeholder that stands for a thread, nor
our own notes on a marked workbook. Comments are optional: one that cannot be read makes no file unreadable.
"""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from sources.read.sheet_xml import Position, RefusedError, Spent, local_name, parse_xml, position_of, unescaped
from sources.submission.notes_of_ours import of_person

NOTES, THREADS = "comments", "threadedComment"
"""The last words of the types of the relations that lead from a sheet to its comments."""
MOST_BYTES = 5_000_000
"""Of all comments of a workbook, as XML: ten thousand. What is beyond is not read, and said so."""
LONGEST = 2_000
"""Letters of a comment that are read; of what is beyond nobody is told."""
TEXT_IN = {NOTES: "t", THREADS: "text"}
THREAD_NOTICE = re.compile(r"\[.*?go\.microsoft\.com/fwlink/\?linkid=\d+(.*)", re.DOTALL | re.IGNORECASE)
"""What stands for a thread in programs that know none, in any language; then come its texts, indented."""


@dataclass(frozen=True, slots=True)
class CommentPart:
    """A part with comments of a sheet: NOTES or THREADS. Without XML where it cannot be found."""

    kind: str
    xml: bytes


@dataclass(frozen=True, slots=True)
class SheetComments:
    """The comments of a sheet by position. `trouble`: why there may be more, '' when these are all."""

    texts: Mapping[Position, str] = field(default_factory=dict)
    trouble: str = ""


NO_COMMENTS = SheetComments()


def read_comments(parts: Iterable[CommentPart], spent: Spent) -> SheetComments:
    """What people wrote in the comments of a sheet; a thread stands for the note of its cell. Never raises."""
    texts: dict[str, dict[Position, str]] = {NOTES: {}, THREADS: {}}
    trouble = ""
    for part in parts:
        spent.comment_bytes += len(part.xml)
        if spent.comment_bytes > MOST_BYTES:
            trouble = "批注太多或太长"
            continue
        reader = _CommentReader(part.kind)
        try:
            parse_xml(part.xml, "批注", reader.start, reader.end, reader.text)
        except RefusedError:  # what was read before the fault is told
            trouble = "文件里的批注有错"
        texts[part.kind] |= reader.texts
    return SheetComments({at: text for at, text in (texts[NOTES] | texts[THREADS]).items() if text}, trouble)


class _CommentReader:
    """Where the parser stands: among the authors, or in a comment on a cell, and in its text or not."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.texts: dict[Position, str] = {}
        self.authors: list[str] = []
        self.at: Position | None = None
        self.author = ""
        self.collecting = self.in_author = self.is_phonetic = False
        self.letters: list[str] = []

    def start(self, element: str, attributes: dict[str, str]) -> None:
        name = local_name(element)
        if name in ("comment", THREADS):
            self.letters.clear()
            with suppress(RefusedError):  # beside no cell: it is left out
                self.at = position_of(attributes.get("ref", "").upper())
            number = attributes.get("authorId", "")
            is_known = number.isdecimal() and len(number) < 8 and int(number) < len(self.authors)
            self.author = self.authors[int(number)] if is_known else ""
        elif name == "author":
            self.letters.clear()
            self.in_author = True
        elif name == "rPh":
            self.is_phonetic = True
        self.collecting = self.in_author or (name == TEXT_IN[self.kind] and not self.is_phonetic)

    def text(self, letters: str) -> None:
        if self.collecting:
            self.letters.append(letters)

    def end(self, element: str) -> None:
        name = local_name(element)
        self.collecting = False
        if name == "author":
            self.authors.append("".join(self.letters).strip())
            self.in_author = False
        elif name == "rPh":
            self.is_phonetic = False
        elif name in ("comment", THREADS) and self.at is not None:
            text = _said(unescaped("".join(self.letters)), self.author)[:LONGEST]
            before = self.texts.get(self.at, "")  # a thread has a text for each answer
            self.texts[self.at] = f"{before}\n{text}".strip()[:LONGEST]
            self.at = None


def _said(text: str, author: str) -> str:
    """What a person wrote of a comment's text: not the name that programs put before it, nor what is ours."""
    thread = THREAD_NOTICE.match(text.strip())
    if thread:  # the labels (评论:, Reply:) are not indented
        lines = thread[1].splitlines()
        return "\n".join(line.strip() for line in lines if line[:1].isspace()).strip() or thread[1].strip()
    first, _, rest = text.strip().partition("\n")
    name = first.strip().rstrip(":：").strip()
    is_name = name != first.strip() and bool(author) and name.casefold() == author.casefold()
    return of_person(rest if is_name else text, author)
