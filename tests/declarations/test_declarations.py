"""One declaration per fact: everything else derives from it, and nothing goes stale or astray."""

import re

import pytest
from pydantic import ValidationError

from sources.audit.sheet_schema import sheet_schema
from sources.declarations.codelist import load_codelists
from sources.declarations.contract import Contract, contracts_for, load_contracts, template_version
from sources.declarations.rule import load_cross_rules, load_intake_rules
from sources.write.template import build_workbook
from tests.conftest import NURSING_SCHOOL
from warehouse.catalogue import generate
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.catalogue.indicator import STANDARD_DEFINITION, load_chapters, load_indicators
from warehouse.catalogue.measure import load_measures
from warehouse.catalogue.report_table import load_report_tables
from warehouse.catalogue.standard import load_standards
from warehouse.store import ddl
from warehouse.store.ddl import all_tables, raw_table


def test_generated_files_are_up_to_date():
    assert generate.stale_files(load_catalogue()) == []


def test_an_unknown_key_is_refused():
    contract = load_contracts()[1].model_dump()
    with pytest.raises(ValidationError, match="hnit"):
        Contract(**(contract | {"columns": [contract["columns"][0] | {"hnit": "x"}]}))


def test_editing_one_contract_changes_everything_that_derives_from_it(monkeypatch, city):
    students = next(c for c in load_contracts() if c.name == "students")
    new = students.columns[0].model_copy(update={"name": "boarders", "label": "住校生数", "hint": "住校的学生。"})
    changed = students.model_copy(update={"columns": (*students.columns, new)})
    contracts = tuple(changed if c.name == "students" else c for c in load_contracts())
    files_before = generate.generated_files(load_catalogue())
    before = build_workbook(city, city.respondent_by_code[NURSING_SCHOOL], 2023)

    for module in (
        "sources.declarations.contract",
        "warehouse.catalogue.generate",
        "warehouse.catalogue.measure",
        "warehouse.catalogue.reference_pages",
        "warehouse.store.ddl",
    ):
        monkeypatch.setattr(f"{module}.load_contracts", lambda: contracts)
    for cached in (sheet_schema, all_tables, load_measures, load_catalogue, contracts_for, template_version):
        cached.cache_clear()

    assert build_workbook(city, city.respondent_by_code[NURSING_SCHOOL], 2023) != before
    assert "boarders" in sheet_schema("students", 2023).schema.columns
    assert "boarders" in [column.name for column in raw_table(changed).columns]
    changed_files = {
        path.name for path, text in generate.generated_files(load_catalogue()).items() if files_before.get(path) != text
    }
    assert changed_files >= {"_sources.yml", "stg_students.sql", "_models.yml", "int_measure_reported.sql", "sheets.md"}

    monkeypatch.undo()
    for cached in (sheet_schema, all_tables, load_measures, load_catalogue, contracts_for, template_version):
        cached.cache_clear()


def test_every_code_list_that_a_column_names_exists():
    named = {c.codelist for contract in load_contracts() for c in contract.columns if c.codelist}
    named |= {contract.rows for contract in load_contracts() if contract.rows}
    assert named <= set(load_codelists()) | {"schools", "scopes"}


def test_every_term_of_an_indicator_is_a_measure_and_every_measure_comes_from_a_sheet():
    measures = load_measures()
    for indicator in load_indicators().values():
        for definition in () if indicator.counts else (STANDARD_DEFINITION, *indicator.alternatives):
            for _, measure in indicator.formula(definition).terms:
                assert measure in measures, indicator.code
    assert {measure.sheet for measure in measures.values()} <= {contract.name for contract in load_contracts()}


def test_standards_and_counts_name_indicators_of_the_catalogue():
    assert {standard.indicator for standard in load_standards()} <= set(load_indicators())
    assert {i.counts.of for i in load_indicators().values() if i.counts} <= set(load_indicators())


def test_every_sheet_is_needed_and_says_by_what():
    """Every number that is asked for is in an indicator, checks one, or breaks one down."""
    used = {m for i in load_indicators().values() if not i.counts for _, m in i.formula(STANDARD_DEFINITION).terms}
    for contract in load_contracts():
        assert contract.needed_by
    asked = {
        c.name for contract in load_contracts() if contract.shape == "form" for c in contract.columns if c.is_number
    }
    in_rules = {name for contract in load_contracts() for rule in contract.rules for name in rule.columns}
    in_sql = {name for rule in load_cross_rules() for name in re.findall(r"[a-z_]+", rule.sql)}
    in_measures = {w for m in load_measures().values() for w in re.findall(r"[a-z_]+", f"{m.value} {m.sum} {m.where}")}
    assert asked - {"stated_year"} <= used | in_rules | in_sql | in_measures


def test_measure_and_indicator_codes_are_unique():
    numbers = [
        c.name for contract in load_contracts() if contract.shape == "form" for c in contract.columns if c.is_number
    ]
    assert len(numbers) == len(set(numbers))
    codes = [indicator.code for chapter in load_chapters() for indicator in chapter.indicators]
    assert len(codes) == len(set(codes))


def test_report_tables_name_indicators_of_the_catalogue():
    rows = {row.indicator for table in load_report_tables().values() for row in table.rows}
    assert rows <= set(load_indicators())


def test_topics_of_the_catalogue_are_offered_to_the_bureau():
    topics = {code.code for code in load_codelists()["topics"].codes}
    assert {chapter.topic for chapter in load_chapters()} <= topics
    assert {table.topic for table in load_report_tables().values()} <= topics


@pytest.mark.parametrize("kind", ["school", "bureau"])
def test_sheet_titles_and_headings_are_unambiguous(kind):
    contracts = contracts_for(kind, 2023)
    assert len({contract.title for contract in contracts}) == len(contracts)
    for contract in contracts:
        headings = [heading for column in contract.columns for heading in column.headings]
        assert len(headings) == len(set(headings)), contract.name


def test_messages_of_the_intake_rules_use_known_words_only():
    words = {"sheet": "", "value": "", "expected": "", "label": "", "count": ""}
    for rule in load_intake_rules().values():
        assert rule.message.format(**words)
        assert rule.fix.format(**words)


def test_no_raw_column_is_floating_point():
    types = {column.type for table in ddl.all_tables() for column in table.columns}
    assert not {t for t in types if t in ("double", "float", "real")}
