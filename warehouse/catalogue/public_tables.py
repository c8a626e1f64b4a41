"""The tables that analysts query, as the dbt project declares and tests them: what for, grain, key, closed lists.

Each fact is declared once, in the yml of the models: a key is what `unique_combination` tests, a closed list what
`accepted_values` or `in_codelist` allows, a foreign key what `relationships` or `refers_to` tests. From here derive the
published file, its `catalogue` schema, and the reference page.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sources.declarations.codelist import CodeList, load_codelists
from sources.declarations.strict_yaml import read_yaml
from warehouse.catalogue.catalogue import Catalogue
from warehouse.catalogue.generated_models import MODELS, mart_model
from warehouse.catalogue.model_files import GENERATED
from warehouse.store.ddl import PUBLIC_SCHEMAS

GRAIN = re.compile("一行一[^。；]*")
UNIT = re.compile(r"^[^。：；，]*?（([^（）。：；，]+)）(?=$|[。：；，])")
TARGET = re.compile(r"(?:ref|source)\((?:'(\w+)', *)?'(\w+)'\)")
FACTS = ("fct_indicator_value", "fct_indicator_change")
LAID_OUT = ("annex_", "table_")
OF_A_CHANGE = ("change_", "previous_")


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """These columns are a key of another table: `schema.table`, and its columns in the same order."""

    columns: tuple[str, ...]
    schema: str
    table: str
    to_columns: tuple[str, ...]

    @property
    def told(self) -> str:
        return f"{self.schema}.{self.table}（{', '.join(self.to_columns)}）"


@dataclass(frozen=True, slots=True)
class PublicColumn:
    """`allowed` is the closed list, in the order of its letters; `status_column` says why a value is not there."""

    name: str
    type: str
    description: str
    allowed: tuple[str, ...]
    unit: str
    status_column: str


@dataclass(frozen=True, slots=True)
class PublicTable:
    """One table for analysts. `question` is one that it answers, `example` the SQL that does."""

    schema: str
    name: str
    description: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[PublicColumn, ...]
    foreign_keys: tuple[ForeignKey, ...]
    question: str
    example: str

    @property
    def qualified(self) -> str:
        return f'{self.schema}."{self.name}"'


def public_tables(catalogue: Catalogue) -> tuple[PublicTable, ...]:
    """Every table of the schemas for analysts, by schema and name, as the catalogue's pack has them."""
    codelists = load_codelists(catalogue.pack)
    declared = [_table(schema, model, codelists) for schema, model in _models(catalogue)]
    facts = [table for table in declared if table.name in FACTS]
    tables = [_as_in_facts(table, facts) if _is_made_of_facts(table) else table for table in declared]
    return tuple(sorted(tables, key=lambda table: (PUBLIC_SCHEMAS.index(table.schema), table.name)))


def _models(catalogue: Catalogue) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each public model's declaration with its schema: those written by hand, and those that derive from the pack."""
    written = {
        path: read_yaml(path)
        for schema in PUBLIC_SCHEMAS
        for path in (MODELS / schema).rglob("_models.yml")
        if GENERATED not in path.parts
    }
    for path, declared in written.items():
        for model in declared["models"]:
            yield path.relative_to(MODELS).parts[0], model
    for chapter in catalogue.chapters:
        yield "marts", mart_model(chapter)


def _is_made_of_facts(table: PublicTable) -> bool:
    """Marts and the tables of the report lay out rows of the facts; their columns of the same name hold the same."""
    return table.schema == "marts" or (table.schema == "report" and table.name.startswith(LAID_OUT))


def _as_in_facts(table: PublicTable, facts: Iterable[PublicTable]) -> PublicTable:
    """The table with the closed lists and foreign keys that the facts have for its columns."""
    allowed = {column.name: column.allowed for fact in facts for column in fact.columns if column.allowed}
    columns = tuple(replace(each, allowed=each.allowed or allowed.get(each.name, ())) for each in table.columns)
    names = {column.name for column in columns}
    keys = {key.columns: key for fact in facts for key in fact.foreign_keys if names.issuperset(key.columns)}
    keys |= {key.columns: key for key in table.foreign_keys}
    return replace(table, columns=columns, foreign_keys=tuple(keys.values()))


