"""A printed table's notes: scopes, breaks, missing schools, explanations, each made together with its numbers."""

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from warehouse.catalogue.small_group import load_small_groups
from warehouse.figures.fact import Printed, Reference
from warehouse.figures.region_year import RegionYear

NOT_REPORTED = "…"
NAMED_ROWS = 6
NOT_COMPARED = ("scope_break", "definition_break", "incomplete")
STANDARD = "标准定义"
SYMBOL_NOTE = f"“{NOT_REPORTED}”为未报告或无法提供，不是零。"
NOT_APPLICABLE = "不适用"
NOT_APPLICABLE_NOTE = f"“{NOT_APPLICABLE}”为没有可以统计的对象，例如本年度没有毕业生。"
Told = TypeVar("Told", bound=Hashable)
Parts = tuple[str | Printed, ...]


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
    that lists indicators; `schools` is how many schools its scope has. `definition` and `previous_definition` word how
    the two years are worked out, where that is not the standard; `whole` is the line of which it is a part (其中).
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
    definition: str | None = None
    previous_definition: str | None = None
    whole: "NotedLine | None" = None
    names_a_school: bool = False

    @property
    def is_defined_anew(self) -> bool:
        """Whether the two years that stand side by side have different definitions."""
        return self.comparability in NOT_COMPARED and self.definition != self.previous_definition


def remark_of(line: NotedLine) -> str:
    """What the line itself has to say of its numbers; '' when they are complete, comparable and by the standard."""
    breaks = [
        "统计口径" if line.comparability == "scope_break" else "",
        "指标定义" if line.is_defined_anew else "",
    ]
    differing = "、".join(filter(None, breaks))
    said = [
        f"不可直接比较：两年{differing}不同" if differing else "",
        "不可直接比较：两年中有数据不完整的" if line.comparability == "incomplete" and not differing else "",
        "数据不完整" if line.status == "incomplete" and (differing or line.comparability not in NOT_COMPARED) else "",
        f"统计口径为{line.scope}，与“{line.whole.label}”不同" if line.whole and line.whole.scope != line.scope else "",
        f"不是标准定义，按“{line.definition}”计算" if line.definition else "",
    ]
    return "；".join(filter(None, said))


def notes_of(of: RegionYear, lines: Sequence[NotedLine], symbols: Collection[str]) -> tuple[TableNote, ...]:
    """What a reader must know: scopes, breaks between the years, missing schools, symbols, explanations."""
    hidden = load_small_groups(of.catalogue.pack)
    notes = [
        *_scopes(lines),
        *_breaks(lines),
        *_definitions(lines),
        *_changes(of, lines),
        *_coverage(lines),
        *_incomplete(of, lines),
        *([(SYMBOL_NOTE,)] if NOT_REPORTED in symbols else []),
        *([(NOT_APPLICABLE_NOTE,)] if NOT_APPLICABLE in symbols else []),
        *([(hidden.note,)] if hidden.sign in symbols else []),
        *_explanations(of, lines),
        *([(of.origin_note,)] if of.origin_note and any(line.names_a_school for line in lines) else []),
    ]
    return tuple(TableNote(parts) for parts in notes)


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
    defined = [(line, (line.previous_definition, line.definition) if line.is_defined_anew else None) for line in lines]
    for (before, now), of in _grouped(defined).items():
        last, this = (f"“{words}”" if words else STANDARD for words in (before, now))
        yield (f"两年的指标定义不同{_which(of, lines)}：上年按{last}，本年按{this}，变化情况不能当作增减。",)


def _definitions(lines: Sequence[NotedLine]) -> Iterator[Parts]:
    for definition, of in _grouped([(line, line.definition) for line in lines]).items():
        labels = "、".join(dict.fromkeys(line.label for line in of))
        yield (f"{labels}不是标准定义，按“{definition}”计算。",)


def _changes(of: RegionYear, lines: Sequence[NotedLine]) -> Iterator[Parts]:
    """What was called otherwise last year, who began and who ended: where two years or the schools stand."""
    if of.told and any(line.comparability or line.names_a_school for line in lines):
        yield (f"{of.report_year}年的变更：{'；'.join(each.told for each in of.told)}。",)


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
    """What has been explained about the cells behind a table that lists indicators."""
    listed = [line.indicator for line in lines if line.indicator]
    for text in dict.fromkeys(footnote.text for footnote in of.footnotes):
        first = next((number for number in listed if text in of.explained(number)), None)
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
