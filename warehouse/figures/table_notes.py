"""A printed table's notes: scopes, breaks, missing schools, explanations, each made together with its numbers."""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from warehouse.figures.fact import Printed, Reference
from warehouse.figures.region_year import RegionYear

NOT_REPORTED = "…"
NAMED_ROWS = 6
SYMBOL_NOTE = f"“{NOT_REPORTED}”为未报告或无法提供，不是零。"
Told = TypeVar("Told", bound=Hashable)


@dataclass(frozen=True, slots=True)
class TableNote:
    """A line below the table: text, and the numbers in it."""

    parts: tuple[str | Printed, ...]

    @property
    def text(self) -> str:
        return "".join(part.text if isinstance(part, Printed) else part for part in self.parts)

    @property
    def printed(self) -> tuple[Printed, ...]:
        return tuple(part for part in self.parts if isinstance(part, Printed))


@dataclass(frozen=True, slots=True)
class NotedLine:
    """What notes say of one line of a table.

    `numbers` are the numbers of the region that stand in it this year, `indicator` the only one of them in a table
    that lists indicators; `schools` is how many schools its scope has.
    """

    label: str
    numbers: tuple[Reference, ...]
    schools: Reference
    coverage: str | None
    status: str | None
    n_expected: int | None
    n_reported: int | None
    indicator: Reference | None = None
    scope: str | None = None
    previous_scope: str | None = None
    comparability: str | None = None


def notes_of(of: RegionYear, lines: Sequence[NotedLine], has_symbols: bool) -> tuple[TableNote, ...]:
    """What a reader must know: scopes, breaks between the years, missing schools, symbols, explanations."""
    notes = [
        *_scopes(lines),
        *_breaks(lines),
        *_coverage(lines),
        *_incomplete(of, lines),
        *([(SYMBOL_NOTE,)] if has_symbols else []),
        *_explanations(of, lines),
    ]
    return tuple(TableNote(parts) for parts in notes)


Parts = tuple[str | Printed, ...]


def _scopes(lines: Sequence[NotedLine]) -> Iterator[Parts]:
    scopes = _grouped([(line, line.scope) for line in lines])
    if len(scopes) > 1:
        usual = max(scopes, key=lambda scope: len(scopes[scope]))
        others = [f"{scope}{_which(of, lines)}" for scope, of in scopes.items() if scope != usual]
        yield (f"统计口径为{usual}；以下为{'；'.join(others)}。",)


def _breaks(lines: Sequence[NotedLine]) -> Iterator[Parts]:
    broken = [
        (line, (line.previous_scope, line.scope) if line.comparability == "scope_break" else None) for line in lines
    ]
    for (last, this), of in _grouped(broken).items():
        yield (f"两年统计口径不同{_which(of, lines)}：上年{last}，本年{this}，变化情况不能当作增减。",)
    if any(line.comparability == "definition_break" for line in lines):
        yield ("两年的指标定义不同，变化情况不能当作增减。",)


def _coverage(lines: Sequence[NotedLine]) -> Iterator[Parts]:
    for text, of in _grouped([(line, line.coverage) for line in lines]).items():
        yield f"数据完整度{_which(of, lines)}：", Printed(of[0].schools, text, "coverage"), "。"


def _incomplete(of_region: RegionYear, lines: Sequence[NotedLine]) -> Iterator[Parts]:
    counted = [(line, (line.n_reported, line.n_expected) if line.status == "incomplete" else None) for line in lines]
    for (reported, expected), of in _grouped(counted).items():
        facts = [(of_region.facts[number], number) for number in of[0].numbers if number in of_region.facts]
        asked = next((number for fact, number in facts if fact.n_expected == expected), of[0].schools)
        told = next((number for fact, number in facts if fact.n_reported == reported), of[0].schools)
        yield (
            f"不完整{_which(of, lines)}：应报 ",
            Printed(asked, str(expected), "expected"),
            " 所学校，已报 ",
            Printed(told, str(reported), "reported"),
            " 所。",
        )


def _explanations(of: RegionYear, lines: Sequence[NotedLine]) -> Iterator[Parts]:
    """What schools have explained about the values behind a table that lists indicators."""
    listed = [line.indicator for line in lines if line.indicator]
    explained: dict[str, list[str]] = defaultdict(list)
    for footnote in of.footnotes:
        explained[footnote.text].append(footnote.indicator)
    for text, codes in explained.items():
        first = next((number for number in listed if number.indicator in codes), None)
        if first:
            yield (Printed(first, text, "quote"),)


def _which(of: Sequence[NotedLine], lines: Sequence[NotedLine]) -> str:
    """Which lines a note is about; nothing when it is about all of them."""
    if len(of) == len(lines):
        return ""
    shown = "、".join(line.label for line in of[:NAMED_ROWS])
    return f"（{shown}{f'等 {len(of)} 项' if len(of) > NAMED_ROWS else ''}）"


def _grouped(told: Sequence[tuple[NotedLine, Told | None]]) -> dict[Told, list[NotedLine]]:
    """What is told → the lines of which it is, in order; None is left out."""
    groups: dict[Told, list[NotedLine]] = defaultdict(list)
    for line, what in told:
        if what is not None:
            groups[what].append(line)
    return groups
