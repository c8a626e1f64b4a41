"""A paragraph of a city's words as it came back, put into words and marks again: a number that stands for a mark is the
mark, also where somebody typed another one over it; that is told.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from warehouse.release.coming_home.handed_out import OwnParagraph, PrintedPiece
from warehouse.release.coming_home.side_by_side import NUMERAL, TextGap, TextToken, gaps_of, tokens_of
from warehouse.release.coming_home.word_items import WordItem
from warehouse.release.narrative.marks_in_words import Declared, NumberMark, pieces_of
from warehouse.release.narrative.paragraphs import paragraphs_of

SIGNS = re.compile(r"[*_#+\-]|(?<=\d)[.)]|[\[\]{}%]{2}")
"""What Markdown or a mark could be made of."""
TELLING = 3
"""A number of fewer digits equals another's by chance."""


@dataclass(frozen=True, slots=True)
class TypedNumber:
    """What a person typed over what a mark had printed."""

    mark: str
    printed: str
    typed: str


@dataclass(frozen=True, slots=True)
class WordsPart:
    """A part of a paragraph: a mark (`piece`), or words as they stand in the file that came back."""

    text: str
    piece: PrintedPiece | None = None
    is_bold: bool = False
    is_slanted: bool = False


@dataclass(frozen=True, slots=True)
class ParagraphAgain:
    """A paragraph in words and marks. `lost` are marks of which nothing is left in it."""

    parts: tuple[WordsPart, ...]
    sign: str = ""
    typed: tuple[TypedNumber, ...] = ()
    lost: tuple[PrintedPiece, ...] = ()


@dataclass(frozen=True, slots=True)
class _Place:
    """A token that was printed, with its piece; `source` is what the file has for it, where it is one of words."""

    token: TextToken
    piece: int
    source: str


def as_it_was(paragraph: OwnParagraph) -> ParagraphAgain:
    """A paragraph that nobody has changed."""
    parts = tuple(WordsPart(each.source, _mark(each), each.is_bold, each.is_slanted) for each in paragraph.pieces)
    return ParagraphAgain(parts, paragraph.sign)


def new_paragraphs(item: WordItem, text: str | None = None) -> Iterator[ParagraphAgain]:
    """What somebody added, or this part of it; the end of a line is the end of a paragraph."""
    begin = 0 if text is None else item.text.rindex(text)
    for line in re.finditer(r"[^\n]+", item.text[begin:]):
        parts = tuple(_words(item, begin + line.start(), begin + line.end()))
        if any(part.text.strip() for part in parts):
            yield ParagraphAgain(parts)


def is_same(paragraph: OwnParagraph, printed: WordItem, item: WordItem) -> bool:
    """Whether nobody has changed a paragraph: neither words nor what is bold."""
    return (printed.text.split(), _looks(printed)) == (item.text.split(), _looks(item))


def _looks(item: WordItem) -> tuple[str, ...]:
    stretches = [item.text[each.start : each.end].strip() for each in (*item.bold, *item.slanted)]
    return tuple(each for each in stretches if each)


def paragraph_again(paragraph: OwnParagraph, printed: WordItem, item: WordItem) -> ParagraphAgain:
    """A paragraph that somebody has changed. `printed` is how it stood in the draft."""
    return _Rebuilding(paragraph, printed, item).again()


