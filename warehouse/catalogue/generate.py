"""Contracts and catalogue → the files that derive from them. `nianbao generate` writes them; a test compares.

Generated: dbt's sources, one staging model a sheet, the union of all measures, one wide mart a chapter, and
the reference pages. Nothing here looks at data.
"""

from itertools import groupby
from pathlib import Path

from sources.declarations.contract import load_contracts
from warehouse.catalogue.catalogue import Catalogue
from warehouse.catalogue.generated_models import (
    MODELS,
    chapter_folder,
    distinct_sql,
    mart_sql,
    mart_yml,
    measures_sql,
    measures_yml,
    sources_yml,
    staging_sql,
    staging_yml,
)
from warehouse.catalogue.reference_pages import REFERENCE, indicators_page, rules_page, sheets_page, tables_page

GENERATED = "_generated"
"""The folders whose files all come from here."""


def generated_files(catalogue: Catalogue) -> dict[Path, str]:
    """Every generated file with its text."""
    staged = [contract for contract in load_contracts() if contract.name != "cover"]
    staging, intermediate = MODELS / "staging" / GENERATED, MODELS / "intermediate" / GENERATED
    files = {staging / "_sources.yml": sources_yml(), staging / "_models.yml": staging_yml(staged)}
    files |= {staging / f"stg_{contract.name}.sql": staging_sql(contract) for contract in staged}
    files[intermediate / "int_measure_reported.sql"] = measures_sql(catalogue)
    files[intermediate / "int_measure_distinct.sql"] = distinct_sql(catalogue)
    files[intermediate / "_models.yml"] = measures_yml()
    for name, chapters in groupby(catalogue.chapters, chapter_folder):
        folder, of_chapter = MODELS / "marts" / name / GENERATED, list(chapters)
        files[folder / "_models.yml"] = mart_yml(catalogue, of_chapter)
        files |= {folder / f"mart_{each.chapter}.sql": mart_sql(catalogue, each) for each in of_chapter}
    files[REFERENCE / "sheets.md"] = sheets_page()
    files[REFERENCE / "rules.md"] = rules_page()
    files[REFERENCE / "indicators.md"] = indicators_page(catalogue)
    files[REFERENCE / "tables.md"] = tables_page(catalogue)
    return files


def stale_files(catalogue: Catalogue) -> list[Path]:
    """Generated files whose text differs from what the declarations give, and files that are generated no longer."""
    files = generated_files(catalogue)
    stale = [path for path, text in files.items() if not path.exists() or path.read_text("utf-8") != text]
    kept = {path.parent for path in files} | set(MODELS.rglob(GENERATED))
    return stale + [path for folder in kept if folder.exists() for path in folder.iterdir() if path not in files]


def write_generated(catalogue: Catalogue) -> list[Path]:
    """Brings the generated files up to date; returns those that changed."""
    files = generated_files(catalogue)
    changed = stale_files(catalogue)
    for path in changed:
        if path in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(files[path], encoding="utf-8")
        else:
            path.unlink()
    return changed
