"""A city's words as paragraphs: Markdown of which paragraphs, lists, headings and emphasis count, all else is text."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from markdown_it import MarkdownIt
from markdown_it.token import Token

from sources.system.plain_text import legible
from warehouse.release.narrative.marks_in_words import Broken, PieceOfWords, PlainWords, pieces_of

RULES = ("emphasis", "list", "heading", "newline")
STANDS_FOR_MARK = "\ufdd0"
"""Stands in the Markdown for a mark, so that no sign in a mark is taken for Markdown; nobody types it."""
MARK_LENGTH = 4
"""How many characters a mark counts for."""


@dataclass(frozen=True, slots=True)
class WrittenSpan:
    """A piece with its line in the file, and whether it is bold or slanted."""

    piece: PieceOfWords
    line: int
    is_bold: bool = False
    is_slanted: bool = False


@dataclass(frozen=True, slots=True)
class WrittenParagraph:
    """`number` is the place in a numbered list, where it is in one."""

    kind: Literal["text", "heading"]
    spans: tuple[WrittenSpan, ...]
    number: int | None = None

    @property
    def source(self) -> str:
        return "".join(span.piece.source for span in self.spans)

    @property
    def length(self) -> int:
        """How many characters were written, without spaces."""
        return sum(
            len("".join(span.piece.source.split())) if isinstance(span.piece, (PlainWords, Broken)) else MARK_LENGTH
            for span in self.spans
        )


@dataclass(slots=True)
class _Reading:
    """Where the walk through a paragraph stands."""

    line: int
    marks: Iterator[PieceOfWords]
    bold: int = 0
    slanted: int = 0
    spans: list[WrittenSpan] = field(default_factory=list)

    def add(self, piece: PieceOfWords) -> None:
        self.spans.append(WrittenSpan(piece, self.line, self.bold > 0, self.slanted > 0))


@lru_cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("zero").enable(list(RULES))


def paragraphs_of(text: str, first_line: int = 1) -> tuple[WrittenParagraph, ...]:
    """The paragraphs of a text whose first line is this one of its file."""
    lines = [legible(line).replace(STANDS_FOR_MARK, "") for line in text.replace("\t", "    ").splitlines()]
    pieces = pieces_of("\n".join(lines))
    marks = iter([piece for piece in pieces if not isinstance(piece, PlainWords)])
    source = "".join(piece.source if isinstance(piece, PlainWords) else STANDS_FOR_MARK for piece in pieces)
    return tuple(_paragraphs(_markdown().parse(source), marks, first_line))


def _paragraphs(tokens: list[Token], marks: Iterator[PieceOfWords], first_line: int) -> Iterator[WrittenParagraph]:
    kind: Literal["text", "heading"] = "text"
    number: int | None = None
    for token in tokens:
        if token.type == "list_item_open":
            number = int(token.info) if token.info else None
        elif token.type == "list_item_close":
            number = None
        elif token.type in ("heading_open", "paragraph_open"):
            kind = "heading" if token.type == "heading_open" else "text"
        elif token.type == "inline":
            reading = _Reading(first_line + (token.map or [0])[0], marks)
            for child in token.children or ():
                _walk(child, reading)
            if reading.spans:
                yield WrittenParagraph(kind, tuple(reading.spans), number)
            number = None


def _walk(token: Token, reading: _Reading) -> None:
    if token.type in ("softbreak", "hardbreak"):
        reading.line += 1
        return
    if token.type in ("strong_open", "strong_close"):
        reading.bold += token.nesting
    elif token.type in ("em_open", "em_close"):
        reading.slanted += token.nesting
    for at, part in enumerate(token.content.split(STANDS_FOR_MARK)):
        if at:
            reading.add(next(reading.marks))
        if part:
            reading.add(PlainWords(part))
