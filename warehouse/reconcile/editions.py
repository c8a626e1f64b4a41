"""Two editions of one report held against each other: which numbers changed, and whether that put them right.

Only numbers that were understood in both are compared, by the fact that they speak of: words may have moved.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from warehouse.reconcile.memo import markdown_templates
from warehouse.reconcile.numeral_marks import Gravity, gravity_of
from warehouse.reconcile.reading.chinese_numbers import spoken_number
from warehouse.reconcile.reading.printed_figure import multiplier, number_in, plain
from warehouse.reconcile.verdicts import Reconciliation

BAD = (Gravity.WRONG, Gravity.UNDECIDED, Gravity.DIFFERS)


class Outcome(StrEnum):
    """What a change did to a number, the worst first."""

    SPOILT = "改错了"
    WITHOUT_REASON = "没有依据"
    STILL_WRONG = "改了仍不对"
    MENDED = "改对了"


@dataclass(frozen=True, slots=True)
class ChangedNumber:
    """A number that the two editions print differently: how and where, and what became of it."""

    label: str
    older: str
    newer: str
    outcome: Outcome
    told: str


@dataclass(frozen=True, slots=True)
class Editions:
    """What differs between two editions; the numbers that only one of them prints are given by their names."""

    compared: int
    changed: tuple[ChangedNumber, ...]
    dropped: tuple[str, ...]
    added: tuple[str, ...]
    not_compared: int
    """Numbers of the newer edition that nobody understood."""


@dataclass(frozen=True, slots=True)
class _Size:
    """A printed number in the basic unit, and one unit of its last printed place."""

    value: Decimal
    step: Decimal

    def agrees(self, other: "_Size") -> bool:
        """Whether both may stand for the same value: 1.2万 and 12034."""
        far = abs(self.value - other.value)
        return far == 0 if self.step == other.step else far <= max(self.step, other.step) / 2


Row = dict[str, Any]
Fact = tuple[Any, ...]


def compare_editions(older: Reconciliation, newer: Reconciliation) -> Editions:
    """The numbers that changed between two editions, the worst first; of equal ones, in the order of the newer."""
    before, after = _by_fact(older.frame.to_dicts()), _by_fact(newer.frame.to_dicts())
    both = [fact for fact in after if fact in before]
    changed = [one for fact in both if (one := _changed(before[fact], after[fact])) is not None]
    return Editions(
        compared=len(both),
        changed=tuple(sorted(changed, key=lambda one: list(Outcome).index(one.outcome))),
        dropped=tuple(f"{_name(rows[0])} {rows[0]['printed']}" for fact, rows in before.items() if fact not in after),
        added=tuple(f"{_name(rows[0])} {rows[0]['printed']}" for fact, rows in after.items() if fact not in before),
        not_compared=sum(gravity_of(row) is Gravity.UNREAD for row in newer.frame.iter_rows(named=True)),
    )


def _by_fact(rows: Iterable[Row]) -> dict[Fact, list[Row]]:
    found: dict[Fact, list[Row]] = {}
    for row in rows:
        if row["indicator_code"] is not None:
            fact = tuple(row[name] for name in ("indicator_code", "figure_year", "subject_code", "scope_code", "kind"))
            found.setdefault(fact, []).append(row)
    return found


def _changed(before: Sequence[Row], after: Sequence[Row]) -> ChangedNumber | None:
    """What changed of one fact; None when each edition prints only what the other does."""
    new = [row for row in after if not _is_among(row, before)]
    gone = [row for row in before if not _is_among(row, after)]
    if not new and not gone:
        return None
    first, last = (gone or list(before))[0], (new or list(after))[0]
    was_bad, is_bad = gravity_of(first) in BAD, gravity_of(last) in BAD
    can_tell = any(gravity_of(row) in (*BAD, Gravity.NOTE, Gravity.FINE) for row in (first, last))
    if can_tell and is_bad:
        outcome = Outcome.STILL_WRONG if was_bad else Outcome.SPOILT
    elif can_tell and was_bad:
        outcome = Outcome.MENDED
    else:
        outcome = Outcome.WITHOUT_REASON
    return ChangedNumber(
        _name(last), _print(gone or before), _print(new or after), outcome, _told(outcome, first, last)
    )


def _told(outcome: Outcome, first: Row, last: Row) -> str:
    if outcome is Outcome.SPOILT:
        return f"{last['explanation'] or '改后的数与其他数字不符'}。请改回，或说明理由"
    if outcome is Outcome.STILL_WRONG:
        return f"{last['explanation'] or '改后的数仍与其他数字不符'}。请再核对"
    if outcome is Outcome.MENDED:
        return f"上一版：{first['explanation'] or '与其他数字不符'}"
    return "报送的数据和报告里的其他数字都不能说明为什么改，请说明理由"


def _is_among(row: Row, others: Iterable[Row]) -> bool:
    size = _size(row)
    if size is None:
        return any(plain(row["printed"]) == plain(other["printed"]) for other in others)
    return any((there := _size(other)) is not None and size.agrees(there) for other in others)


def _size(row: Row) -> _Size | None:
    times = Decimal(multiplier(row["unit"]))
    value = number_in(row["printed"])
    if value is None:
        spoken = spoken_number(row["printed"].removesuffix(row["unit"]))
        return None if spoken is None else _Size(spoken.value * times, times)
    exponent = value.as_tuple().exponent
    return _Size(value * times, Decimal(1).scaleb(exponent if isinstance(exponent, int) else 0) * times)


def _name(row: Row) -> str:
    return f"{row['label']}（{row['subject']}，{row['figure_year']}年）" if row["subject"] else str(row["label"])


def _print(rows: Sequence[Row]) -> str:
    return "、".join(f"{row['printed']}（{row['section'] or '前言'}）" for row in rows)


def editions_memo(editions: Editions, older: str, newer: Reconciliation) -> str:
    """Writes the comparison (两版对照) as Markdown; what the reports say is text in it."""
    return (
        markdown_templates()
        .get_template("editions.md.j2")
        .render(
            owner=newer.owner,
            year=newer.report_year,
            older=older,
            newer=newer.source,
            editions=editions,
            outcomes=list(Outcome),
        )
    )
