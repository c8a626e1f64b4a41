"""Which numbers are hard to believe: held against their own bounds, their base, the whole, last year, their peers.

Everything is worked out on one long frame (`numbers`), so that a nation costs no loop; only what is doubted becomes a
Python object. One cell is doubted once, for the gravest reason. Where many numbers of a workbook are off by the same
base, the base is doubted and not they.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from math import log
from typing import Any, Literal

import polars as pl

from sources.audit.numbers import ITEM, base_bounds, judged_columns, judged_numbers, own_bounds, wholes, with_base
from sources.audit.places import CellOf, Places
from sources.audit.sheet_stack import LastYear
from sources.audit.slips import BETTER, OF_DIGITS, Anchor, can_hold, likely_slip, typed_number
from sources.audit.unread_numbers import UNREAD, is_unread_number, share_told, with_unread
from sources.declarations.contract import Column, Contract, load_contracts
from sources.declarations.pack import Pack
from sources.declarations.rule import load_intake_rules
from sources.submission.cell import FORM_RECORD
from sources.submission.finding import Finding, SuggestedCell, finding
from sources.submission.submission import NUMBER

CellKey = tuple[str, str, int, str]
"""CELL: submission, sheet, record, column."""
NOTHING: Mapping[CellKey, float] = {}
POSSIBLE, USUAL, PER_BASE = "plausible.possible", "plausible.usual", "plausible.per_base"
RELATED, LAST_YEAR, PEERS = "plausible.related", "plausible.last_year", "plausible.peers"
EXCHANGED, PEERS_EXCHANGED = "plausible.exchanged", "plausible.peers_exchanged"
WRONG_BASE, PEERS_BASE = "plausible.base", "plausible.peers_base"
OF_LAST_YEAR, OF_PEERS = (LAST_YEAR, EXCHANGED), (PEERS, PEERS_EXCHANGED, PEERS_BASE)
"""The rules that need last year's numbers, and the others'; the rest need the file alone."""
DOUBTS = (USUAL, PER_BASE, RELATED, WRONG_BASE)
"""What a file by itself makes doubtful, beside what is impossible."""
LEAST_BASE = 30
"""A hard limit by base says nothing of a school of fewer people: one student may have any campus."""
SMALL = 10
"""So far beyond what a base allows, or less, a number is spared."""
FEWEST_PEERS, FALLBACK = 8, 1.5
"""Peers are schools of the same kind; where these are too few, all schools, and the distance allowed is wider."""
STEADY = 0.12
"""How far numbers move in an ordinary year (difference of logarithms)."""
SHOWN_NAMES = 3
COPIED_DIGITS, MORE_THAN_CHANCE = 3, 20
"""So many digits a copied number has; so many times more numbers of as many digits there are than are compared."""
FITS_EXCHANGED, CLEARLY = 1.0, 0.15
"""As differences of logarithms: how near a number and its base, exchanged, come to what is expected, and by how much
nearer than any other slip would."""
FEWEST_OFF, SHARE_OFF = 4, 0.6
"""So many numbers, and so large a share, must be off with their base for it to be doubted instead of them."""


@dataclass(frozen=True, slots=True)
class BaseCell:
    """The cell of a base, and the number in it."""

    sheet: str
    record: int
    column: str
    value: float


@dataclass(frozen=True, slots=True)
class Copied:
    """Where the very number stands that is doubted: last year, beside it, with another respondent; or it is a year."""

    kind: Literal["year", "last_year", "neighbour", "another"]
    of: str = ""
    """Of `neighbour` the column, or the record's number; of `another` the respondent's code."""
    is_of_last_year: bool = False


@dataclass(frozen=True, slots=True)
class Doubt:
    """A number that is hard to believe: which rule says so, and what the rule's message shows."""

    rule_id: str
    submission_id: str
    sheet: str
    record: int
    column: str
    value: float
    shown: Mapping[str, str]
    anchors: tuple[Anchor, ...] = ()
    exchanged_with: str = ""
    """Of EXCHANGED: the other column, or the record's number, whose number it is."""
    base: BaseCell | None = None
    """What it was divided by."""
    is_above: bool = False
    """Whether it is too large by its base, or its peers."""
    copied: Copied | None = None

    @property
    def cell(self) -> CellKey:
        return self.submission_id, self.sheet, self.record, self.column


def doubts_of_file(
    pack: Pack,
    frames: Mapping[str, pl.DataFrame],
    printed: Mapping[str, LastYear],
    meant: Mapping[CellKey, float] = NOTHING,
) -> list[Doubt]:
    """What can be doubted of each workbook by itself. `printed` is what the templates print of the year before (sheet →
    submission → column → value): it tells what was probably meant, and decides nothing. `meant` has what the rules of
    the sheets suggest for cells that cannot be right."""
    numbers = judged_numbers(pack, frames)
    if numbers.is_empty():
        return []
    own = numbers.join(own_bounds(pack), on="judgement", how="left")
    by_base = _by_base(pack, numbers)
    found = [*_beyond(POSSIBLE, own, "possible"), *_beyond_base(pack, by_base, POSSIBLE)]
    found += _without_wrong_bases(pack, _beyond_base(pack, by_base, PER_BASE), by_base)
    found += [*_beyond(USUAL, own, "usual"), *_beyond_whole(pack, numbers)]
    doubts = [_with_printed(doubt, printed) for doubt in _with_middles(_once(found), by_base)]
    exchanged = _with_own_bases(pack, list(_exchanged_in_file(pack, doubts, numbers, by_base, printed)))
    copied = _copied_in_file(_without_echoes(pack, exchanged, meant), numbers)
    return list(_with_years(pack, list(copied), numbers))


