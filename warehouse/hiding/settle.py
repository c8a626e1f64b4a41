"""Reads what the models have added up, decides what is hidden, and notes it where they look: registry.hidden_value.

The steps towards figures (`intermediate`) hold everything, the figures themselves and all that is made of them do not.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb

from sources.declarations.pack import Pack
from warehouse.catalogue.known_relation import KnownRelation, added_up, known_relations, same_in_other_words
from warehouse.catalogue.small_group import SmallGroup, small_groups_of
from warehouse.hiding.attack import INFINITE
from warehouse.hiding.hide import Hidden, hide
from warehouse.hiding.printed_sums import MeasureCell, Number, PrintedAt, PrintedYear, Sensitive
from warehouse.store.sql import transaction

HIDDEN_VALUE = "registry.hidden_value"
KEY = ("report_year", "subject_kind", "subject_code", "scope_code", "kind", "code")
COLUMNS = ", ".join((*KEY, "reason", "people", "low", "high", "needed_low", "needed_high"))
Row = tuple[Any, ...]
TOGETHER: Row = ("together", None, None, None, None, None)


def settle(connection: duckdb.DuckDBPyConnection, pack: Pack) -> bool:
    """Decides for every year what is hidden, and notes it; returns whether that is something else than before.

    Raises WorkedOutError when a number could be worked out more closely than is declared.
    """
    if not _is_built(connection):
        return False
    rows = sorted(_rows(connection, pack), key=repr)
    noted = connection.execute(f"select {COLUMNS} from {HIDDEN_VALUE}").fetchall()
    if rows == sorted(noted, key=repr):
        return False
    with transaction(connection):
        connection.execute(f"delete from {HIDDEN_VALUE}")
        if rows:
            marks = ", ".join("?" * len(rows[0]))
            connection.executemany(f"insert into {HIDDEN_VALUE} ({COLUMNS}) values ({marks})", rows)
    return True


def _is_built(connection: duckdb.DuckDBPyConnection) -> bool:
    found = connection.execute(
        "select count(*) from duckdb_tables() where schema_name = 'intermediate'"
        " and table_name in ('int_indicator', 'int_measure_school', 'int_scope_member')"
    ).fetchone()
    return found == (3,)


def _rows(connection: duckdb.DuckDBPyConnection, pack: Pack) -> Iterator[Row]:
    groups = small_groups_of(pack)
    few = [
        _Few(*found)
        for found in connection.execute(
            "select report_year, subject_kind, subject_code, scope_code, indicator_code, definition, denominator"
            " from intermediate.int_indicator where numerator is not null and denominator > 0 and denominator < ?"
            " order by all",
            [max((group.minimum for group in groups.values()), default=0)],
        ).fetchall()
        if found[4] in groups and found[6] < groups[found[4]].minimum
    ]
    for report_year in sorted({each.report_year for each in few}):
        of_year = [each for each in few if each.report_year == report_year]
        read = _read(connection, pack, report_year, of_year)
        yield from _noted(pack, report_year, read, hide(read.year, list(_sensitive(groups, read, of_year))))


@dataclass(frozen=True, slots=True)
class _Few:
    """A ratio that rests on few people."""

    report_year: int
    subject_kind: str
    subject: str
    scope: str
    indicator: str
    definition: str
    people: Any

    @property
    def place(self) -> PrintedAt:
        return PrintedAt("indicator", self.indicator, self.subject_kind, self.subject, self.scope)


@dataclass(frozen=True, slots=True)
class _Read:
    """A year as it would be printed in full. `of_place`: an indicator's place → the numbers above and below."""

    year: PrintedYear
    of_place: Mapping[PrintedAt, tuple[Number, ...]]


