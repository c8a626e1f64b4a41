"""Two lists of items side by side: which of one is which of the other, changed or not. Two texts, word for word."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from warehouse.release.coming_home.word_items import WordItem

NUMERAL = re.compile(r"\d+(?:,\d{3})*(?:[.．]\d+)?")
ALIKE = 0.5
"""A paragraph of which less is the same is another one."""
MOST_PAIRS = 10_000
"""So many pairs are weighed; where more changed, they are taken in their order."""


@dataclass(frozen=True, slots=True)
class ItemPair:
    """An item of each list by its number; None where one has nothing of the kind."""

    old: int | None
    new: int | None


def pairs_of(old: Sequence[WordItem], new: Sequence[WordItem], is_of_office: bool = False) -> list[ItemPair]:
    """Every item of both lists once, in an order that both keep. `is_of_office`: LibreOffice has written one."""
    found: list[ItemPair] = []
    matcher = SequenceMatcher(None, [_same(each) for each in old], [_same(each) for each in new], autojunk=False)
    for what, a, b, c, d in matcher.get_opcodes():
        if what == "equal":
            found += [ItemPair(a + at, c + at) for at in range(b - a)]
        else:
            found += [
                ItemPair(None if i is None else a + i, None if j is None else c + j)
                for i, j in _weighed(old[a:b], new[c:d])
            ]
    return [pair for pair in found if not _is_known_note(pair, old, new)] if is_of_office else found


def _is_known_note(pair: ItemPair, old: Sequence[WordItem], new: Sequence[WordItem]) -> bool:
    """LibreOffice leaves footnotes out and writes others twice: of its files only those that nobody knows count."""
    if pair.new is None:
        return pair.old is not None and old[pair.old].kind == "note"
    item = new[pair.new]
    return item.kind == "note" and any(each.kind == "note" and _same(each) == _same(item) for each in old)


def _same(item: WordItem) -> tuple[str, str]:
    return item.kind, " ".join(item.text.split())


def _weighed(old: Sequence[WordItem], new: Sequence[WordItem]) -> Iterator[tuple[int | None, int | None]]:
    """The pairs that have most in common, in order; what is like nothing stands alone."""
    if len(old) * len(new) > MOST_PAIRS:
        for at in range(max(len(old), len(new))):
            if at < len(old) and at < len(new) and _likeness(old[at], new[at]):
                yield at, at
            else:
                yield from [(at, None)] * (at < len(old)) + [(None, at)] * (at < len(new))
        return
    likeness = [[_likeness(a, b) for b in new] for a in old]
    best = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in reversed(range(len(old))):
        for j in reversed(range(len(new))):
            alone = max(best[i + 1][j], best[i][j + 1])
            best[i][j] = max(alone, best[i + 1][j + 1] + likeness[i][j]) if likeness[i][j] else alone
    i = j = 0
    while i < len(old) or j < len(new):
        if i < len(old) and j < len(new) and likeness[i][j] and best[i][j] == best[i + 1][j + 1] + likeness[i][j]:
            yield i, j
            i, j = i + 1, j + 1
        elif i < len(old) and (j == len(new) or best[i][j] == best[i + 1][j]):
            yield i, None
            i += 1
        else:
            yield None, j
            j += 1


def _likeness(old: WordItem, new: WordItem) -> float:
    """How much two items have in common, whatever their numbers are; 0 for less than is needed."""
    if old.kind != new.kind:
        return 0
    matcher = SequenceMatcher(None, NUMERAL.sub("0", old.text), NUMERAL.sub("0", new.text), autojunk=False)
    if matcher.real_quick_ratio() < ALIKE or matcher.quick_ratio() < ALIKE:
        return 0
    ratio = matcher.ratio()
    return ratio if ratio >= ALIKE else 0


@dataclass(frozen=True, slots=True)
class TextToken:
    """A numeral, or a letter, and where it begins; `tag` and `title` are those of the control in which it stands."""

    text: str
    start: int
    tag: str = ""
    title: str = ""

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @property
    def is_number(self) -> bool:
        return NUMERAL.fullmatch(self.text) is not None

    @property
    def value(self) -> str:
        """The numeral as it is compared: however its thousands are set apart."""
        return self.text.replace(",", "").replace("．", ".") if self.is_number else self.text


def tokens_of(item: WordItem) -> list[TextToken]:
    """A text in pieces that are compared one by one: a numeral changes as a whole."""
    found, at = [], 0
    controls = list(item.numbers)
    for numeral in (*NUMERAL.finditer(item.text), None):
        end = numeral.start() if numeral else len(item.text)
        found += [TextToken(item.text[place], place) for place in range(at, end)]
        if numeral:
            while controls and controls[0].end <= numeral.start():
                controls.pop(0)
            within = controls and controls[0].start < numeral.end()
            tag, title = (controls[0].tag, controls[0].title) if within else ("", "")
            found.append(TextToken(numeral.group(), numeral.start(), tag, title))
            at = numeral.end()
    return found


@dataclass(frozen=True, slots=True)
class TextGap:
    """Tokens of both that are not the same, between those that are: `old[a:b]` stood where `new[c:d]` stands now."""

    a: int
    b: int
    c: int
    d: int


def gaps_of(old: Sequence[TextToken], new: Sequence[TextToken]) -> list[TextGap]:
    """Where two texts differ. A number whose control is in both is the same place, whatever stands in it."""
    tags = {token.tag for token in old if token.tag} & {token.tag for token in new if token.tag}

    def key(token: TextToken) -> str:
        return f"#{token.tag}" if token.tag in tags else token.value

    matcher = SequenceMatcher(None, [key(token) for token in old], [key(token) for token in new], autojunk=False)
    gaps: list[TextGap] = []
    for what, a, b, c, d in matcher.get_opcodes():
        if what != "equal":
            gaps.append(TextGap(a, b, c, d))
            continue
        gaps += [
            TextGap(a + at, a + at + 1, c + at, c + at + 1)
            for at in range(b - a)
            if old[a + at].value != new[c + at].value
        ]
    return gaps