def _without_echoes(pack: Pack, doubts: Sequence[Doubt], meant: Mapping[CellKey, float] = NOTHING) -> list[Doubt]:
    """The doubts, but for those of numbers that would be as expected if their base, which is doubted itself, were what
    was probably meant."""
    slips = {
        doubt.cell: likely_slip(_column(pack, doubt.sheet, doubt.column), Decimal(repr(doubt.value)), doubt.anchors)
        for doubt in doubts
        if not doubt.exchanged_with
    }
    mended = {**meant, **{cell: float(slip.meant) for cell, slip in slips.items() if slip}}
    return [doubt for doubt in doubts if not _is_echo(doubt, mended)]


def _is_echo(doubt: Doubt, mended: Mapping[CellKey, float]) -> bool:
    base = doubt.base
    right = mended.get((doubt.submission_id, base.sheet, base.record, base.column)) if base else None
    if not base or not right or right < 0 or doubt.exchanged_with:
        return False
    if doubt.rule_id == RELATED:
        return doubt.value <= right
    if not doubt.anchors or doubt.value <= 0:
        return False
    off = log(doubt.value / doubt.anchors[-1].number)
    return abs(off - log(right / base.value)) + BETTER <= abs(off)


def _with_years(pack: Pack, doubts: Sequence[Doubt], numbers: pl.DataFrame) -> Iterator[Doubt]:
    """The doubts; of a count that is the report year, or the year before or after, it is said that a year was typed."""
    year_of = dict(_of_files_of(doubts, numbers).select("submission_id", "report_year").unique().iter_rows())
    for doubt in doubts:
        is_count = _column(pack, doubt.sheet, doubt.column).type == "integer"
        is_year = is_count and abs(doubt.value - year_of[doubt.submission_id]) <= 1
        yield replace(doubt, copied=Copied("year")) if is_year and not doubt.exchanged_with else doubt


def _with_own_bases(pack: Pack, doubts: Sequence[Doubt]) -> list[Doubt]:
    """The doubts; a number that fits its base, which stands beside it, only where the base stands makes one of an
    exchange, and takes the base's."""
    exchanged = [_exchanged_with_base(pack, doubt) for doubt in doubts]
    taken = {_other_cell(each) for each in exchanged if each.exchanged_with}
    return [each for each in exchanged if each.exchanged_with or each.cell not in taken]


def _exchanged_with_base(pack: Pack, doubt: Doubt) -> Doubt:
    base = doubt.base
    if not base or doubt.exchanged_with or not doubt.anchors or not _is_beside(pack, doubt, base):
        return doubt
    if not can_hold(_column(pack, base.sheet, base.column), doubt.value):
        return doubt
    expected = doubt.anchors[-1].number
    here, there = abs(log(doubt.value / expected)), abs(log(base.value**2 / (expected * doubt.value)))
    column = _column(pack, doubt.sheet, doubt.column)
    slips = [likely_slip(column, Decimal(repr(doubt.value)), held) for held in (doubt.anchors, doubt.anchors[-1:])]
    by_slip = [abs(log(float(slip.meant) / expected)) for slip in slips if slip and slip.meant]
    if there > FITS_EXCHANGED or there + CLEARLY > min([here, *by_slip]):
        return doubt
    return replace(doubt, exchanged_with=base.column, shown={**doubt.shown, "next_value": _typed(base.value)})


def _is_beside(pack: Pack, doubt: Doubt, base: BaseCell) -> bool:
    if (base.sheet, base.record) != (doubt.sheet, doubt.record):
        return False
    names = [column.name for column in judged_columns(pack, _contract(pack, doubt.sheet))]
    return abs(names.index(base.column) - names.index(doubt.column)) == 1


def _copied_in_file(doubts: Sequence[Doubt], numbers: pl.DataFrame) -> Iterator[Doubt]:
    """The doubts; of one whose number is last year's, or stands beside it too, it is known where it comes from."""
    values = {_cell(row): row["value"] for row in _of_files_of(doubts, numbers).iter_rows(named=True)}
    beside = _neighbours(values)
    for doubt in doubts:
        before = next((anchor.number for anchor in doubt.anchors if anchor.is_told), None)
        same = [cell for cell in beside.get(doubt.cell, ()) if values[cell] == doubt.value]
        if doubt.exchanged_with or not _is_telling(doubt.value) or not (same or before == doubt.value):
            yield doubt
        elif before == doubt.value:
            yield replace(doubt, copied=Copied("last_year"))
        else:
            yield replace(
                doubt, copied=Copied("neighbour", same[0][3] if same[0][3] != doubt.column else str(same[0][2]))
            )


def _copied_of_others(doubts: Sequence[Doubt], this_year: pl.DataFrame, last_year: pl.DataFrame) -> Iterator[Doubt]:
    """The doubts; of one whose number another respondent has in the same place, this year or last, that is known."""
    bare = {
        doubt.cell for doubt in doubts if not doubt.exchanged_with and not doubt.copied and _is_telling(doubt.value)
    }
    if not bare:
        yield from doubts
        return
    cell = ["submission_id", "sheet", "record", "column"]
    keys = pl.DataFrame(sorted(bare), schema=this_year.select(cell).schema, orient="row")
    place = [*ITEM, "value"]
    others = pl.concat(
        [
            frame.select(*place, other="respondent_code", is_before=pl.lit(is_before))
            for frame, is_before in ((this_year, False), (last_year, True))
        ]
    )
    found = (
        this_year.join(keys, on=cell)
        .join(others, on=place)
        .filter(pl.col("other") != pl.col("respondent_code"))
        .sort(*cell, "is_before", "other", descending=[*[False] * 4, True, False])
        .unique(cell, keep="first", maintain_order=True)
        .join(others.group_by(list(ITEM)).agg(n_others=pl.len()), on=list(ITEM))
        .filter(pl.col("n_others") * MORE_THAN_CHANCE <= 10 ** pl.col("value").map_elements(_digits, pl.Int64))
    )
    copied = {_cell(row): Copied("another", row["other"], row["is_before"]) for row in found.iter_rows(named=True)}
    yield from (replace(doubt, copied=copied.get(doubt.cell, doubt.copied)) for doubt in doubts)