def _read(connection: duckdb.DuckDBPyConnection, pack: Pack, report_year: int, few: Iterable[_Few]) -> _Read:
    """The cells, sums and places of all measures that have to do with what rests on few people."""
    # Long: what is read, and the three kinds of places at which a number is printed.
    terms = _terms(connection, report_year)
    sides = [side for of in terms.values() for side in of if len(side) > 1]
    known = known_relations(pack)
    wanted = {measure for each in few for measure in terms[each.indicator, each.definition][0]}
    bound = PrintedYear({}, {Number(side, frozenset()): frozenset() for side in sides}, known).related(wanted)
    # what an indicator sets beside one of them is needed to say where it is printed
    beside = {code for sides in terms.values() if bound & {*sides[0], *sides[1]} for side in sides for code in side}
    measures = added_up(pack) & (bound | beside)
    values = {
        MeasureCell(measure, school): float(value)
        for school, measure, value in connection.execute(
            "select school_code, measure_code, value from intermediate.int_measure_school"
            " where report_year = ? and value is not null and list_contains(?, measure_code)",
            [report_year, sorted(measures)],
        ).fetchall()
    }
    regions = connection.execute(
        "select ancestor_code, scope_code, list(school_code order by school_code) from intermediate.int_scope_member"
        " inner join reference.region_path using (region_code) where report_year = ? group by all order by all",
        [report_year],
    ).fetchall()
    schools = sorted({school for _, _, members in regions for school in members})
    subjects = [("school", school, "school", (school,)) for school in schools]
    subjects += [("region", region, scope, tuple(members)) for region, scope, members in regions]
    places: dict[Number, set[PrintedAt]] = {}
    of_place: dict[PrintedAt, tuple[Number, ...]] = {}
    for kind, subject, scope, members in subjects:
        reported = {m: frozenset(school for school in members if MeasureCell(m, school) in values) for m in measures}
        for measure in sorted(measures):
            if reported[measure]:
                place = PrintedAt("measure", measure, kind, subject, scope)
                places.setdefault(Number((measure,), reported[measure]), set()).add(place)
        for (indicator, _), (above, below) in terms.items():
            if not {*above, *below} <= measures:
                continue
            # a ratio is of the schools that report both; of a sum, each measure is of those that report it
            both = frozenset.intersection(*(reported[measure] for measure in (*above, *below)))
            if both:
                place = PrintedAt("indicator", indicator, kind, subject, scope)
                numbers = tuple(Number(tuple(sorted(side)), both) for side in (above, below) if side)
                of_place[place] = numbers
                for number in numbers:
                    places.setdefault(number, set()).add(place)
    year = PrintedYear(values, {number: frozenset(found) for number, found in places.items()}, known)
    return _Read(year, of_place)


def _terms(
    connection: duckdb.DuckDBPyConnection, report_year: int
) -> dict[tuple[str, str], tuple[tuple[str, ...], tuple[str, ...]]]:
    """Indicator and the definition in use → the measures above and below."""
    rows = connection.execute(
        "select indicator_code, definition, role, measure_code from reference.indicator_term"
        " where coalesce(since, $1) <= $1 and coalesce(until, $1) >= $1 order by all",
        [report_year],
    ).fetchall()
    found: dict[tuple[str, str], tuple[list[str], list[str]]] = {}
    for indicator, definition, role, measure in rows:
        found.setdefault((indicator, definition), ([], []))[role == "denominator"].append(measure)
    return {key: (tuple(above), tuple(below)) for key, (above, below) in found.items()}


def _sensitive(groups: Mapping[str, SmallGroup], read: _Read, few: Iterable[_Few]) -> Iterator[Sensitive]:
    """What rests on few people, and the parts of it; of the most people where several figures say it."""
    found: dict[Number, Sensitive] = {}
    for each in few:
        interval = groups[each.indicator].interval
        if interval is None or each.place not in read.of_place:
            continue
        above = read.of_place[each.place][0]
        counted = interval.of == "people"
        measures = _with_parts(read.year.relations, above.measures) if counted else frozenset(above.measures)
        numbers = {above, *(Number((measure,), above.schools) for measure in measures)}
        for number in sorted(numbers & read.year.places.keys(), key=lambda number: number.measures):
            low, high = interval.around(read.year.value(number), float(each.people))
            if number not in found or found[number].people < each.people:
                found[number] = Sensitive(number, float(each.people), low, high)
    yield from found.values()


def _with_parts(known: Iterable[KnownRelation], measures: Iterable[str]) -> frozenset[str]:
    """The measures and all of which they are the whole."""
    found, waiting = set(measures), list(measures)
    while waiting:
        more = {*_parts_of(known, waiting.pop())} - found
        found |= more
        waiting += sorted(more)
    return frozenset(found)


def _parts_of(known: Iterable[KnownRelation], whole: str) -> Iterator[str]:
    for relation in known:
        if (whole, -1.0) in relation.factors:
            yield from (part for part, factor in relation.factors if factor > 0)


def _noted(pack: Pack, report_year: int, read: _Read, hidden: Iterable[Hidden]) -> Iterator[Row]:
    """A row for each place that is not printed."""
    rows: dict[PrintedAt, Row] = {}
    gone = {}
    for each in hidden:
        gone[each.number] = each
        needed = each.needed
        bounds = (
            (needed.people, each.low, each.high, needed.low, needed.high)
            if needed
            else (None, each.low, each.high, None, None)
        )
        for place in read.year.places.get(each.number, ()):
            rows[place] = ("few" if needed else "follows", *map(_exact, bounds))
        if each.number.is_cell:
            (school,) = each.number.schools
            for code in same_in_other_words(pack, each.number.measures[0]):
                rows[PrintedAt("measure", code, "school", school, "school")] = TOGETHER
    for place, numbers in read.of_place.items():
        if any(number in gone for number in numbers) and place not in rows:
            rows[place] = TOGETHER
    for place, row in rows.items():
        yield (report_year, place.subject_kind, place.subject, place.scope, place.kind, place.code, *row)


def _exact(value: float | None) -> Decimal | None:
    """As it is kept: to four decimals; None without a bound."""
    return None if value is None or abs(value) >= INFINITE else Decimal(f"{value:.4f}") + 0
