"""What is hidden, and why, as the bureau reads it; for nobody else: who knows the intervals knows more."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import duckdb

from warehouse.store.sql import period

Reason = Literal["few", "follows", "together", "answers"]
REASON_LABELS: dict[Reason, str] = {
    "few": "人数过少",
    "follows": "由它能推算出人数过少的数",
    "together": "由不公开的数算出",
    "answers": "答卷过少，审核时已经去掉",
}
"""In the order in which they are listed."""


@dataclass(frozen=True, slots=True)
class HiddenValue:
    """A number that is not printed: of whom, in which scope, and what can still be worked out of it.

    `low` to `high`: what everything that is printed leaves possible (`high` None: no bound), of an indicator's ratio of
    the number above the line; both None for what has no interval of its own. `needed_low` to `needed_high`: what must
    stay possible, of what rests on few `people`.
    """

    subject_kind: Literal["school", "region"]
    subject: str
    scope: str
    kind: Literal["measure", "indicator"]
    code: str
    label: str
    reason: Reason
    people: Decimal | None
    low: Decimal | None
    high: Decimal | None
    needed_low: Decimal | None
    needed_high: Decimal | None


def hidden_values(connection: duckdb.DuckDBPyConnection, report_year: int) -> Sequence[HiddenValue]:
    """Every number of a year that is hidden, from the published database: regions first, by name and reason."""
    # Long: one question in SQL.
    found = connection.execute(
        f"""
        with
            hidden as (
                select
                    subject_kind, subject_code, scope_code, kind, code, reason,
                    people, low, high, needed_low, needed_high
                from registry.hidden_value
                where report_year = $1
                union all
                select
                    'school', school_code, 'school', 'indicator', indicator_code, 'answers',
                    null, null, null, null, null
                from intermediate.int_suppressed
                where report_year = $1
            ),

            named as (
                select
                    hidden.*,
                    coalesce(if(subject_kind = 'school', respondent.name, region.name), subject_code) as subject,
                    if(subject_kind = 'school', '', coalesce(scope.label, scope_code)) as scope,
                    coalesce(indicator.label, measure.label, hidden.code) as label,
                    list_position({[*REASON_LABELS]}, reason) as reason_rank
                from hidden
                {period("respondent", "respondent", "hidden.subject_code", "$1")}
                {period("region", "region", "hidden.subject_code", "$1")}
                {period("scope", "scope", "hidden.scope_code", "$1")}
                left join core.dim_indicator as indicator
                    on hidden.kind = 'indicator' and hidden.code = indicator.indicator_code
                left join reference.measure as measure on hidden.kind = 'measure' and hidden.code = measure.code
            )

        select
            subject_kind, subject, scope, kind, code, label, reason, people, low, high, needed_low, needed_high
        from named
        order by subject_kind, subject, scope, reason_rank, kind, label, code
        """,
        [report_year],
    ).fetchall()
    return [HiddenValue(*row) for row in found]
