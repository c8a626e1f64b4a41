"""The catalogue for machines: every indicator as a line of CSV, and the structure of the values as SDMX-JSON.

`structure.json` is a structure message of SDMX-JSON 2.0: code lists, concepts, and one data structure, that of
`core.fct_indicator_value`. Names and descriptions are the catalogue's and the tables' own.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from sources.declarations.city import City
from sources.system.csv_file import write_csv
from warehouse.catalogue.catalogue import Catalogue
from warehouse.catalogue.indicator import STANDARD_DEFINITION, Indicator
from warehouse.catalogue.labels import STATUS

DICTIONARY, STRUCTURE = "dictionary.csv", "structure.json"
HEADINGS = (
    "indicator_code",
    "label",
    "chapter",
    "unit",
    "decimals",
    "kind",
    "adds",
    "level",
    "definition",
    "formula",
    "base",
    "time_basis",
    "direction",
    "source",
    "tables",
)
SCHEMA = (
    "https://raw.githubusercontent.com/sdmx-twg/sdmx-json/master"
    "/structure-message/tools/schemas/2.0.0/sdmx-json-structure-schema.json"
)
"""The name of the standard's schema, as the standard asks; nothing fetches it."""
FACTS, TIME, MEASURE = "fct_indicator_value", "report_year", "value"
DIMENSIONS = ("region_code", "subject_kind", "subject_code", "scope_code", "indicator_code")
FLOW = "指标值"
SUBJECTS = {"region": "地区", "school": "学校"}


def write_dictionary(catalogue: Catalogue, folder: Path) -> Path:
    """Writes dictionary.csv: one line an indicator, in print order; `base` is what a ratio is divided by, in words."""
    lines = (
        _line(catalogue, chapter.title, indicator) for chapter in catalogue.chapters for indicator in chapter.indicators
    )
    return write_csv([HEADINGS, *lines], folder / DICTIONARY)


def _line(catalogue: Catalogue, chapter: str, indicator: Indicator) -> tuple[object, ...]:
    printed_in = [
        table.name
        for table in catalogue.tables.values()
        if indicator.code in {*table.columns, *(row.indicator for row in table.rows)}
    ]
    return (
        indicator.code,
        indicator.label,
        chapter,
        indicator.unit,
        indicator.decimals,
        indicator.kind,
        catalogue.adds(indicator),
        catalogue.level(indicator),
        indicator.definition,
        catalogue.in_words(indicator, STANDARD_DEFINITION),
        " + ".join(catalogue.measures[code].label for code in indicator.denominator),
        indicator.time_basis,
        indicator.direction,
        indicator.source,
        " ".join(printed_in),
    )


@dataclass(frozen=True)
class Maintained:
    """Who keeps the structure, and its version: part of the name (URN) of everything in it."""

    agency: str
    version: str

    def urn(self, of: str, name: str) -> str:
        """`of` is the standard's package and class, such as `codelist.Codelist`."""
        return f"urn:sdmx:org.sdmx.infomodel.{of}={self.agency}:{name}({self.version})"

    def named(self, identifier: str, name: str) -> dict[str, Any]:
        """What every artefact begins with."""
        return {"id": identifier, "agencyID": self.agency, "version": self.version, "name": name}


