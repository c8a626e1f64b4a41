"""What each respondent reported last year, for this year's template: its grey cells, and the lists that go on.

The lists of a school that has merged into another, or was split, go on in the workbook of whoever took them over: every
row is asked about there.
"""

from collections import defaultdict
from collections.abc import Collection
from decimal import Decimal
from typing import Any

from sources.declarations.changes import Merge, Split
from sources.declarations.city import City
from sources.declarations.contract import Contract, load_contracts
from sources.system.settings import Settings
from sources.write.sheet_values import Record, SheetValues, Value
from warehouse.store.connection import open_published
from warehouse.store.sql import query


def last_year_values(
    settings: Settings, city: City, report_year: int, respondents: Collection[str] | None = None
) -> dict[str, dict[str, SheetValues]]:
    """Respondent code → sheet → values of the year before, from the published copy; empty when there is none.

    `respondents`: only these are asked about, with those whose lists they have taken over.
    """
    wanted = None if respondents is None else [*respondents, *_origins(city, report_year, respondents)]
    if not settings.published_database.exists():
        return {}
    found: defaultdict[str, dict[str, SheetValues]] = defaultdict(dict)
    with open_published(settings) as connection:
        for contract in load_contracts(city.pack):
            rows = query(
                connection,
                f'select raw.* from raw."{contract.name}" as raw inner join registry.submission as submission'
                " on raw.submission_id = submission.submission_id"
                " where submission.is_current and raw.report_year = ?"
                " and (? is null or list_contains(?, raw.respondent_code))"
                " order by raw.respondent_code, raw.record",
                [report_year - 1, wanted, wanted],
            )
            names = [column.name for column in contract.columns]
            for (respondent,), group in rows.group_by("respondent_code", maintain_order=True):
                records = [{k: _plain(v) for k, v in row.items()} for row in group.select(names).iter_rows(named=True)]
                found[str(respondent)][contract.name] = SheetValues(records=records)
    take_over(found, city, report_year)
    return found


def take_over(found: defaultdict[str, dict[str, SheetValues]], city: City, report_year: int) -> None:
    """Adds to the lists of who goes on those of schools that did not, each record once."""
    for change in city.changes:
        if change.since != report_year or not isinstance(change, Merge | Split):
            continue
        successors = change.into if isinstance(change, Split) else (change.into,)
        for contract in load_contracts(city.pack):
            origin = found.get(change.code, {}).get(contract.name)
            if contract.rolled is None or origin is None:
                continue
            for code in successors:
                own = found[code].get(contract.name, SheetValues())
                records = {_key(contract, each): each for each in (*own.records, *origin.records)}
                records |= {_key(contract, each): each for each in own.records}
                found[code][contract.name] = SheetValues(records=list(records.values()))


def _origins(city: City, report_year: int, respondents: Collection[str]) -> set[str]:
    """Those that have become part of one of the respondents in the year, or were split among them."""
    ends = [each for each in city.changes if each.since == report_year and isinstance(each, Merge | Split)]
    into = {each.code: each.into if isinstance(each, Split) else (each.into,) for each in ends}
    return {code for code, successors in into.items() if set(successors) & set(respondents)}


def _key(contract: Contract, record: Record) -> tuple[Value, ...]:
    return tuple(record.get(name) for name in contract.key)


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, Decimal) and value == value.to_integral_value() else value