class _Rebuilding:
    """The text that came back, letter for letter, while marks take their places in it."""

    def __init__(self, paragraph: OwnParagraph, printed: WordItem, item: WordItem) -> None:
        self.paragraph, self.item = paragraph, item
        self.places = list(_places(paragraph, printed))
        self.new = tokens_of(item)
        self.gaps = gaps_of([place.token for place in self.places], self.new)
        changed = {at for gap in self.gaps for at in range(gap.a, gap.b)}
        self.image: dict[int, int] = {}
        shift = 0
        gap_at = {gap.a: gap for gap in self.gaps if gap.b > gap.a}
        inserted = {gap.a: gap.d - gap.c for gap in self.gaps if gap.a == gap.b}
        for at in range(len(self.places)):
            shift += inserted.get(at, 0)
            if at in gap_at:
                shift += (gap_at[at].d - gap_at[at].c) - (gap_at[at].b - gap_at[at].a)
            if at not in changed:
                self.image[at] = at + shift
        self.owner: dict[int, int] = {}
        """Token of the new text → the piece that takes its place."""
        self.typed: dict[int, str] = {}

    def again(self) -> ParagraphAgain:
        of_piece: dict[int, list[int]] = {}
        for at, place in enumerate(self.places):
            of_piece.setdefault(place.piece, []).append(at)
        marks = {
            number: of_piece[number]
            for number, piece in enumerate(self.paragraph.pieces)
            if self.is_mark(piece) and number in of_piece
        }
        for gap in self.gaps:
            self.take_gap(gap, marks)
        alive = set(self.owner.values()) | {
            number for number, places in marks.items() if number not in self.owner and self.is_intact(places)
        }
        for number in sorted(alive):
            self.take_rest(number, marks[number])
        pieces = self.paragraph.pieces
        lost = tuple(pieces[number] for number in marks if number not in alive and pieces[number].kind == "mark")
        typed = tuple(
            TypedNumber(pieces[number].source, pieces[number].printed, text)
            for number, text in sorted(self.typed.items())
            if pieces[number].kind == "mark"
        )
        return ParagraphAgain(tuple(self.parts(alive)), self.sign(), typed, lost)

    def is_mark(self, piece: PrintedPiece) -> bool:
        return piece.kind != "words" and piece.printed != ""

    def core(self, places: Sequence[int]) -> list[int]:
        """The places of a mark that must not change: its numerals; all where it has none."""
        return [at for at in places if self.places[at].token.is_number] or list(places)

    def is_intact(self, places: Sequence[int]) -> bool:
        return all(at in self.image for at in self.core(places))

    def take_gap(self, gap: TextGap, marks: dict[int, list[int]]) -> None:
        """Finds which marks the new text between two unchanged places stands for."""
        olds, news = range(gap.a, gap.b), range(gap.c, gap.d)
        if not news:
            return
        if gap.a == gap.b:
            within = self.places[gap.a].piece if 0 < gap.a < len(self.places) else -1
            is_inside = within in marks and self.places[gap.a - 1].piece == within
            if is_inside and self.is_intact(marks[within]):
                self.give(within, news)
            return
        pieces = list(dict.fromkeys(self.places[at].piece for at in olds))
        numerals = [at for at in news if self.new[at].is_number]
        if len(pieces) == 1 and pieces[0] in marks:
            core = [at for at in self.core(marks[pieces[0]]) if at in olds]
            if not core or numerals:
                self.give(pieces[0], news)
            return
        lacking = [
            number for number in pieces
            if number in marks and any(at in olds and self.places[at].token.is_number for at in marks[number])
        ]  # fmt: skip
        for number, at in zip(lacking, numerals, strict=False):
            self.give(number, range(at, self.end_of(number, at, gap)))

    def end_of(self, number: int, at: int, gap: TextGap) -> int:
        """Where what stands for a mark ends: behind the numeral, and behind what the mark prints after it."""
        printed = self.paragraph.pieces[number].printed
        found = NUMERAL.search(printed)
        tail = printed[found.end() :] if found else ""
        following = "".join(token.text for token in self.new[at + 1 : gap.d])
        if tail and not NUMERAL.search(tail) and following.startswith(tail):
            return at + 1 + len(tail)
        return at + 1

    def give(self, number: int, news: range) -> None:
        for at in news:
            self.owner[at] = number

    def take_rest(self, number: int, places: Sequence[int]) -> None:
        """A mark takes what is left of its own text beside what it has; anything but what it printed is told."""
        for at in places:
            if at in self.image:
                self.owner[self.image[at]] = number
        own = sorted(at for at, owner in self.owner.items() if owner == number)
        if "".join(self.new[at].value for at in own).split() != self.printed(places).split():
            self.typed[number] = "".join(self.new[at].text for at in own)

    def printed(self, places: Sequence[int]) -> str:
        return "".join(self.places[at].token.value for at in places)

    def sign(self) -> str:
        is_all_bold = sum(each.end - each.start for each in self.item.bold) == len(self.item.text)
        return self.paragraph.sign if is_all_bold else ""

    def parts(self, alive: set[int]) -> Iterator[WordsPart]:
        """Words and marks in the order of the new text; what is not printed this year stays where it was."""
        silent = _silent_before(self.paragraph.pieces, self.places)
        done: set[int] = set()
        source = {self.image[at]: self.places[at].source for at in self.image}
        behind = {self.image[at]: at for at in self.image}
        told: set[int] = set()
        for at, token in enumerate(self.new):
            for place in sorted(silent):
                if place not in told and at in behind and behind[at] >= place:
                    told.add(place)
                    yield from (WordsPart(each.source, each) for each in silent[place])
            if (number := self.owner.get(at)) is None:
                yield from _words(self.item, token.start, token.end, source.get(at))
            elif number not in done:
                done.add(number)
                yield self.part_of(number, token)
        for place in sorted(silent):
            if place not in told:
                yield from (WordsPart(each.source, each) for each in silent[place])

    def part_of(self, number: int, token: TextToken) -> WordsPart:
        piece = self.paragraph.pieces[number]
        is_bold, is_slanted = _look_at(self.item, token.start)
        if piece.kind == "declared" and number in self.typed:
            text = self.typed[number].strip()
            return WordsPart(f"[[{text}]]" if NUMERAL.search(text) else text, piece, is_bold, is_slanted)
        return WordsPart(piece.source, piece, is_bold, is_slanted)