def _is_telling(number: float) -> bool:
    """Whether it is hardly chance that a number with these digits stands in two places."""
    return _digits(number) >= COPIED_DIGITS


def _digits(number: float) -> int:
    """How many digits a number has, without zeros at its ends."""
    return len(_typed(number).replace(".", "").strip("0"))


def _of_files_of(doubts: Sequence[Doubt], numbers: pl.DataFrame) -> pl.DataFrame:
    return numbers.filter(pl.col("submission_id").is_in({doubt.submission_id for doubt in doubts}))


def _once(found: Sequence[Doubt]) -> list[Doubt]:
    """Of each cell the first doubt; what the others hold it against tells the slip too."""
    first: dict[CellKey, Doubt] = {}
    for doubt in found:
        first.setdefault(doubt.cell, doubt)
    return list(first.values())


def _outside(what: str, value: pl.Expr | str = "value") -> pl.Expr:
    at = pl.col(value) if isinstance(value, str) else value
    return (at < pl.col(f"{what}_low")).fill_null(False) | (at > pl.col(f"{what}_high")).fill_null(False)


def _beyond(rule_id: str, own: pl.DataFrame, what: str) -> Iterator[Doubt]:
    is_out = _outside(what)
    if what == "usual":
        is_out &= pl.col("value") != 0
    for row in own.filter(is_out).iter_rows(named=True):
        limit = _limit(row[f"{what}_low"], row[f"{what}_high"], row["value"])
        yield _doubt(rule_id, row, {"limit": limit}, ())


def _by_base(pack: Pack, numbers: pl.DataFrame) -> pl.DataFrame:
    """Numbers with their bases and what is possible and usual by them; `quotient` is the number by base. One below zero
    is wrong by itself, and by no base."""
    joined = with_base(numbers.join(base_bounds(pack), on="judgement", how="inner"), numbers)
    return joined.filter(pl.col("base_value") > 0, pl.col("value") >= 0).with_columns(
        quotient=pl.col("value") / pl.col("base_value")
    )


def _beyond_base(pack: Pack, by_base: pl.DataFrame, rule_id: str) -> list[Doubt]:
    what = "possible" if rule_id == POSSIBLE else "usual"
    is_out = _outside(what, "quotient") & (pl.col("value") != 0)
    if rule_id == POSSIBLE:
        is_out &= pl.col("base_value") >= LEAST_BASE
    else:
        low, high = (pl.col(f"usual_{end}") * pl.col("base_value") for end in ("low", "high"))
        off = pl.max_horizontal(pl.col("value") - high, low - pl.col("value"))
        is_out &= (off >= SMALL) | ~_is_count()
    return [_base_doubt(pack, rule_id, row, what) for row in by_base.filter(is_out).iter_rows(named=True)]


def _is_count() -> pl.Expr:
    """Whether small absolute differences say nothing, as of people and things; of sums of money they say something."""
    return pl.col("usual_high").is_null() | (pl.col("value") == pl.col("value").round())


def _base_doubt(pack: Pack, rule_id: str, row: Mapping[str, Any], what: str) -> Doubt:
    base = _column(pack, row["base_sheet"], row["base_column"])
    low, high = row[f"{what}_low"], row[f"{what}_high"]
    middle, quotient = _middle(row["usual_low"], row["usual_high"], row["base_value"]), row["quotient"]
    shown = {
        "limit": f"按“{base.label}”折合每{base.unit or '单位'} {_plain(quotient)}，{_limit(low, high, quotient)}",
        "base": base.label,
        "base_value": _typed(row["base_value"]),
    }
    return replace(
        _doubt(rule_id, row, shown, middle), base=_base_cell(row), is_above=high is not None and row["quotient"] > high
    )


def _base_cell(row: Mapping[str, Any]) -> BaseCell:
    return BaseCell(row["base_sheet"], row["base_record"], row["base_column"], row["base_value"])


def _middle(low: float | None, high: float | None, base: float) -> tuple[Anchor, ...]:
    """What a range by base leads to expect: its middle, on the scale of ratios."""
    if not high:
        return ()
    bottom = low or high / 20
    return (Anchor("通常水平", (bottom * high) ** 0.5 * base, 1.0),)


def _without_wrong_bases(
    pack: Pack, found: Sequence[Doubt], tried: pl.DataFrame, rule_id: str = WRONG_BASE
) -> Iterator[Doubt]:
    """The doubts, but for those that one wrong base explains: that is doubted instead, once.

    `tried`: submission_id, base_sheet, base_record, base_column of every number that was divided by a base.
    """
    off: dict[tuple[str, BaseCell, bool], list[Doubt]] = defaultdict(list)
    for doubt in found:
        if doubt.base:
            off[doubt.submission_id, doubt.base, doubt.is_above].append(doubt)
    names = ["submission_id", "base_sheet", "base_record", "base_column"]
    times = {tuple(row[:-1]): row[-1] for row in tried.group_by(names).agg(pl.len()).iter_rows()}
    for (submission_id, base, _), alike in off.items():
        divided = times[submission_id, base.sheet, base.record, base.column]
        if len(alike) >= FEWEST_OFF and len(alike) >= SHARE_OFF * divided:
            yield _wrong_base(pack, rule_id, submission_id, base, alike)
        else:
            yield from alike
    yield from (doubt for doubt in found if not doubt.base)


