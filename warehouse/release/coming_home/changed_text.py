"""What changed in one paragraph, row or footnote, in words: numbers and words apart, each with its place."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sources.system.plain_text import cut_short
from warehouse.release.coming_home.side_by_side import TextGap, TextToken, gaps_of, tokens_of
from warehouse.release.coming_home.word_items import BETWEEN_CELLS, WordItem

SHOWN, AROUND = 120, 12
TOO_NEAR = 3
"""Changes with fewer letters between them are one."""


@dataclass(frozen=True, slots=True)
class TextChanges:
    numbers: tuple[str, ...]
    words: tuple[str, ...]


def changes_of(old: WordItem, new: WordItem) -> TextChanges:
    """A line for each changed number, with what it is, and one for each change of words."""
    before, after = tokens_of(old), tokens_of(new)
    numbers, words = list[str](), list[str]()
    for gap in _joined(gaps_of(before, after), before):
        olds, news = before[gap.a : gap.b], after[gap.c : gap.d]
        was, now = ([token for token in tokens if token.is_number] for tokens in (olds, news))
        if len(was) == len(now):
            pairs = zip(was, now, strict=True)
            numbers += [f"{_called(new, n, o)}：{o.text} → {n.text}" for o, n in pairs if o.value != n.value]
        else:
            called = _called(new, now[0], None) if now else _called(old, was[0], None)
            numbers.append(f"{called}：{_listed(was)} → {_listed(now)}")
        if _only_words(olds) != _only_words(news):
            at = before[gap.a].start if gap.a < len(before) else len(old.text)
            words.append(_reworded(old.text[max(0, at - AROUND) : at], _text(olds), _text(news)))
    return TextChanges(tuple(numbers), tuple(words))


def quoted(text: str) -> str:
    """A text as a line quotes it."""
    return f"“{cut_short(text, SHOWN)}”"


def _joined(gaps: Sequence[TextGap], old: Sequence[TextToken]) -> Iterator[TextGap]:
    """Gaps that stand too near to each other to be told apart, as one; a number between them keeps them apart."""
    open_gap: TextGap | None = None
    for gap in gaps:
        if open_gap is None:
            open_gap = gap
            continue
        between = old[open_gap.b : gap.a]
        if len(between) < TOO_NEAR and not any(token.is_number for token in between):
            open_gap = TextGap(open_gap.a, gap.b, open_gap.c, gap.d)
        else:
            yield open_gap
            open_gap = gap
    if open_gap is not None:
        yield open_gap


def _text(tokens: Sequence[TextToken]) -> str:
    return "".join(token.text for token in tokens)


def _only_words(tokens: Sequence[TextToken]) -> str:
    return "".join("" if token.is_number else token.text for token in tokens).strip()


def _listed(tokens: Sequence[TextToken]) -> str:
    return "、".join(token.text for token in tokens) or "（无）"


def _reworded(before: str, was: str, now: str) -> str:
    place = f"“…{before}”之后" if before else "开头"
    if not was:
        return f"{place}加了{quoted(now)}"
    return f"{place}{quoted(was)}改为{quoted(now)}" if now else f"{place}删去{quoted(was)}"


def _called(item: WordItem, token: TextToken, other: TextToken | None) -> str:
    """What a number is: by its control, by the first cell of its row, else by what stands before it."""
    if title := token.title or (other.title if other else ""):
        return title
    if item.kind == "row":
        return f"表中“{item.text.partition(BETWEEN_CELLS)[0]}”一行"
    return f"“…{item.text[max(0, token.start - AROUND) : token.start]}”之后"