def relation_name(schema: str, model: str) -> str:
    """What a model is called in the database (dbt_project/macros/generate_alias_name.sql)."""
    return model if schema == "core" else model.partition("_")[2]


def _table(schema: str, model: Mapping[str, Any], codelists: Mapping[str, CodeList]) -> PublicTable:
    name, meta = relation_name(schema, model["name"]), model.get("config", {}).get("meta", {})
    description = " ".join(model["description"].split())
    key = next((tuple(test["columns"]) for test in _tests(model, "unique_combination")), ())
    names = {column["name"] for column in model["columns"]}
    question, example = _example(schema, name, description, key)
    return PublicTable(
        schema=schema,
        name=name,
        description=description,
        grain=meta.get("grain") or (found[0] if (found := GRAIN.search(description)) else ""),
        key=key,
        columns=tuple(_column(column, names, codelists) for column in model["columns"]),
        foreign_keys=tuple(_foreign_keys(model)),
        question=meta.get("question", question),
        example=meta.get("example", example).strip(),
    )


def _example(schema: str, name: str, description: str, key: Iterable[str]) -> tuple[str, str]:
    """A question that every table answers, for those that declare none: its rows, of the newest year where it has
    years."""
    is_of_years = "report_year" in key
    newest = f"\nwhere report_year = (select max(report_year) from {schema}.{name})" if is_of_years else ""
    what = description.split("。")[0].split("：")[0]
    order = f"\norder by {', '.join(key)}" if key else ""
    return (
        f"{'最近一个年度的' if is_of_years else ''}{what}：有哪些？",
        f"select *\nfrom {schema}.{name}{newest}{order}",
    )


def _column(column: Mapping[str, Any], names: Collection[str], codelists: Mapping[str, CodeList]) -> PublicColumn:
    name, data_type, description = column["name"], column["data_type"], column["description"]
    is_number = data_type == "bigint" or data_type.startswith("decimal")
    unit = UNIT.match(description) if is_number and name != "report_year" else None
    is_value = data_type.startswith("decimal") or unit is not None
    wanted = ("comparability", "status") if name.startswith(OF_A_CHANGE) else ("status",)
    return PublicColumn(
        name=name,
        type=data_type,
        description=description,
        allowed=tuple(sorted(_allowed(column, codelists))),
        unit=unit[1] if unit else _unit_elsewhere(name, names) if data_type.startswith("decimal") else "",
        status_column=next((each for each in wanted if is_value and each in names and each != name), ""),
    )


def _unit_elsewhere(name: str, names: Collection[str]) -> str:
    """Where the unit of a value stands that has not the same one in every row."""
    if not name.endswith("value"):
        return ""
    places = {"unit": "见 unit", "indicator_code": "见 core.dim_indicator", "measure_code": "见 reference.measure"}
    return next((told for column, told in places.items() if column in names), "")


def _allowed(column: Mapping[str, Any], codelists: Mapping[str, CodeList]) -> Iterator[str]:
    for test in _tests(column, "accepted_values"):
        yield from test["values"]
    for test in _tests(column, "in_codelist"):
        yield from (code.code for code in codelists[test["codelist"]].codes)


def _foreign_keys(model: Mapping[str, Any]) -> Iterator[ForeignKey]:
    for column in model["columns"]:
        for test in _tests(column, "relationships"):
            yield _foreign_key((column["name"],), test["to"], (test["field"],))
    for test in _tests(model, "refers_to"):
        yield _foreign_key(tuple(test["columns"]), test["to"], tuple(test["to_columns"]))


def _foreign_key(columns: tuple[str, ...], target: str, to_columns: tuple[str, ...]) -> ForeignKey:
    found = TARGET.fullmatch(target)
    if found is None:
        raise ValueError(f"a foreign key to {target}, which is neither a model nor a source")
    schema, name = found.groups()
    if schema is None:  # a model: it lies in the schema whose folder it is written in
        (path,) = MODELS.rglob(f"{name}.sql")
        schema = path.relative_to(MODELS).parts[0]
        name = relation_name(schema, name)
    return ForeignKey(columns, schema, name, to_columns)


def _tests(of: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    """The arguments of the tests of a kind that a model or a column declares."""
    for test in of.get("data_tests", ()):
        if name in test:
            yield test[name]["arguments"]
