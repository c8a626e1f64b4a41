"""The leader's brief (领导简报): what of a report year a leader must know, from the published database.

Ten figures with change, standard and peers; what fell and which schools explain it; what is missing, and within what
bounds the figure will lie. What waits for a decision is told by the caller.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import duckdb

from warehouse.catalogue.brief_figures import brief_figures
from warehouse.catalogue.labels import BOUND, VERDICT
from warehouse.figures.bounds import bounded_figures, schools_to_call
from warehouse.figures.fact import Change, Fact, Reference
from warehouse.figures.printed_table import NOT_COMPARED
from warehouse.figures.region_year import changes_of, read_facts
from warehouse.figures.rounding import rounded, trimmed_text
from warehouse.figures.table_notes import NOT_COMPARED as BROKEN
from warehouse.figures.table_notes import NOT_REPORTED
from warehouse.figures.year_figures import Figures

MOST_FALLEN, MOST_SCHOOLS, MOST_MISSING = 6, 3, 6


@dataclass(frozen=True, slots=True)
class BriefFigure:
    """One line; texts as they are printed, '' where there is nothing to say. `reference` leads to the cells, `scope` is
    told where it is not that of the whole region."""

    reference: Reference
    label: str
    unit: str
    value: str
    previous: str
    change: str
    standard: str
    verdict: str
    peers: str
    scope: str


@dataclass(frozen=True, slots=True)
class Fallen:
    """A figure that went the wrong way, and the schools that took part in it most: name and part, as text.

    `change` is that of the printed values, with its sign, in `unit`.
    """

    reference: Reference
    label: str
    unit: str
    previous: str
    value: str
    change: Decimal
    schools: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Lacking:
    """A figure that lacks schools: its value, and what it can still become, in words."""

    label: str
    told: str


@dataclass(frozen=True)
class Brief:
    """`peers` heads the column of them; `fallen_more` and `lacking_more` count what is not listed.

    `to_call` names the schools whose reports would narrow the bounds most; `decisions` what waits for one.
    """

    region: str
    report_year: int
    coverage: str
    peers: str
    figures: tuple[BriefFigure, ...]
    fallen: tuple[Fallen, ...]
    fallen_more: int
    lacking: tuple[Lacking, ...]
    lacking_more: int
    to_call: tuple[str, ...]
    decisions: tuple[str, ...]
    origin_note: str


def load_brief(connection: duckdb.DuckDBPyConnection, figures: Figures, decisions: Sequence[str] = ()) -> Brief:
    """The brief of the region and year of the figures, which are of a region and not of a school."""
    codes = brief_figures(figures.catalogue.pack)
    above = _above(connection, figures)
    fallen = _fallen(figures, codes)
    lacking = _lacking(connection, figures, codes)
    calls = schools_to_call(connection, figures.region.code, figures.report_year)
    coverage = figures.coverage.get((figures.report_year, figures.whole_scope))
    return Brief(
        region=figures.region.name,
        report_year=figures.report_year,
        coverage=coverage.text if coverage else "",
        peers=above.name if above else "各校（最低—最高）",
        figures=tuple(_line(figures, code, above) for code in codes),
        fallen=tuple(_with_schools(connection, figures, change) for change in fallen[:MOST_FALLEN]),
        fallen_more=max(0, len(fallen) - MOST_FALLEN),
        lacking=tuple(lacking[:MOST_MISSING]),
        lacking_more=max(0, len(lacking) - MOST_MISSING),
        to_call=tuple(school.school_name for school in calls[:MOST_SCHOOLS]),
        decisions=tuple(decisions),
        origin_note=figures.origin_note,
    )


@dataclass(frozen=True)
class _Above:
    """The region in which the region lies, and its values in the scopes that its bureau chose."""

    name: str
    values: Mapping[str, Fact]


def _above(connection: duckdb.DuckDBPyConnection, figures: Figures) -> _Above | None:
    found = connection.execute(
        "select above.region_code, above.region_name from core.dim_region as region"
        " inner join core.dim_region as above on region.parent_code = above.region_code"
        " where region.region_code = ?",
        [figures.region.code],
    ).fetchone()
    if found is None:
        return None
    code, name = found
    facts = read_facts(connection, "subject_code = ? and report_year = ?", [code, figures.report_year])
    changes = changes_of(connection, figures.report_year, "region", code)
    values = {of: fact for of, change in changes.items() if (fact := facts.get(change.current)) and fact.is_usable}
    return _Above(name, values)


def _line(figures: Figures, code: str, above: _Above | None) -> BriefFigure:
    indicator = figures.catalogue.indicators[code]
    change, fact, last = figures.changes.get(code), figures.of_region(code), figures.of_region_last_year(code)
    bound = figures.latest_bound(fact.reference) if fact else None
    reference = change.current if change else Reference(code, figures.report_year, figures.subject, figures.whole_scope)
    return BriefFigure(
        reference=reference,
        label=indicator.label,
        unit="" if indicator.display == "to_one" else indicator.unit,
        value=(fact.display or "") if fact else NOT_REPORTED,
        previous=(last.display or "") if last else "",
        change=shown_change(change) if fact and last else "",
        standard=f"{BOUND[bound.comparison]} {trimmed_text(bound.bound)}" if bound else "",
        verdict=VERDICT.get(bound.verdict, "") if bound else "",
        peers=_peers(figures, code, above),
        scope="" if reference.scope == figures.whole_scope else figures.scopes.get(reference.scope, ""),
    )


def shown_change(change: Change | None) -> str:
    """A change as it is printed: 237↓; why it is none where the two years are not compared; empty without last year."""
    if change is None or change.previous is None:
        return ""
    return NOT_COMPARED if change.comparability in BROKEN else change.display or ""


def _peers(figures: Figures, code: str, above: _Above | None) -> str:
    """The value of the region above; where none is known, the lowest and the highest of the schools."""
    if above:
        fact = above.values.get(code)
        return (fact.display or "") if fact else ""
    facts = [fact for fact in figures.of_schools(code).values() if fact.rounded is not None]
    if len(facts) < 2:
        return ""
    ordered = sorted(facts, key=lambda fact: fact.rounded or Decimal(0))
    return f"{ordered[0].display}—{ordered[-1].display}"


def _fallen(figures: Figures, codes: Sequence[str]) -> list[Change]:
    """Of the brief's figures all that went the wrong way; of the others those that moved beyond their limit: the
    greatest share of last year's value first."""
    found = []
    for code, change in figures.changes.items():
        last = figures.of_region_last_year(code)
        if change.value is None or change.comparability in BROKEN or last is None or last.rounded is None:
            continue
        indicator = figures.catalogue.indicators[code]
        is_worse = change.value > 0 if indicator.direction == "lower" else change.value < 0
        if is_worse and (code in codes or indicator.movement.is_beyond(change.value, last.rounded)):
            share = abs(change.value) / abs(last.rounded) if last.rounded else Decimal(1)
            found.append((code not in codes, -share, change))
    return [change for _, _, change in sorted(found, key=lambda each: each[:2])]


