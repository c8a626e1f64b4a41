"""What findings do to printed figures, read from quality.finding_effect and told with the findings.

The table is built with the models: a cell's measure is made again with what is suggested (or without the cell), and
what it shifts is added to the region's own sum. Nothing is built a second time.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from typing import Any

import duckdb

from sources.submission.effect import Effect, MovedFigure
from sources.submission.finding import Finding
from warehouse.figures.regions import find_region, whole_of
from warehouse.store.sql import period, records


def effects_of(connection: duckdb.DuckDBPyConnection, finding_ids: Collection[str]) -> dict[str, Effect]:
    """Finding → its effect, from a built database; of a finding on which no figure depends, nothing.

    Before the first build there are none.
    """
    if not finding_ids or not _is_built(connection):
        return {}
    root = find_region(connection)
    found = records(
        connection,
        f"""
        select
            effect.finding_id,
            effect.report_year,
            effect.counted,
            effect.is_suggested,
            effect.is_known,
            effect.moves,
            effect.printed,
            effect.would_be,
            effect.share,
            indicator.label,
            indicator.unit,
            if(effect.region_code = ?, '', called.name) as region
        from quality.finding_effect as effect
        inner join core.dim_indicator as indicator on effect.indicator_code = indicator.indicator_code
        {period("region", "called", "effect.region_code", "effect.report_year")}
        where effect.finding_id in (select unnest(?))
        order by
            effect.finding_id,
            effect.moves desc,
            effect.region_code <> ?,
            effect.share desc nulls first,
            indicator.sequence
        """,
        [root.code, list(finding_ids), root.code],
    )
    whole = whole_of(root.name)
    parts = groupby(found, key=itemgetter("finding_id"))
    return {finding_id: _effect(list(part), whole) for finding_id, part in parts}


def effects_of_explanations(
    connection: duckdb.DuckDBPyConnection, explanation_ids: Collection[str]
) -> dict[str, Effect]:
    """Explanation → what mending the findings that it explains would do, of several the one that moves most; only of
    files that count."""
    rows = connection.execute(
        "select finding.explanation_id, finding.finding_id from registry.finding as finding"
        " inner join registry.submission as submission using (submission_id)"
        " where submission.is_current and finding.explanation_id in (select unnest(?)) order by all",
        [list(explanation_ids)],
    ).fetchall()
    known = effects_of(connection, {finding for _, finding in rows})
    found: dict[str, Effect] = {}
    for explanation, finding in rows:
        effect = known.get(finding)
        if effect and (explanation not in found or effect.weight > found[explanation].weight):
            found[explanation] = effect
    return found


def with_effects(connection: duckdb.DuckDBPyConnection, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings, each with what it does, those that move a printed figure first."""
    listed = list(findings)
    return told(listed, effects_of(connection, {each.finding_id for each in listed}))


def told(findings: Iterable[Finding], effects: Mapping[str, Effect]) -> tuple[Finding, ...]:
    """The findings with their effects, by effect."""
    carried = (replace(each, effect=effects.get(each.finding_id)) for each in findings)
    return tuple(sorted(carried, key=lambda each: each.order))


def _effect(rows: Sequence[Mapping[str, Any]], whole: str) -> Effect:
    """The effect of the one finding that the rows are about."""
    moved = tuple(
        MovedFigure(
            label=row["label"],
            unit=row["unit"],
            report_year=row["report_year"],
            region=row["region"],
            printed=row["printed"],
            would_be=row["would_be"],
            share=row["share"],
        )
        for row in rows
        if row["moves"]
    )
    first = rows[0]
    is_known = any(row["is_known"] for row in rows)
    return Effect(first["counted"], first["is_suggested"], is_known, moved, len(rows), whole)


def _is_built(connection: duckdb.DuckDBPyConnection) -> bool:
    found = connection.execute(
        "select 1 from duckdb_tables() where schema_name = 'quality' and table_name = 'finding_effect'"
    )
    return found.fetchone() is not None
