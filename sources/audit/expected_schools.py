"""The register (respondents.yml) as the rules see it: which schools a year expects, and who is to list each.

Beside the sheets' frames a rule may ask two more: `register` (REGISTER_SCHEMA, one row a school of the year) and
`kinds` (KIND_SCHEMA, each code of a list with every code above it, itself included).
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import polars as pl

from sources.declarations.city import City
from sources.declarations.codelist import CodeList

REGISTER = "register"
KINDS = "kinds"
REGISTER_SCHEMA: dict[str, pl.DataType] = {
    "school_code": pl.String(),
    "school_name": pl.String(),
    "bureau": pl.String(),
    "category": pl.String(),
    "ownership": pl.String(),
    "affiliation": pl.String(),
    "has_reported": pl.Boolean(),
}
KIND_SCHEMA: dict[str, pl.DataType] = {"code": pl.String(), "within": pl.String()}
OTHER_FRAMES = {REGISTER: REGISTER_SCHEMA, KINDS: KIND_SCHEMA}


def register_frame(city: City, report_year: int, reported: Collection[str]) -> pl.DataFrame:
    """The schools that are to send a workbook for the year, by the names of then.

    `bureau` is the bureau of the narrowest region that the school lies in; `reported` are the respondents of which a
    submission stands.
    """
    city = city.in_year(report_year)
    respondents = city.respondents_in(report_year)
    bureaus = {city.region_of(each): each.code for each in reversed(respondents) if each.kind == "bureau"}
    return other_frame(
        REGISTER,
        [
            {
                "school_code": each.code,
                "school_name": each.name,
                "bureau": next((bureaus[r] for r in city.region_paths[city.region_of(each)] if r in bureaus), None),
                "category": each.category,
                "ownership": each.ownership,
                "affiliation": each.affiliation,
                "has_reported": each.code in reported,
            }
            for each in respondents
            if each.kind == "school"
        ],
    )


def kinds_frame(categories: CodeList) -> pl.DataFrame:
    """Each kind of school with the kinds that it is one of."""
    pairs = [
        {"code": kind, "within": entry.code} for entry in categories.codes for kind in categories.kinds_of(entry.code)
    ]
    return other_frame(KINDS, pairs)


def other_frame(name: str, rows: Iterable[Mapping[str, Any]] = ()) -> pl.DataFrame:
    """A frame of OTHER_FRAMES from plain rows; what a row does not name is null."""
    schema = OTHER_FRAMES[name]
    return pl.DataFrame([{column: row.get(column) for column in schema} for row in rows], schema=schema, orient="row")
