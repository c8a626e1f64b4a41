"""Where a number comes from: value → formula → terms → schools → workbook, sheet, cell and what stands in it.

The lineage of a number is worked out on demand from the catalogue and the database, never stored: it cannot be
stale. `recompute` goes the other way: from the listed cells alone, in plain Python, to the text that is printed.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import duckdb

from sources.declarations.origin import NOT_OF_THE_SCHOOL, ORIGIN_NOTE
from warehouse.catalogue.catalogue import Catalogue, check_built_with
from warehouse.catalogue.indicator import Indicator
from warehouse.catalogue.measure import Measure, how_measured
from warehouse.figures.cells_behind import CellsBehind
from warehouse.figures.fact import SCHOOL_SCOPE, Reference
from warehouse.figures.trace import Part, Term, Trace
from warehouse.store.sql import period, records

NOTHING_HIDDEN = (
    " and not exists (select 1 from registry.hidden_value as hidden where hidden.report_year = finding.report_year"
    " and hidden.subject_code = finding.respondent_code)"
)
"""Of quality.finding, for everybody to read: findings quote cells, and those of a school of which something is hidden
would say what the figures do not (0039)."""


@dataclass
class Lineage:
    """Traces numbers of one database; what was read once is kept for the next number.

    `is_public`: for everybody, so that what is hidden of small groups has neither value nor cells; else for the bureau.
    """

    connection: duckdb.DuckDBPyConnection
    catalogue: Catalogue
    is_public: bool = False
    _facts: dict[int, dict[Reference, tuple[Any, ...]]] = field(default_factory=dict)
    _changes: dict[tuple[int, str], dict[str, tuple[Any, ...]]] = field(default_factory=dict)
    _members: dict[tuple[int, str, str], list[str]] = field(default_factory=dict)
    _behind: CellsBehind = field(init=False)
    _names: dict[int, dict[str, str]] = field(default_factory=dict)
    """Report year → code of a respondent or region → its name then."""
    _found: dict[tuple[str, str, str], list[dict[str, Any]]] = field(init=False)

    def __post_init__(self) -> None:
        check_built_with(self.connection, self.catalogue)
        self._behind = CellsBehind(self.connection, self.catalogue, self.is_public)
        found = records(
            self.connection,
            "select submission_id, severity, rule_id, sheet, cell, message, is_explained, explanation"
            " from quality.finding inner join staging.stg_submission using (submission_id)"
            f" where cell is not null{NOTHING_HIDDEN if self.is_public else ''} order by all",
        )
        self._found = defaultdict(list)
        for finding in found:
            self._found[finding["submission_id"], finding["sheet"], finding["cell"]].append(finding)

    def trace(self, reference: Reference) -> Trace:
        """The lineage of one number.

        Raises LookupError when the database has no such number.
        """
        if reference.kind == "change":
            return self._change(reference)
        indicator = self.catalogue.indicators.get(reference.indicator)
        fact = self._year_facts(reference.year).get(reference)
        if indicator is None or fact is None:
            raise LookupError(f"数据库中没有这个数：{reference.key}")
        definition, display, status, n_expected, n_reported, subject_kind = fact
        terms: tuple[Term, ...] = ()
        parts: tuple[Trace, ...] = ()
        if indicator.counts:
            parts = tuple(map(self.trace, self.made_from(reference)))
        else:
            terms = self._terms(reference, indicator, definition, subject_kind)
        described = self._described(reference, indicator, definition)
        notes = (f"不是标准定义；标准定义是：{indicator.definition}",) if indicator.other_definition(definition) else ()
        trace = Trace(reference, *described, display, status, n_expected, n_reported, terms, parts, notes=notes)
        if any(source.origin in NOT_OF_THE_SCHOOL for term in terms for part in term.parts for source in part.sources):
            trace = replace(trace, notes=(*notes, ORIGIN_NOTE))
        return _with_findings(trace, self._findings(trace))

    def made_from(self, reference: Reference) -> tuple[Reference, ...]:
        """The numbers that a number is made from, where it is not made from cells: of a change or a count of schools.

        Raises LookupError when the database has no such change.
        """
        if reference.kind == "change":
            scope, previous_scope, *_ = self._change_row(reference)
            this = Reference(reference.indicator, reference.year, reference.subject, scope)
            return this, Reference(reference.indicator, reference.year - 1, reference.subject, previous_scope)
        indicator = self.catalogue.indicators.get(reference.indicator)
        return self._counted(reference, indicator) if indicator and indicator.counts else ()

    def _change_row(self, reference: Reference) -> tuple[Any, ...]:
        """Both scopes, display, comparability, n_expected, n_reported and unit of a change."""
        of_subject = (reference.year, reference.subject)
        if of_subject not in self._changes:
            rows = self.connection.execute(
                "select indicator_code, scope_code, previous_scope_code,"
                " change_display, comparability, n_expected, n_reported, change_unit from core.fct_indicator_change"
                " where report_year = ? and subject_code = ? and previous_scope_code is not null",
                list(of_subject),
            ).fetchall()
            self._changes[of_subject] = {code: tuple(row) for code, *row in rows}
        found = self._changes[of_subject].get(reference.indicator)
        if found is None:
            raise LookupError(f"数据库中没有这个数：{reference.key}")
        return found

    def _change(self, reference: Reference) -> Trace:
        _, _, display, comparability, n_expected, n_reported, unit = self._change_row(reference)
        parts = tuple(map(self.trace, self.made_from(reference)))
        return Trace(
            reference,
            f"{parts[0].label}比上年的变化",
            parts[0].subject_name,
            parts[0].scope_label,
            unit,
            "两年显示值之差，读者可以在纸面上验算。",
            f"{parts[0].display} − {parts[1].display}",
            display,
            comparability,
            n_expected,
            n_reported,
            parts=parts,
        )

    def _counted(self, reference: Reference, indicator: Indicator) -> tuple[Reference, ...]:
        assert indicator.counts is not None
        schools = self.connection.execute(
            "select school_code from core.dim_school where report_year = ? and coalesce(ownership = ?, true)",
            [reference.year, indicator.counts.ownership],
        ).fetchall()
        owned = {code for (code,) in schools}
        of = indicator.counts.of
        return tuple(
            Reference(of, reference.year, code, SCHOOL_SCOPE)
            for code in self._subjects(reference, "region")
            if code in owned
        )

    def _terms(
        self, reference: Reference, indicator: Indicator, definition: str, subject_kind: str
    ) -> tuple[Term, ...]:
        """The measures of the formula with what each subject contributes."""
        formula = indicator.formula(definition)
        subjects = self._subjects(reference, subject_kind)
        values = self._behind.values(reference.year)
        same_schools = (
            subject_kind == "region" and indicator.kind == "ratio" and self.catalogue.level(indicator) == "school"
        )
        lacking = {
            code
            for code in subjects
            if same_schools and any(values.get((code, measure), (None, ""))[0] is None for _, measure in formula.terms)
        }
        terms = []
        for role, code in formula.terms:
            measure = self.catalogue.measures[code]
            of = self._speakers(measure, reference, subjects) if subject_kind == "region" else subjects
            terms.append(
                Term(
                    role,
                    code,
                    measure.label,
                    measure.unit,
                    how_measured(measure),
                    tuple(self._part(measure, subject, reference.year, subject in lacking) for subject in of),
                )
            )
        return tuple(terms)

    def _speakers(self, measure: Measure, reference: Reference, schools: Sequence[str]) -> Sequence[str]:
        """Whose numbers make the region's: its schools or bureaus; of what does not add up, only its own bureau."""
        is_of_provinces = measure.adds == "same_for_all" and measure.level == "region"
        only_own = measure.adds == "none" or (is_of_provinces and reference.subject in self._nations)
        if measure.level == "region":
            return self._behind.bureaus(reference, only_own)
        return () if only_own else schools

    @cached_property
    def _nations(self) -> frozenset[str]:
        rows = self.connection.execute("select region_code from core.dim_region where level = 'nation'")
        return frozenset(code for (code,) in rows.fetchall())

    def _subjects(self, reference: Reference, subject_kind: str) -> list[str]:
        if subject_kind == "school":
            return [reference.subject]
        key = (reference.year, reference.scope, reference.subject)
        if key not in self._members:
            rows = self.connection.execute(
                "select school_code from core.brg_scope_school as scopes"
                " inner join core.brg_region_school as regions using (report_year, school_code)"
                " inner join core.dim_school as schools using (report_year, school_code)"
                " where report_year = ? and scope_code = ? and regions.region_code = ? order by schools.position",
                list(key),
            )
            self._members[key] = [code for (code,) in rows.fetchall()]
        return self._members[key]

    @cached_property
    def _scopes(self) -> dict[tuple[int, str], str]:
        """(report year, scope) → its label in that year."""
        rows = self.connection.execute(
            "select report_year, scope_code, coalesce(called.label, dim_scope.label)"
            " from (select distinct report_year from core.fct_indicator_value) cross join core.dim_scope"
            + period("scope", "called", "scope_code", "report_year")
        ).fetchall()
        return {(report_year, code): label for report_year, code, label in rows}

    def name(self, code: str, report_year: int) -> str:
        """The name of a respondent or region in a year; of one code, the region's."""
        if report_year not in self._names:
            rows = self.connection.execute(
                "select code, name from reference.respondent_period where $1 between from_year and to_year"
                " union all select code, name from reference.region_period where $1 between from_year and to_year",
                [report_year],
            ).fetchall()
            self._names[report_year] = dict(rows)
        return self._names[report_year].get(code, code)

    def _year_facts(self, report_year: int) -> dict[Reference, tuple[Any, ...]]:
        """Every value of the year: definition, display, status, n_expected, n_reported, subject_kind."""
        if report_year not in self._facts:
            rows = self.connection.execute(
                "select indicator_code, subject_code, scope_code,"
                " definition, display, status, n_expected, n_reported, subject_kind"
                " from core.fct_indicator_value where report_year = ?",
                [report_year],
            ).fetchall()
            self._facts[report_year] = {
                Reference(code, report_year, subject, scope): tuple(fact) for code, subject, scope, *fact in rows
            }
        return self._facts[report_year]

    def _part(self, measure: Measure, subject: str, report_year: int, is_lacking: bool) -> Part:
        value, status = self._behind.values(report_year).get((subject, measure.code), (None, "missing"))
        sources = tuple(self._behind.sources(measure, subject, report_year)) if value is not None else ()
        return Part(
            subject, self.name(subject, report_year), value, status, value is not None and not is_lacking, sources
        )

    def _described(
        self, reference: Reference, indicator: Indicator, definition: str
    ) -> tuple[str, str, str, str, str, str]:
        formula = None if indicator.counts else indicator.formula(definition)
        return (
            indicator.label,
            self.name(reference.subject, reference.year),
            self._scopes.get((reference.year, reference.scope), reference.scope),
            indicator.unit,
            formula.definition if formula else indicator.definition,
            self.catalogue.in_words(indicator, definition),
        )

    def _findings(self, trace: Trace) -> list[dict[str, Any]]:
        """What was found, and explained, about the cells behind the number."""
        places = {(source.submission_id, source.sheet, source.cell) for source in trace.sources}
        return [finding for place in sorted(places & self._found.keys()) for finding in self._found[place]]


def _with_findings(trace: Trace, findings: Sequence[dict[str, Any]]) -> Trace:
    return Trace(**{**vars(trace), "findings": tuple(findings)})
