"""One declaration per fact: everything else derives from it, and nothing goes stale or astray."""

import re
import shutil

import pytest
from pydantic import ValidationError

from sources.audit.sheet_schema import sheet_schema
from sources.declarations.agreement import cross_rules
from sources.declarations.codelist import load_codelists
from sources.declarations.contract import Contract, contract_named, contracts_for, load_contracts
from sources.declarations.pack import Pack
from sources.declarations.rule import load_intake_rules
from sources.write.template import build_workbook
from tests.conftest import NURSING_SCHOOL
from tests.support.sample import PACK
from warehouse.catalogue import generate
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.catalogue.indicator import STANDARD_DEFINITION, load_chapters, load_indicators
from warehouse.catalogue.measure import load_measures
from warehouse.catalogue.report_table import load_report_tables
from warehouse.catalogue.standard import load_requirements
from warehouse.store import ddl
from warehouse.store.ddl import raw_table


def test_generated_files_are_up_to_date():
    assert generate.stale_files(load_catalogue(PACK)) == []


def test_an_unknown_key_is_refused():
    contract = load_contracts(PACK)[1].model_dump()
    with pytest.raises(ValidationError, match="hnit"):
        Contract(**(contract | {"columns": [contract["columns"][0] | {"hnit": "x"}]}))


def test_editing_one_contract_changes_everything_that_derives_from_it(tmp_path, city):
    """A pack is such an edit: it adds a column to a sheet, without a line of code."""
    shutil.copytree(PACK.folder, tmp_path / "450000")
    edited = Pack(tmp_path / "450000")
    (edited.folder / "contracts" / "school" / "students.yml").write_text(
        "columns:\n"
        "  - {name: boarders, after: students_full_time, label: 住校生数, type: integer, unit: 人, blank: missing,"
        " adds: sum, judged: students_part, hint: 住校的学生。}\n",
        encoding="utf-8",
    )
    files, edited_files = (generate.generated_files(load_catalogue(pack)) for pack in (PACK, edited))
    nursing = city.respondent_by_code[NURSING_SCHOOL]
    assert build_workbook(city.model_copy(update={"pack": edited}), nursing, 2023) != build_workbook(
        city, nursing, 2023
    )
    assert "boarders" in sheet_schema(edited, "students", 2023).schema.columns
    students = contract_named(edited, "students")
    names = [column.name for column in students.columns]
    assert names.index("boarders") == names.index("students_full_time") + 1
    assert "boarders" in [column.name for column in raw_table(students).columns]
    changed_files = {path.name for path, text in edited_files.items() if files.get(path) != text}
    assert changed_files >= {
        "_sources.yml",
        "stg_students.sql",
        "_models.yml",
        "int_measure_reported.sql",
        "sheets.md",
        "bounds.md",
    }


def test_every_code_list_that_a_column_names_exists():
    named = {c.codelist for contract in load_contracts(PACK) for c in contract.columns if c.codelist}
    named |= {contract.rows for contract in load_contracts(PACK) if contract.rows}
    assert named <= set(load_codelists(PACK)) | {"schools", "scopes"}


def test_every_term_of_an_indicator_is_a_measure_and_every_measure_comes_from_a_sheet():
    measures = load_measures(PACK)
    for indicator in load_indicators(PACK).values():
        for definition in () if indicator.counts else (STANDARD_DEFINITION, *indicator.alternatives):
            for _, measure in indicator.formula(definition).terms:
                assert measure in measures, indicator.code
    assert {measure.sheet for measure in measures.values()} <= {contract.name for contract in load_contracts(PACK)}


def test_standards_and_counts_name_indicators_of_the_catalogue():
    assert {standard.indicator for standard in load_requirements(PACK).standards} <= set(load_indicators(PACK))
    assert {i.counts.of for i in load_indicators(PACK).values() if i.counts} <= set(load_indicators(PACK))


def test_every_sheet_is_needed_and_says_by_what():
    """Every number that is asked for is in an indicator, checks one, or breaks one down."""
    used = {m for i in load_indicators(PACK).values() if not i.counts for _, m in i.formula(STANDARD_DEFINITION).terms}
    for contract in load_contracts(PACK):
        assert contract.needed_by
    asked = {
        c.name for contract in load_contracts(PACK) if contract.shape == "form" for c in contract.columns if c.is_number
    }
    in_rules = {name for contract in load_contracts(PACK) for rule in contract.rules for name in rule.columns}
    in_sql = {name for rule in cross_rules(PACK) for name in re.findall(r"[a-z_]+", rule.sql)}
    in_measures = {
        w for m in load_measures(PACK).values() for w in re.findall(r"[a-z_]+", f"{m.value} {m.sum} {m.where}")
    }
    assert asked - {"stated_year"} <= used | in_rules | in_sql | in_measures


def test_measure_and_indicator_codes_are_unique():
    numbers = [
        c.name for contract in load_contracts(PACK) if contract.shape == "form" for c in contract.columns if c.is_number
    ]
    assert len(numbers) == len(set(numbers))
    codes = [indicator.code for chapter in load_chapters(PACK) for indicator in chapter.indicators]
    assert len(codes) == len(set(codes))


def test_report_tables_name_indicators_of_the_catalogue():
    rows = {row.indicator for table in load_report_tables(PACK).values() for row in table.rows}
    assert rows <= set(load_indicators(PACK))


def test_topics_of_the_catalogue_are_offered_to_the_bureau():
    topics = {code.code for code in load_codelists(PACK)["topics"].codes}
    assert {chapter.topic for chapter in load_chapters(PACK)} <= topics
    assert {table.topic for table in load_report_tables(PACK).values()} <= topics


@pytest.mark.parametrize("kind", ["school", "bureau"])
def test_sheet_titles_and_headings_are_unambiguous(kind):
    contracts = contracts_for(PACK, kind, 2023)
    assert len({contract.title for contract in contracts}) == len(contracts)
    for contract in contracts:
        headings = [heading for column in contract.columns for heading in column.headings]
        assert len(headings) == len(set(headings)), contract.name


def test_messages_of_the_intake_rules_use_known_words_only():
    common = ("sheet", "value", "expected", "label", "count")
    of_numbers = ("limit", "base", "base_value", "whole", "whole_value", "before", "times", "by", "peer_value")
    of_numbers += ("other", "next_value", "own", "next", "names")
    of_causes = ("cells", "text", "times", "direction", "places", "except_for", "other", "closer")
    for rule in load_intake_rules().values():
        own = {"plausible": of_numbers, "cause": of_causes}.get(rule.id.partition(".")[0], ())
        words = dict.fromkeys(common + own, "")
        assert rule.message.format(**words)
        assert rule.fix.format(**words)


def test_no_raw_column_is_floating_point():
    types = {column.type for table in ddl.all_tables(PACK) for column in table.columns}
    assert not {t for t in types if t in ("double", "float", "real")}