def _wrong_base(pack: Pack, rule_id: str, submission_id: str, base: BaseCell, alike: Sequence[Doubt]) -> Doubt:
    names = [f"“{_column(pack, doubt.sheet, doubt.column).label}”" for doubt in alike]
    shown = {"count": str(len(alike)), "names": "、".join(dict.fromkeys(names[:SHOWN_NAMES]))}
    medians = sorted(doubt.anchors[-1].number / doubt.value for doubt in alike if doubt.anchors)
    anchors = [Anchor("其他各项相称的数", base.value / medians[len(medians) // 2], 0.5)] if medians else []
    return Doubt(rule_id, submission_id, base.sheet, base.record, base.column, base.value, shown, tuple(anchors))


def _beyond_whole(pack: Pack, numbers: pl.DataFrame) -> Iterator[Doubt]:
    joined = with_base(numbers.join(wholes(pack), on="judgement", how="inner"), numbers)
    for row in joined.filter(pl.col("value") > pl.col("base_value")).iter_rows(named=True):
        whole = _column(pack, row["base_sheet"], row["base_column"])
        shown = {"whole": whole.label, "whole_value": _typed(row["base_value"])}
        doubt = _doubt(RELATED, row, shown, (Anchor(f"“{whole.label}”", row["base_value"], 1.0),))
        yield replace(doubt, base=_base_cell(row))


def _with_middles(doubts: Sequence[Doubt], by_base: pl.DataFrame) -> Iterator[Doubt]:
    """The doubts; one that has nothing to be held against is held against what its bases lead to expect."""
    bare = {doubt.cell for doubt in doubts if not doubt.anchors}
    middles: dict[CellKey, tuple[Anchor, ...]] = {}
    if bare:
        for row in by_base.filter(pl.col("submission_id").is_in({cell[0] for cell in bare})).iter_rows(named=True):
            cell = _cell(row)
            if anchors := _middle(row["usual_low"], row["usual_high"], row["base_value"]):
                middles.setdefault(cell, anchors)
    for doubt in doubts:
        yield doubt if doubt.anchors else replace(doubt, anchors=middles.get(doubt.cell, ()))


@dataclass(frozen=True, slots=True)
class _Room:
    """A number of a workbook, and from what to what it would be believed; both ends are None where nobody knows."""

    value: float
    low: float | None = None
    high: float | None = None

    def takes(self, value: float) -> bool | None:
        return None if self.low is None or self.high is None else self.low <= value <= self.high


def _cell(row: Mapping[str, Any]) -> CellKey:
    return row["submission_id"], row["sheet"], row["record"], row["column"]


def _exchanged_in_file(
    pack: Pack,
    doubts: Sequence[Doubt],
    numbers: pl.DataFrame,
    by_base: pl.DataFrame,
    printed: Mapping[str, LastYear],
) -> Iterator[Doubt]:
    """The doubts; two neighbours that each would be believed where the other stands make one, of an exchange."""
    doubted = {doubt.cell for doubt in doubts}
    of_files = pl.col("submission_id").is_in({cell[0] for cell in doubted})
    rooms = _rooms(numbers.filter(of_files), by_base.filter(of_files), printed)
    neighbours = _neighbours(rooms)
    told: set[CellKey] = set()
    for doubt in doubts:
        if doubt.cell in told:
            continue
        beside = neighbours.get(doubt.cell, ())
        fits = [other for other in beside if _fit_exchanged(rooms, doubt.cell, other, doubted)]
        fits = [other for other in fits if _can_hold(pack, doubt.cell, rooms[other].value)]
        fits = [other for other in fits if _can_hold(pack, other, doubt.value)]
        if not fits:
            yield doubt
            continue
        other = fits[0]
        told |= {doubt.cell, other}
        name = other[3] if other[3] != doubt.column else str(other[2])
        yield replace(doubt, exchanged_with=name, shown={**doubt.shown, "next_value": _typed(rooms[other].value)})


def _can_hold(pack: Pack, cell: CellKey, value: float) -> bool:
    return can_hold(_column(pack, cell[1], cell[3]), value)


def _rooms(numbers: pl.DataFrame, by_base: pl.DataFrame, printed: Mapping[str, LastYear]) -> dict[CellKey, _Room]:
    """The numbers of some workbooks in the order of their sheets, with the room that last year or their base leaves."""
    rooms: dict[CellKey, _Room] = {}
    for row in numbers.iter_rows(named=True):
        cell = _cell(row)
        of_file = printed.get(row["sheet"], {}).get(row["submission_id"], {})
        before = float(of_file.get(row["column"], 0)) if row["record"] == FORM_RECORD else 0.0
        rooms[cell] = _Room(row["value"], before / 1.3, before * 1.3) if before else _Room(row["value"])
    for row in by_base.filter(pl.col("usual_high").is_not_null()).iter_rows(named=True):
        cell = _cell(row)
        low = row["usual_low"] or row["usual_high"] / 50
        if rooms[cell].low is None:
            rooms[cell] = _Room(row["value"], low * row["base_value"], row["usual_high"] * row["base_value"])
    return rooms


def _neighbours(cells: Iterable[CellKey]) -> dict[CellKey, list[CellKey]]:
    """The cells beside each: the next and the last number of its record, and of its column."""
    lines: dict[tuple[object, ...], list[CellKey]] = defaultdict(list)
    for cell in cells:
        lines[cell[:3]].append(cell)
    for cell in sorted(cells, key=lambda each: each[2]):
        lines[(*cell[:2], "column", cell[3])].append(cell)
    beside: dict[CellKey, list[CellKey]] = defaultdict(list)
    for line in lines.values():
        for at, cell in enumerate(line):
            beside[cell] += [line[n] for n in (at + 1, at - 1) if 0 <= n < len(line)]
    return beside


def _fit_exchanged(rooms: Mapping[CellKey, _Room], cell: CellKey, other: CellKey, doubted: Set[CellKey]) -> bool:
    """Whether two numbers would be believed in each other's place, and at least one is not where it stands."""
    one, two = rooms[cell], rooms[other]
    if one.takes(one.value) is not False or not one.takes(two.value):
        return False
    return two.takes(one.value) is True and (other in doubted or two.takes(two.value) is False)


def _with_printed(doubt: Doubt, printed: Mapping[str, LastYear]) -> Doubt:
    """The doubt, held first against the number of last year that the template prints beside it."""
    of_file = printed.get(doubt.sheet, {}).get(doubt.submission_id, {})
    before = of_file.get(doubt.column) if doubt.record == FORM_RECORD else None
    return _held(doubt, Anchor("上年", float(before), STEADY, is_told=True)) if before else doubt


def _held(doubt: Doubt, anchor: Anchor) -> Doubt:
    return replace(doubt, anchors=(anchor, *doubt.anchors))


def doubts_of_year(pack: Pack, this_year: pl.DataFrame, last_year: pl.DataFrame, kinds: pl.DataFrame) -> list[Doubt]:
    """What can be doubted of the numbers of a year (NUMBERS_SCHEMA), held against the year before and their peers.

    `kinds`: respondent_code, kind. A cell that last year makes doubtful is not held against its peers too.
    """
    by_year = doubts_by_last_year(pack, this_year, last_year)
    told = {cell for doubt in by_year for cell in _cells_of(doubt)}
    by_peers = [doubt for doubt in _doubts_by_peers(pack, this_year, kinds) if doubt.cell not in told]
    doubts = list(_copied_of_others(_without_echoes(pack, [*by_year, *by_peers]), this_year, last_year))
    return list(_with_years(pack, doubts, this_year))


def doubts_by_last_year(pack: Pack, this_year: pl.DataFrame, last_year: pl.DataFrame) -> list[Doubt]:
    """What can be doubted of the numbers of a year beside the same respondents' of the year before."""
    before = last_year.select("respondent_code", *ITEM, before="value").unique(
        ["respondent_code", *ITEM], keep="first", maintain_order=True
    )
    held = this_year.join(before, on=["respondent_code", *ITEM], how="left", maintain_order="left").join(
        own_bounds(pack), on="judgement", how="left", maintain_order="left"
    )
    anchored = held.with_columns(
        anchor=pl.when(pl.col("before") > 0).then(pl.col("before")), sigma=pl.lit(STEADY), least=pl.lit(12.0)
    )
    doubts = _exchanges_first(_exchanged(EXCHANGED, anchored), _moved(held))
    return list(_with_years(pack, doubts, this_year))


def _doubts_by_peers(pack: Pack, this_year: pl.DataFrame, kinds: pl.DataFrame) -> list[Doubt]:
    numbers = this_year.join(own_bounds(pack), on="judgement", how="left", maintain_order="left")
    held = _with_peers(numbers, this_year, kinds)
    is_close = pl.max_horizontal("peer_spread", pl.lit(STEADY)) <= 2 * STEADY
    anchored = held.with_columns(
        anchor=pl.when(is_close & (pl.col("peer_value") > 0)).then(pl.col("peer_value")),
        sigma=pl.max_horizontal("peer_spread", pl.lit(STEADY)),
        least=pl.lit(20.0),
    )
    tried = held.filter(pl.col("peer_base").is_not_null() & pl.col("peer_value").is_not_null())
    apart = _without_wrong_bases(pack, list(_apart(pack, held)), tried, PEERS_BASE)
    return _exchanges_first(_exchanged(PEERS_EXCHANGED, anchored), iter(_with_own_bases(pack, list(apart))))


def _exchanges_first(exchanged: Iterator[Doubt], others: Iterator[Doubt]) -> list[Doubt]:
    """The exchanges, and the doubts of cells that are in none."""
    first, told = list[Doubt](), set[CellKey]()
    for doubt in exchanged:
        if told.isdisjoint(_cells_of(doubt)):
            first.append(doubt)
            told.update(_cells_of(doubt))
    return [*first, *(doubt for doubt in _once(list(others)) if doubt.cell not in told)]


def _cells_of(doubt: Doubt) -> tuple[CellKey, ...]:
    return (doubt.cell, _other_cell(doubt)) if doubt.exchanged_with else (doubt.cell,)


def _other_cell(doubt: Doubt) -> CellKey:
    if doubt.exchanged_with.isdecimal():
        return doubt.submission_id, doubt.sheet, int(doubt.exchanged_with), doubt.column
    return doubt.submission_id, doubt.sheet, doubt.record, doubt.exchanged_with


def _with_peers(numbers: pl.DataFrame, every: pl.DataFrame, kinds: pl.DataFrame) -> pl.DataFrame:
    """The numbers with `peer_value` (what base and peers lead to expect), `peer_spread` and `peer_allowed` (differences
    of logarithms)."""
    base = pl.when(pl.col("peer_base").is_null()).then(1.0).otherwise("base_value")
    based = (
        with_base(numbers, every, "peer_base")
        .with_columns(base_value=base)
        .join(kinds, on="respondent_code", how="left")
        .with_columns(
            log_ratio=pl.when(
                (pl.col("value") > 0) & (pl.col("base_value") > 0) & pl.col("peer_ratio").is_not_null()
            ).then((pl.col("value") / pl.col("base_value")).log())
        )
    )
    items = based.drop_nulls(["log_ratio", "kind"])
    of_kind, of_all = _centres(items, [*ITEM, "kind"]), _centres(items, list(ITEM))
    joined = based.join(of_kind, on=[*ITEM, "kind"], how="left").join(of_all, on=list(ITEM), how="left", suffix="_all")
    has_kind = pl.col("n_peers") >= FEWEST_PEERS
    has_any = has_kind | (pl.col("n_peers_all") >= FEWEST_PEERS)
    centre = pl.when(has_kind).then("centre").when(has_any).then("centre_all")
    spread = pl.when(has_kind).then("spread").when(has_any).then("spread_all")
    widened = pl.when(has_kind).then(1.0).otherwise(FALLBACK)
    return joined.with_columns(
        peer_value=centre.exp() * pl.col("base_value"),
        peer_spread=spread,
        peer_allowed=pl.max_horizontal((pl.col("peer_ratio") * widened).log(), pl.col("peer_spreads") * spread),
    )


def _centres(items: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """The median and the robust deviation (1.4826 times the median of the absolute ones) of each group."""
    with_centre = items.with_columns(centre=pl.col("log_ratio").median().over(keys))
    return with_centre.group_by(keys).agg(
        n_peers=pl.len(),
        centre=pl.col("centre").first(),
        spread=(pl.col("log_ratio") - pl.col("centre")).abs().median() * 1.4826,
    )


def _moved(expected: pl.DataFrame) -> Iterator[Doubt]:
    """Numbers that have moved further in a year than theirs do."""
    high, low = pl.max_horizontal("value", "before"), pl.min_horizontal("value", "before")
    is_moved = (high > low * pl.col("last_ratio")) & (high - low >= pl.col("last_step"))
    for row in expected.filter(is_moved).iter_rows(named=True):
        shown = {"before": _typed(row["before"]), "times": _plain(row["last_ratio"])}
        anchor = (Anchor("上年", row["before"], STEADY, is_told=True),) if row["before"] else ()
        yield _doubt(LAST_YEAR, row, shown, anchor)


def _apart(pack: Pack, expected: pl.DataFrame) -> Iterator[Doubt]:
    """Numbers that lie further from their peers than theirs do."""
    distance = (pl.col("value") / pl.col("peer_value")).log().abs()
    is_apart = (
        (pl.col("value") > 0)
        & (pl.col("peer_value") > 0)
        & (distance > pl.col("peer_allowed"))
        & ((pl.col("value") - pl.col("peer_value")).abs() >= pl.col("peer_step"))
    )
    for row in expected.filter(is_apart).iter_rows(named=True):
        base = _column(pack, row["base_sheet"], row["base_column"]) if row["peer_base"] else None
        shown = {"by": f"按“{base.label}”推算" if base else "", "peer_value": _plain(row["peer_value"])}
        anchor = Anchor("同类学校的水平", row["peer_value"], max(row["peer_spread"], STEADY))
        doubt = _doubt(PEERS, row, shown, (anchor,))
        yield replace(doubt, base=_base_cell(row) if base else None, is_above=row["value"] > row["peer_value"])


def _exchanged(rule_id: str, anchored: pl.DataFrame) -> Iterator[Doubt]:
    """Neighbours that each fit where the other stands, and not where they stand: in a record, and down a column.

    `anchored` has what each is held against (`anchor`), how far it moves (`sigma`), the gain that is asked (`least`).
    """
    positive = anchored.filter(pl.col("value") > 0)
    ways = (
        (["submission_id", "sheet", "record"], "position", "column"),
        (["submission_id", "sheet", "column"], "record", "record"),
    )
    for group, order, other in ways:
        paired = positive.sort(*group, order).with_columns(
            next_value=pl.col("value").shift(-1).over(group),
            next_anchor=pl.col("anchor").shift(-1).over(group),
            next_sigma=pl.col("sigma").shift(-1).over(group),
            other=pl.col(other).cast(pl.String).shift(-1).over(group),
        )
        for row in paired.filter(_fits_exchanged()).iter_rows(named=True):
            known = [_plain(each) if each else "不详" for each in (row["anchor"], row["next_anchor"])]
            shown = {"next_value": _typed(row["next_value"]), "own": known[0], "next": known[1]}
            yield _doubt(rule_id, row, shown, (), row["other"])


def _fits_exchanged() -> pl.Expr:
    """Whether two neighbours fit where the other stands; where only one has an anchor, it must fit the better."""

    def off(value: str, anchor: str, sigma: str) -> pl.Expr:
        return (pl.col(value) / pl.col(anchor)).log() / pl.col(sigma)

    before = off("value", "anchor", "sigma"), off("next_value", "next_anchor", "next_sigma")
    after = off("next_value", "anchor", "sigma"), off("value", "next_anchor", "next_sigma")
    gain = pl.sum_horizontal(*(each**2 for each in before)) - pl.sum_horizontal(*(each**2 for each in after))
    has_both = before[0].is_not_null() & before[1].is_not_null()
    is_near = pl.max_horizontal(*(each.abs() for each in after)) <= pl.when(has_both).then(2.5).otherwise(1.0)
    are_opposite = pl.when(has_both).then(before[0] * before[1] < 0).otherwise(True)
    least = pl.when(has_both).then("least").otherwise(4 * pl.col("least"))
    is_apart = (pl.col("value") - pl.col("next_value")).abs() >= SMALL
    return (gain >= least) & is_near & are_opposite & is_apart


def plausibility_findings(
    pack: Pack,
    doubts: Sequence[Doubt],
    file_names: Mapping[str, str],
    cell_of: CellOf,
    names: Mapping[str, str] | None = None,
) -> list[Finding]:
    """A finding for each doubt, at its cell, with the slip that probably lies behind it; `file_names` by submission,
    `names` of the respondents by code."""
    return [_finding(pack, doubt, file_names, cell_of, names or {}) for doubt in doubts]


def _finding(
    pack: Pack, doubt: Doubt, file_names: Mapping[str, str], cell_of: CellOf, names: Mapping[str, str]
) -> Finding:
    contract = _contract(pack, doubt.sheet)
    column, rule = contract.column(doubt.column), load_intake_rules()[doubt.rule_id]
    places = Places(contract, file_names, cell_of)
    at = places.at(doubt.submission_id, None if contract.shape == "form" else doubt.record, doubt.column)
    texts = {"label": column.label, "value": _typed(doubt.value), "unit": column.unit or "", **doubt.shown}
    slip = likely_slip(column, Decimal(repr(doubt.value)), doubt.anchors)
    words = slip.words if slip else None
    suggested: tuple[SuggestedCell, ...] = (SuggestedCell(column.name, slip.meant),) if slip else ()
    if doubt.copied and (doubt.copied.kind == "year" or slip is None or slip.kind in OF_DIGITS):
        words, suggested = _of_copy(contract, doubt, doubt.copied, places, names), ()
    if doubt.exchanged_with:
        texts["other"], words = _other(contract, doubt, places)
        suggested = _swapped(contract, doubt)
    message, fix = rule.message.format(**texts), rule.fix.format(**texts)
    return finding(at.address, at.text, rule.id, rule, rule.severity, message, fix, words, suggested)


def _swapped(contract: Contract, doubt: Doubt) -> tuple[SuggestedCell, ...]:
    """The cells of the doubt's own record with the numbers exchanged."""
    column = contract.column(doubt.column)
    own = SuggestedCell(column.name, typed_number(column, Decimal(doubt.shown["next_value"])))
    if doubt.exchanged_with.isdecimal():
        return (own,)
    other = contract.column(doubt.exchanged_with)
    return own, SuggestedCell(other.name, typed_number(other, Decimal(repr(doubt.value))))


def with_slips(
    findings: Sequence[Finding],
    pack: Pack,
    frames: Mapping[str, pl.DataFrame],
    cells: pl.DataFrame,
    printed: Mapping[str, LastYear],
) -> list[Finding]:
    """The findings; one about a number that says nothing of its cause says the likely slip, where one is plain.

    `cells`: CELL_SCHEMA.
    """
    contracts = {contract.title: contract for contract in load_contracts(pack)}
    bare = [each for each in findings if each.suggestion is None and _is_of_number(each, contracts)]
    if not bare:
        return list(findings)
    of_files = pl.col("submission_id").is_in({each.address.submission_id for each in bare})
    at = cells.filter(of_files).select("submission_id", "sheet", "cell", "record")
    records = {row[:3]: row[3] for row in at.iter_rows()}
    said: dict[Finding, Finding] = {}
    cell_of: dict[Finding, CellKey] = {}
    for each in bare:
        contract, place = contracts[each.address.sheet], each.address
        record = records.get((place.submission_id, contract.name, place.cell), FORM_RECORD)
        cell_of[each] = place.submission_id, contract.name, record, place.column_name or ""
    unread = {cell: float(each.value or 0) for each, cell in cell_of.items() if is_unread_number(each)}
    numbers = judged_numbers(pack, with_unread(frames, unread)).filter(of_files)
    held = _anchors_of_files(pack, numbers, printed)
    for each, cell in cell_of.items():
        column = contracts[each.address.sheet].column(cell[3])
        number, anchors = held.get(cell, (None, ()))
        slip = None if number is None else likely_slip(column, number, anchors)
        if slip and slip.kind not in OF_DIGITS:  # other digits would be a guess, which the rule itself may contradict
            said[each] = replace(each, suggestion=slip.words, suggested=(SuggestedCell(column.name, slip.meant),))
        elif each.rule_id in UNREAD and (words := share_told(column, each.value or "")):
            said[each] = replace(each, suggestion=words)
    return [said.get(each, each) for each in findings]


def with_exchanges(findings: Sequence[Finding], pack: Pack, cells: pl.DataFrame) -> list[Finding]:
    """The findings; where the number that is suggested stands in the row above or below, in which something is wrong
    too, the two are exchanged, and that is suggested.

    `cells`: CELL_SCHEMA.
    """
    fixed = {contract.title: contract for contract in load_contracts(pack) if contract.rows}
    asked = [each for each in findings if each.severity != "info" and each.suggested and each.address.sheet in fixed]
    if not asked:
        return list(findings)
    of_sheets = pl.col("sheet").is_in({fixed[each.address.sheet].name for each in asked})
    of_files = pl.col("submission_id").is_in({each.address.submission_id for each in asked})
    rows = cells.filter(of_sheets & of_files).select("submission_id", "sheet", "column_name", "cell", "raw_text")
    texts = {(*row[:3], _row_of(row[3])): (row[3], row[4]) for row in rows.iter_rows() if row[3]}
    suspect = {(each.address.submission_id, each.address.sheet, _row_of(each.address.cell)) for each in findings}
    said = {each: _in_column(each, fixed[each.address.sheet], texts, suspect) for each in asked}
    return [said.get(each, each) for each in findings]


def _in_column(
    each: Finding,
    contract: Contract,
    texts: Mapping[tuple[str, str, str, int], tuple[str, str]],
    suspect: Set[tuple[str, str, int]],
) -> Finding:
    at, row = each.address, _row_of(each.address.cell)
    for meant in each.suggested:
        line = at.submission_id, contract.name, meant.column_name
        own = texts.get((*line, row))
        for beside in (row - 1, row + 1):
            other = texts.get((*line, beside))
            if own is None or other is None or (at.submission_id, at.sheet, beside) not in suspect:
                continue
            if own[1] != other[1] and NUMBER.fullmatch(other[1]) and Decimal(other[1]) == meant.value:
                label = contract.column(meant.column_name).label
                words = f"“{label}”与{beside}行填反了：{own[0]} 应为 {other[1]}，{other[0]} 应为 {own[1]}"
                return replace(each, suggestion=words, suggested=(meant,))
    return each


def _row_of(cell: str | None) -> int:
    digits = (cell or "").lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return int(digits) if digits else 0


def _is_of_number(each: Finding, contracts: Mapping[str, Contract]) -> bool:
    if each.severity == "info" or not each.address.column_name or each.address.sheet not in contracts:
        return False
    named = [column for column in contracts[each.address.sheet].columns if column.name == each.address.column_name]
    return bool(named and named[0].judged)


def _anchors_of_files(
    pack: Pack, numbers: pl.DataFrame, printed: Mapping[str, LastYear]
) -> dict[CellKey, tuple[Decimal, tuple[Anchor, ...]]]:
    """CellKey → the number, and what the workbook holds it against."""
    found: dict[CellKey, tuple[Decimal, tuple[Anchor, ...]]] = {}
    for row in numbers.join(own_bounds(pack), on="judgement", how="left").iter_rows(named=True):
        own = _middle(row["usual_low"], row["usual_high"], 1.0) if row["usual_low"] else ()
        of_file = printed.get(row["sheet"], {}).get(row["submission_id"], {})
        before = None if row["row"] else of_file.get(row["column"])
        last = (Anchor("上年", float(before), STEADY, is_told=True),) if before else ()
        found[_cell(row)] = Decimal(repr(row["value"])), (*last, *own)
    for row in _by_base(pack, numbers).iter_rows(named=True):
        number, anchors = found[_cell(row)]
        found[_cell(row)] = number, (*anchors, *_middle(row["usual_low"], row["usual_high"], row["base_value"]))
    return found


def _of_copy(contract: Contract, doubt: Doubt, copied: Copied, places: Places, names: Mapping[str, str]) -> str:
    """What has happened, in words: a number of elsewhere has been typed. What was meant nobody knows."""
    if copied.kind == "year":
        return f"{_typed(doubt.value)} 像是年份：很可能误填了年份"
    if copied.kind == "last_year":
        return f"与上年的数 {_typed(doubt.value)} 完全相同：很可能误填了上年的数"
    if copied.kind == "neighbour":
        return f"与“{_name_of(contract, doubt, copied.of, places)}”的数相同：很可能误填了相邻一项的数"
    when = "上年" if copied.is_of_last_year else "本年"
    return f"与{names.get(copied.of, copied.of)}{when}的数完全相同：很可能误填了另一所学校的数"


def _name_of(contract: Contract, doubt: Doubt, of: str, places: Places) -> str:
    """What another number is called: its column, or the record (its number) that it stands in."""
    if of.isdecimal():
        place = places.at(doubt.submission_id, int(of), doubt.column).address
        return f"{place.record_key}（{place.cell}）"
    return contract.column(of).label


def _other(contract: Contract, doubt: Doubt, places: Places) -> tuple[str, str]:
    """What the other number of an exchange is called, and the slip in words."""
    name = _name_of(contract, doubt, doubt.exchanged_with, places)
    return name, f"与“{name}”填反了：应为 {doubt.shown['next_value']}，“{name}”应为 {_typed(doubt.value)}"


def _doubt(
    rule_id: str, row: Mapping[str, Any], shown: Mapping[str, str], anchors: tuple[Anchor, ...], other: str = ""
) -> Doubt:
    return Doubt(rule_id, *_cell(row), row["value"], shown, anchors, other)


@lru_cache
def _contract(pack: Pack, name: str) -> Contract:
    return next(contract for contract in load_contracts(pack) if contract.name == name)


def _column(pack: Pack, sheet: str, column: str) -> Column:
    return _contract(pack, sheet).column(column)


def _limit(low: float | None, high: float | None, value: float) -> str:
    """The end that a number is beyond, in words."""
    return f"不应少于 {_plain(low)}" if low is not None and value < low else f"不应多于 {_plain(high or 0)}"


def _typed(number: float) -> str:
    """A number that stands in a cell, with all its digits."""
    return f"{Decimal(repr(number)).normalize():f}"


def _plain(number: float) -> str:
    """A number that was worked out, as people write it: no more digits than tell, no exponent."""
    if abs(number) >= 1000 or number == int(number):
        return f"{number:.2f}".rstrip("0").rstrip(".")
    return f"{number:.3g}" if abs(number) >= 0.001 else f"{number:.1e}"
