"""Contracts and catalogue → the files that derive from them. `nianbao generate` writes them; a test compares.

Generated: dbt's sources, one staging model a sheet, the union of all measures, one wide mart a chapter, and
the reference pages. Nothing here looks at data.
"""

from pathlib import Path

from sources.declarations.contract import load_contracts
from warehouse.catalogue.generated_models import (
    MODELS,
    distinct_sql,
    mart_sql,
    mart_yml,
    measures_sql,
    measures_yml,
    sources_yml,
    staging_sql,
    staging_yml,
)
from warehouse.catalogue.indicator import load_chapters
from warehouse.catalogue.reference_pages import REFERENCE, indicators_page, rules_page, sheets_page, tables_page


def generated_files() -> dict[Path, str]:
    """Every generated file with its text."""
    staged = [contract for contract in load_contracts() if contract.name != "cover"]
    files = {MODELS / "staging" / "_generated" / "sources.yml": sources_yml()}
    for contract in staged:
        files[MODELS / "staging" / "_generated" / f"stg_{contract.name}.sql"] = staging_sql(contract)
    files[MODELS / "staging" / "_generated" / "staging.yml"] = staging_yml(staged)
    files[MODELS / "intermediate" / "_generated" / "int_measure_reported.sql"] = measures_sql()
    files[MODELS / "intermediate" / "_generated" / "int_measure_distinct.sql"] = distinct_sql()
    files[MODELS / "intermediate" / "_generated" / "measures.yml"] = measures_yml()
    for chapter in load_chapters():
        files[MODELS / "marts" / "_generated" / f"{chapter.chapter}.sql"] = mart_sql(chapter)
        files[MODELS / "marts" / "_generated" / f"{chapter.chapter}.yml"] = mart_yml(chapter)
    files[REFERENCE / "sheets.md"] = sheets_page()
    files[REFERENCE / "rules.md"] = rules_page()
    files[REFERENCE / "indicators.md"] = indicators_page()
    files[REFERENCE / "tables.md"] = tables_page()
    return files


def stale_files() -> list[Path]:
    """Generated files whose text differs from what the declarations give, and files that are generated no longer."""
    files = generated_files()
    stale = [path for path, text in files.items() if not path.exists() or path.read_text("utf-8") != text]
    kept = {path.parent for path in files}
    return stale + [path for folder in kept if folder.exists() for path in folder.iterdir() if path not in files]


def write_generated() -> list[Path]:
    """Brings the generated files up to date; returns those that changed."""
    files = generated_files()
    changed = stale_files()
    for path in changed:
        if path in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(files[path], encoding="utf-8")
        else:
            path.unlink()
    return changed