def write_structure(
    connection: duckdb.DuckDBPyConnection,
    catalogue: Catalogue,
    city: City,
    folder: Path,
    released_on: date,
    version: str,
) -> Path:
    """Writes structure.json; `version` is the release's, such as 2023.1."""
    kept = Maintained(f"NIANBAO_{city.code}", f"{version}.0")
    path = folder / STRUCTURE
    message = structure(connection, catalogue, kept, released_on)
    path.write_text(json.dumps(message, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return path


def structure(
    connection: duckdb.DuckDBPyConnection, catalogue: Catalogue, kept: Maintained, released_on: date
) -> dict[str, Any]:
    """The structure message: what each column of the facts means and from which list its codes come."""
    columns = dict(
        connection.execute(
            "select column_name, coalesce(comment, column_name) from duckdb_columns()"
            " where schema_name = 'core' and table_name = ? order by column_index",
            [FACTS],
        ).fetchall()
    )
    labels = {
        "region_code": _labels(connection, "dim_region", "region_code", "region_name"),
        "subject_kind": SUBJECTS,
        "scope_code": _labels(connection, "dim_scope", "scope_code", "label"),
        "indicator_code": {code: each.label for code, each in catalogue.indicators.items()},
        "status": STATUS,
    }
    lists = [_code_list(kept, column, columns[column], of) for column, of in labels.items()]
    for code in lists[list(labels).index("indicator_code")]["codes"]:
        code["description"] = catalogue.indicators[code["id"]].definition
    return {
        "meta": {
            "id": f"{kept.agency}-{kept.version}".replace(".", "-"),
            "schema": SCHEMA,
            "prepared": f"{released_on.isoformat()}T00:00:00Z",
            "sender": {"id": kept.agency},
        },
        "data": {
            "codelists": lists,
            "conceptSchemes": [_concepts(kept, columns)],
            "dataStructures": [_data_structure(kept, columns, labels)],
            "dataflows": [
                kept.named("DF_INDICATOR_VALUE", FLOW)
                | {"structure": kept.urn("datastructure.DataStructure", "DSD_INDICATOR_VALUE")}
            ],
        },
    }


def _labels(connection: duckdb.DuckDBPyConnection, table: str, code: str, label: str) -> dict[str, str]:
    return dict(connection.execute(f"select {code}, {label} from core.{table} order by sequence, {code}").fetchall())


def _identifier(column: str) -> str:
    """The standard has names of its own for the time and for the value."""
    return {TIME: "TIME_PERIOD", MEASURE: "OBS_VALUE"}.get(column, column.upper())


def _code_list(kept: Maintained, column: str, name: str, labels: Mapping[str, str]) -> dict[str, Any]:
    codes = [{"id": code, "name": label} for code, label in labels.items()]
    return kept.named(f"CL_{_identifier(column)}", name) | {"codes": codes}


def _concepts(kept: Maintained, columns: Mapping[str, str]) -> dict[str, Any]:
    concepts = [{"id": _identifier(column), "name": comment} for column, comment in columns.items()]
    return kept.named("CS_NIANBAO", "年报的概念") | {"concepts": concepts}


def _data_structure(kept: Maintained, columns: Mapping[str, str], listed: Collection[str]) -> dict[str, Any]:
    """Dimensions are the key of the facts, `value` is measured, everything else is said of it."""

    def component(column: str) -> dict[str, Any]:
        concept = f"{kept.urn('conceptscheme.Concept', 'CS_NIANBAO')}.{_identifier(column)}"
        told = {"id": _identifier(column), "conceptIdentity": concept}
        if column not in listed:
            return told
        return told | {
            "localRepresentation": {"enumeration": kept.urn("codelist.Codelist", f"CL_{_identifier(column)}")}
        }

    said_of_it = [column for column in columns if column not in (*DIMENSIONS, TIME, MEASURE)]
    attribute = {"attributeRelationship": {"observation": {}}, "usage": "optional"}
    return kept.named("DSD_INDICATOR_VALUE", FLOW) | {
        "dataStructureComponents": {
            "dimensionList": {
                "id": "DimensionDescriptor",
                "dimensions": [component(column) for column in DIMENSIONS],
                "timeDimension": component(TIME) | {"localRepresentation": {"format": {"dataType": "GregorianYear"}}},
            },
            "measureList": {
                "id": "MeasureDescriptor",
                "measures": [component(MEASURE) | {"localRepresentation": {"format": {"dataType": "Decimal"}}}],
            },
            "attributeList": {
                "id": "AttributeDescriptor",
                "attributes": [component(column) | attribute for column in said_of_it],
            },
        }
    }
