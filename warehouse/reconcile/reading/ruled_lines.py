"""Tables of a PDF that have rules across and none between their columns (三线表): found by rules of one width, read by
the gaps that all their rows leave.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

SAME = 3.0
"""Within how many points two rules are one, or begin and end at the same place."""
LEAST_RULES, HIGHEST_HEAD = 3, 1.2
"""A head is no higher than so many times what stands below it down to the next rule."""
GAP, CLOSER = 0.45, 0.95
"""Columns stand apart by this part of a letter's height at the least; the lines of one cell are closer than rows."""
Box = tuple[float, float, float, float]
"""Left, top, right and foot, in points from the left and the top of the page."""
Rule = tuple[float, float, float]
"""Height on the page, left and right end."""
Span = tuple[float, float]
"""Left and right end."""


@dataclass(frozen=True, slots=True)
class OpenTable:
    """`edges`: where each of its columns begins."""

    box: Box
    rows: list[list[str]]
    edges: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    left: float
    right: float
    top: float
    size: float

    @property
    def middle(self) -> float:
        return self.top + self.size / 2


def open_tables(page: Any, taken: Sequence[Box]) -> list[OpenTable]:
    """The tables of a page between rules of one width, apart from the boxes that other tables take."""
    groups = list(_groups(page, taken))
    if not groups:
        return []
    # of the whole page, each once: cut to a box, a letter that reaches over a rule would be on both sides of it
    found = page.extract_words(x_tolerance=1.5)
    words = [_Word(each["text"], each["x0"], each["x1"], each["top"], each["bottom"] - each["top"]) for each in found]
    tables = [table for rules in groups for table in _tables_between(words, rules)]
    return [table for table in tables if not any(_overlap(table.box, box) for box in taken)]


def _groups(page: Any, taken: Sequence[Box]) -> Iterator[list[Rule]]:
    """Rules of the same ends that stand in no box, from the top, each once; as many as a table needs."""
    from pdfplumber.table import merge_edges

    # what is drawn cell by cell is one rule
    edges = merge_edges(page.horizontal_edges, SAME, SAME, SAME, SAME)
    rules = sorted(
        (float(edge["top"]), float(edge["x0"]), float(edge["x1"]))
        for edge in edges
        if not any(box[1] - SAME < edge["top"] < box[3] + SAME for box in taken)
    )
    groups: list[list[Rule]] = []
    for rule in rules:
        mine = next(
            (group for group in groups if all(abs(a - b) < SAME for a, b in zip(group[0][1:], rule[1:], strict=True))),
            None,
        )
        if mine is None:
            groups.append([rule])
        elif rule[0] - mine[-1][0] > SAME:
            mine.append(rule)
    return (group for group in groups if len(group) >= LEAST_RULES)


def _tables_between(on_page: Sequence[_Word], rules: Sequence[Rule]) -> Iterator[OpenTable]:
    """Tables one below the other: the first two rules of each hold its head; further ones part its rows."""
    heights, (left, right) = [rule[0] for rule in rules], rules[0][1:]
    at = 0
    while at + 2 < len(heights):
        top, head, foot = heights[at : at + LEAST_RULES]
        table = _read(on_page, (left, top, right, foot), head) if head - top < HIGHEST_HEAD * (foot - head) else None
        if table is None:
            at += 1
            continue
        at += LEAST_RULES
        while at < len(heights) and (longer := _grown(on_page, table, heights[at], head)):
            table, at = longer, at + 1
        yield table


def _grown(on_page: Sequence[_Word], table: OpenTable, foot: float, head: float) -> OpenTable | None:
    """The table down to the next rule, where what stands above that is rows in its columns; else None."""
    left, top, right, _ = table.box
    longer = _read(on_page, (left, top, right, foot), head)
    if longer is None or len(longer.edges) != len(table.edges):
        return None
    more = longer.rows[len(table.rows) :]
    return longer if more and all(sum(map(bool, row)) > 1 for row in more) else None


def _overlap(box: Box, other: Box) -> bool:
    return box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3]


def _read(on_page: Sequence[_Word], box: Box, head: float) -> OpenTable | None:
    """The table in a box; None when its lines do not stand in columns, or there is no number in them."""
    words = [word for word in on_page if box[1] < word.middle < box[3] and box[0] < word.right and word.left < box[2]]
    body = [word for word in words if word.middle > head]
    columns = _spans(body)
    if len(columns) < 2 or not any(letter.isdigit() for word in body for letter in word.text):
        return None
    heads = [span for line in _lines([word for word in words if word.middle <= head]) for span in _spans(line)]
    columns = sorted([*columns, *(span for span in heads if not any(_is_above(span, column) for column in columns))])
    lines = list(_lines(words))
    rows = _unbroken([(line[0].top, _cells(line, columns)) for line in lines])
    return OpenTable(box, rows, tuple(left for left, _ in columns)) if len(rows) > 1 else None


def _spans(words: Sequence[_Word]) -> list[Span]:
    """What the words cover, from the left: a gap parts two spans."""
    spans: list[Span] = []
    for word in sorted(words, key=lambda word: word.left):
        if spans and word.left - spans[-1][1] < GAP * word.size:
            spans[-1] = (spans[-1][0], max(spans[-1][1], word.right))
        else:
            spans.append((word.left, word.right))
    return spans


def _is_above(head: Span, column: Span) -> bool:
    """Whether a head stands above a column, or so near to it that there is no room for another."""
    return head[0] < column[1] + SAME and column[0] < head[1] + SAME


def _lines(words: Sequence[_Word]) -> Iterator[list[_Word]]:
    """The words line by line, each from the left."""
    line: list[_Word] = []
    for word in sorted(words, key=lambda word: (word.top, word.left)):
        if line and word.top - line[0].top > word.size / 2:
            yield sorted(line, key=lambda each: each.left)
            line = []
        line.append(word)
    if line:
        yield sorted(line, key=lambda each: each.left)


def _unbroken(lines: Sequence[tuple[float, list[str]]]) -> list[list[str]]:
    """The rows; the second line of a label, which stands closer than rows do, is joined to the first."""
    steps = [after[0] - before[0] for before, after in pairwise(lines) if any(after[1][1:])]
    usual = min(steps, default=0.0)
    rows: list[list[str]] = []
    last = float("-inf")
    for top, cells in lines:
        if rows and cells[0] and not any(cells[1:]) and top - last < CLOSER * usual:
            rows[-1][0] += cells[0]
        else:
            rows.append(cells)
        last = top
    return rows


def _cells(line: Sequence[_Word], columns: Sequence[Span]) -> list[str]:
    """The texts of a line in the columns; a head that stands above several is the head of each."""
    bounds = [(before[1] + after[0]) / 2 for before, after in pairwise(columns)]
    starts, ends = [float("-inf"), *bounds], [*bounds, float("inf")]
    cells = [""] * len(columns)
    for word in line:
        over = [at for at, (left, right) in enumerate(columns) if min(right, word.right) - max(left, word.left) > SAME]
        if len(over) < 2:
            middle = (word.left + word.right) / 2
            over = [next(at for at in range(len(columns)) if starts[at] <= middle < ends[at])]
        for at in over:
            cells[at] += word.text
    return cells