def _mark(piece: PrintedPiece) -> PrintedPiece | None:
    return piece if piece.kind != "words" or not piece.printed else None


def _places(paragraph: OwnParagraph, printed: WordItem) -> Iterator[_Place]:
    """The tokens of a printed paragraph with their pieces."""
    letters = [
        (letter, number, source) for number, piece in enumerate(paragraph.pieces) for letter, source in _letters(piece)
    ]
    at = 0
    for token in tokens_of(printed):
        for step, letter in enumerate(token.text):
            while not letter.isspace() and letters[at][0].isspace():
                at += 1
            if letter.isspace() and not letters[at][0].isspace():
                continue
            if step == 0:
                _, number, source = letters[at]
            at += 1
        yield _Place(token, number, source if len(token.text) == 1 else "")


def _letters(piece: PrintedPiece) -> Iterator[tuple[str, str]]:
    """The letters of what is printed, with what the file has for each."""
    if piece.kind == "words" and len(piece.source) == len(piece.printed):
        yield from zip(piece.printed, piece.source, strict=True)
    else:
        yield from ((letter, "") for letter in piece.printed)


def _silent_before(pieces: Sequence[PrintedPiece], places: Sequence[_Place]) -> dict[int, list[PrintedPiece]]:
    """Pieces that print nothing this year, by the place before which they stand."""
    found: dict[int, list[PrintedPiece]] = {}
    for number, piece in enumerate(pieces):
        if not piece.printed:
            place = next((at for at, each in enumerate(places) if each.piece > number), len(places))
            found.setdefault(place, []).append(piece)
    return found


def _look_at(item: WordItem, at: int) -> tuple[bool, bool]:
    return tuple(any(each.start <= at < each.end for each in of) for of in (item.bold, item.slanted))  # type: ignore[return-value]


def _words(item: WordItem, start: int, end: int, source: str | None = None) -> Iterator[WordsPart]:
    for at in range(start, end):
        text = source if source and end - start == 1 else item.text[at]
        yield WordsPart(text, None, *_look_at(item, at))


# Marks that were moved


