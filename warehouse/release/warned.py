"""The warnings of a year that no approved explanation answers, and those that one does, as items of a release."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb

from sources.submission.effect import Effect
from sources.system.fingerprint import sha256_of
from warehouse.figures.effects import effects_of
from warehouse.release.item import ReleaseItem, Settled
from warehouse.store.sql import period, query

POINT = "warnings"
KEY_DIGITS = 10
BOUNDS = "plausible."
"""How the ids of rules begin that say what a value can be."""
STATES = {"given": "尚未认可", "refused": "不予认可"}


@dataclass(frozen=True, slots=True)
class Warned:
    """A warning of a version that counts; `settled` is the approved explanation that answers it.

    `matters`: it moves a figure as it is printed, or says that a value is beyond what is possible or usual. `weight`:
    the greater, the more it moves.
    """

    item: ReleaseItem
    place: str
    is_explained: bool
    settled: Settled | None
    matters: bool
    weight: tuple[Decimal, int]


def warnings_of(connection: duckdb.DuckDBPyConnection, region: str, report_year: int) -> list[Warned]:
    """The warnings of the year, in the order of their places; `region` is the one of which the report is.

    An item's id names respondent, rule, sheet, column and record; what is seen are the value and the message.
    """
    rows = query(
        connection,
        "select finding.finding_id, respondent.name as respondent_name, submission.respondent_code, finding.rule_id,"
        " finding.sheet, finding.cell, finding.column_name, finding.record_key, finding.value, finding.message,"
        " finding.is_explained, explanation.state, explanation.reason, explanation.author, explanation.approver"
        " from quality.finding as finding"
        " inner join staging.stg_submission as submission on finding.submission_id = submission.submission_id"
        f"{period('respondent', 'respondent', 'submission.respondent_code', 'submission.report_year')}"
        " left join registry.explanation as explanation on finding.explanation_id = explanation.explanation_id"
        " where submission.report_year = ? and finding.severity = 'warning' and finding.cause_id is null"
        " order by respondent_name, finding.sheet, finding.cell, finding.rule_id, finding.record_key, message",
        [report_year],
    ).to_dicts()
    shared = Counter(_identity(row) for row in rows)
    effects = effects_of(connection, {row["finding_id"] for row in rows})
    moved = _moved_figures(connection, region)
    return [
        _warned(row, shared[_identity(row)] > 1, effects.get(row["finding_id"]), moved.get(row["finding_id"], ()))
        for row in rows
    ]


def _moved_figures(connection: duckdb.DuckDBPyConnection, region: str) -> dict[str, tuple[str, ...]]:
    """Finding → the indicators of which a figure of the region would be printed otherwise, in their order."""
    rows = query(
        connection,
        "select finding_id, list(distinct indicator_code order by indicator_code) from quality.finding_effect"
        " where region_code = ? and moves group by finding_id order by finding_id",
        [region],
    ).rows()
    return {finding: tuple(codes) for finding, codes in rows}


def _warned(row: Mapping[str, Any], names_cell: bool, effect: Effect | None, moved: tuple[str, ...]) -> Warned:
    moves = effect is not None and (effect.moves or not effect.is_known)
    return Warned(
        item=_item(row, names_cell, effect, moved),
        place=_place(row),
        is_explained=row["is_explained"],
        settled=_explained(row),
        matters=moves or row["rule_id"].startswith(BOUNDS),
        weight=effect.weight if effect else (Decimal(0), 0),
    )


def _place(row: Mapping[str, Any]) -> str:
    return f"{row['respondent_name']}（{row['sheet']} {row['cell'] or ''}）"


def _identity(row: Mapping[str, Any]) -> tuple[str, ...]:
    names = ("respondent_code", "rule_id", "sheet", "column_name", "record_key")
    return tuple(row[name] or "" for name in names)


def _item(row: Mapping[str, Any], names_cell: bool, effect: Effect | None, moved: tuple[str, ...]) -> ReleaseItem:
    """`names_cell`: several cells share all else, so that the cell belongs to the id."""
    identity = (*_identity(row), *([row["cell"] or "", row["message"]] if names_cell else []))
    value = f"填的是“{row['value']}”：" if row["value"] else ""
    given = f"{row['author']}说明，{STATES[row['state']]}：{row['reason']}" if row["state"] in STATES else ""
    return ReleaseItem(
        id=f"{POINT}.{sha256_of(repr(identity))[:KEY_DIGITS]}",
        point=POINT,
        title=_place(row),
        seen=f"{value}{row['message']}",
        note="　".join(filter(None, (effect.text if effect else "", given))),
        indicators=moved,
    )


def _explained(row: Mapping[str, Any]) -> Settled | None:
    if row["state"] != "approved":
        return None
    return Settled("explained", row["approver"] or "", f"{row['author']}：{row['reason']}")