def _with_schools(connection: duckdb.DuckDBPyConnection, figures: Figures, change: Change) -> Fallen:
    code = change.current.indicator
    indicator = figures.catalogue.indicators[code]
    fact, last = figures.of_region(code), figures.of_region_last_year(code)
    assert change.value is not None
    rows = connection.execute(
        "select coalesce(this_year.school_name, last_year.school_name), split.part, split.membership"
        " from core.fct_change_split as split"
        " left join core.dim_school as this_year"
        " on split.school_code = this_year.school_code and split.report_year = this_year.report_year"
        " left join core.dim_school as last_year"
        " on split.school_code = last_year.school_code and split.report_year - 1 = last_year.report_year"
        " where split.report_year = $1 and split.region_code = $2 and split.scope_code = $3"
        " and split.indicator_code = $4 and split.part <> 0 and (split.part < 0) = $5"
        " order by abs(split.part) desc, split.school_code limit $6",
        [figures.report_year, figures.region.code, change.current.scope, code, change.value < 0, MOST_SCHOOLS],
    ).fetchall()
    return Fallen(
        reference=change.reference,
        label=indicator.label,
        unit=change.unit,
        previous=(last.display or "") if last else "",
        value=(fact.display or "") if fact else "",
        change=change.value,
        schools=tuple((name, _part_text(part, indicator.decimals, membership)) for name, part, membership in rows),
    )


def _part_text(part: Decimal, decimals: int, membership: str) -> str:
    """−237, or −237（本年不再有）: what the school takes away or adds, rounded as the figure is."""
    why = {"left": "（本年不再有）", "came": "（本年新有）"}.get(membership, "")
    return f"{'−' if part < 0 else '+'}{trimmed_text(rounded(abs(part), decimals))}{why}"


def _lacking(connection: duckdb.DuckDBPyConnection, figures: Figures, codes: Sequence[str]) -> list[Lacking]:
    """The brief's figures that lack schools; also those that nobody has reported."""
    bounded = {
        each.indicator_code: each for each in bounded_figures(connection, figures.region.code, figures.report_year)
    }
    found = []
    for code in codes:
        label = figures.catalogue.indicators[code].label
        if each := bounded.get(code):
            found.append(Lacking(label, each.sentence))
        elif figures.of_region(code) is None:
            found.append(Lacking(label, "没有数"))
    return found