def with_marks_found(
    paragraphs: Sequence[ParagraphAgain], lost: Sequence[PrintedPiece], known: Sequence[PrintedPiece]
) -> tuple[list[ParagraphAgain], list[PrintedPiece]]:
    """Words that say what a mark printed that is missing elsewhere are the mark, which was moved; also a copy of one
    that nothing else can be taken for. Returns what is still missing, too."""
    done, missing = list(paragraphs), list(lost)
    for piece in lost:
        if not NUMERAL.search(piece.printed):
            continue
        for number, paragraph in enumerate(done):
            if (put := _put(paragraph, piece)) is not None:
                done[number] = put
                missing.remove(piece)
                break
    for piece in _unmistakable(known):
        for number in range(len(done)):
            while (put := _put(done[number], piece)) is not None:
                done[number] = put
    return done, missing


def _unmistakable(known: Sequence[PrintedPiece]) -> list[PrintedPiece]:
    by_text: dict[str, dict[str, PrintedPiece]] = {}
    for piece in known:
        if piece.kind == "mark" and len(re.findall(r"\d", piece.printed)) >= TELLING:
            by_text.setdefault(piece.printed, {}).setdefault(piece.source, piece)
    return [next(iter(each.values())) for each in by_text.values() if len(each) == 1]


def _put(paragraph: ParagraphAgain, piece: PrintedPiece) -> ParagraphAgain | None:
    """The paragraph with a mark in the place of its text; None where the text does not stand in its words."""
    text = "".join("\0" if part.piece else part.text if len(part.text) == 1 else "\0" for part in paragraph.parts)
    found = re.search(rf"(?<![\d.,]){re.escape(piece.printed)}(?![\d]|[.,]\d)", text)
    if found is None:
        return None
    first = paragraph.parts[found.start()]
    put = WordsPart(piece.source, piece, first.is_bold, first.is_slanted)
    parts = (*paragraph.parts[: found.start()], put, *paragraph.parts[found.end() :])
    return ParagraphAgain(parts, paragraph.sign, paragraph.typed, paragraph.lost)


# From parts to a file's text


def as_written(paragraph: ParagraphAgain) -> str:
    """The paragraph as a file of words has it; what Markdown would take for its own sign is declared to be none."""
    written = _in_markdown(paragraph, is_plain=False)
    return written if _says(written) == _meant(paragraph) else _in_markdown(paragraph, is_plain=True)


def _in_markdown(paragraph: ParagraphAgain, is_plain: bool) -> str:
    found = []
    looks = [(part.is_bold and not paragraph.sign, part.is_slanted) for part in paragraph.parts]
    for (is_bold, is_slanted), group in groupby(zip(looks, paragraph.parts, strict=True), key=lambda each: each[0]):
        parts = [part for _, part in group]
        text = _joined(parts, is_plain)
        sign = "**" * is_bold + "*" * is_slanted
        body = text.strip()
        found.append(text.replace(body, f"{sign}{body}{sign}", 1) if sign and body else text)
    return paragraph.sign + "".join(found).strip()


def _joined(parts: Sequence[WordsPart], is_plain: bool) -> str:
    """Marks as they are; words, which may hold marks that somebody typed, with their signs declared where asked for."""
    found = []
    for is_mark, group in groupby(parts, key=lambda part: part.piece is not None):
        text = "".join(part.text for part in group)
        if is_mark or not is_plain:
            found.append(text)
            continue
        for piece in pieces_of(text):
            is_words = not isinstance(piece, (NumberMark, Declared))
            found.append(SIGNS.sub(_declared, piece.source) if is_words else piece.source)
    return "".join(found)


def _declared(found: re.Match[str]) -> str:
    return f"[[{found.group()}]]" if len(found.group()) == 1 else found.group()


def _meant(paragraph: ParagraphAgain) -> str:
    return "".join("".join(part.text for part in paragraph.parts).split())


def _says(written: str) -> str:
    """The words and marks that are read from a file's text; '' where it is not one paragraph."""
    paragraphs = paragraphs_of(written)
    if len(paragraphs) != 1:
        return ""
    number = f"{paragraphs[0].number}." if paragraphs[0].number is not None else ""
    text = "".join(span.piece.source for span in paragraphs[0].spans)
    return "".join(f"{number}{text}".split())
