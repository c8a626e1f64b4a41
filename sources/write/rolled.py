"""Lists that live longer than a year (majors, partner enterprises, sites …): last year's records as this year's rows.

The rows of a blank template can be kept, struck, changed and added to. Numbers are asked anew. A row of which nobody
says that it is still there is no answer: the reader asks about it (`sources/read/records.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sources.declarations.city import City, Respondent
from sources.declarations.codelist import CodeList
from sources.declarations.contract import Column, Contract
from sources.declarations.headings import normalise_label
from sources.write.sheet_values import Record, Value

ROSTER = "roster"


@dataclass(frozen=True, slots=True)
class RolledRows:
    """The first rows of a table in a blank template: what stands in them, and last year's record beside each.

    Records that have ended with last year come last: beside them nothing stands.
    """

    records: tuple[Record, ...] = ()
    before: tuple[Record, ...] = ()


def rolled_rows(
    contract: Contract,
    city: City,
    respondent: Respondent,
    report_year: int,
    last_year: Sequence[Record],
    codelists: Mapping[str, CodeList],
) -> RolledRows:
    """Last year's records as rows of the year; nothing for tables that are not rolled forward.

    `codelists` are those of the respondent and the year: a school that sends no more is not on them.
    """
    if contract.rolled is None or not last_year:
        return RolledRows()
    kept = [record for record in last_year if _lives_on(contract, record, codelists)]
    ended = [record for record in last_year if not _lives_on(contract, record, codelists)]
    asked = contract.rolled.asks
    columns = [each for each in contract.columns_in(report_year) if not each.is_number and each.name != asked]
    records: list[Record] = [
        {column.name: _carried(column, record.get(column.name), codelists) for column in columns} for record in kept
    ]
    if contract.name == ROSTER:
        records = [_renamed(record, city, report_year) for record in records]
        records += _new_schools(city, respondent, report_year, {str(each["school_code"]) for each in records})
    return RolledRows(tuple(records), (*kept, *[{}] * (len(records) - len(kept)), *ended))


def _lives_on(contract: Contract, record: Record, codelists: Mapping[str, CodeList]) -> bool:
    """Whether a record can stand in the next year's list: it has not ended, and its key exists."""
    ends = contract.rolled.ends if contract.rolled else {}
    keys = [contract.column(name) for name in contract.key]
    gone = [
        key for key in keys if record.get(key.name) is not None and _carried(key, record[key.name], codelists) is None
    ]
    return not gone and not any(record.get(name) in values for name, values in ends.items())


def _carried(column: Column, value: Value, codelists: Mapping[str, CodeList]) -> Value:
    """A value as the next year takes it: a code that has left its list is none."""
    codelist = codelists[column.codelist] if column.codelist else None
    return None if codelist and codelist.closed and str(value) not in codelist.label_of else value


def _renamed(record: Record, city: City, report_year: int) -> Record:
    """A line of the roster with the school's name of the year, where it has the one of the year before."""
    code, name = str(record["school_code"]), str(record["school_name"] or "")
    before, after = (city.in_year(year).respondent_by_code.get(code) for year in (report_year - 1, report_year))
    if before is None or after is None or normalise_label(name) != normalise_label(before.name):
        return record
    return {**record, "school_name": after.name}


def _new_schools(city: City, bureau: Respondent, report_year: int, listed: set[str]) -> list[Record]:
    """Schools that send for the first time and stand on this bureau's roster: that of the narrowest region with one."""
    of_year, there = city.in_year(report_year), city.respondents_in(report_year)
    known = listed | {each.code for each in city.respondents_in(report_year - 1)}
    bureau_of = {of_year.region_of(each): each.code for each in there if each.kind == "bureau"}

    def lists(school: Respondent) -> bool:
        path = of_year.region_paths[of_year.region_of(school)]
        return next((bureau_of[at] for at in path if at in bureau_of), None) == bureau.code

    new = [each for each in there if each.kind == "school" and each.code not in known and lists(each)]
    return [{"school_code": each.code, "school_name": each.name} for each in new]
