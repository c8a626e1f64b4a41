"""What each respondent reported last year, for the grey cells of this year's template."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

from sources.declarations.contract import load_contracts
from sources.system.settings import Settings
from sources.write.template_sheet import SheetValues
from warehouse.store.connection import open_published
from warehouse.store.sql import query


def last_year_values(settings: Settings, report_year: int) -> dict[str, dict[str, SheetValues]]:
    """Respondent code → sheet → values of the year before, from the published copy; empty when there is none."""
    if not settings.published_database.exists():
        return {}
    found: dict[str, dict[str, SheetValues]] = defaultdict(dict)
    with open_published(settings) as connection:
        for contract in load_contracts():
            rows = query(
                connection,
                f'select raw.* from raw."{contract.name}" as raw inner join registry.submission as submission'
                " on raw.submission_id = submission.submission_id"
                " where submission.is_current and raw.report_year = ? order by raw.respondent_code, raw.record",
                [report_year - 1],
            )
            names = [column.name for column in contract.columns]
            for (respondent,), group in rows.group_by("respondent_code", maintain_order=True):
                records = [{k: _plain(v) for k, v in row.items()} for row in group.select(names).iter_rows(named=True)]
                found[str(respondent)][contract.name] = SheetValues(records=records)
    return found


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, Decimal) and value == value.to_integral_value() else value
