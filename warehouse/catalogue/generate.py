"""Contracts and catalogue → the files that derive from them. `nianbao generate` writes them; a test compares.

Generated: dbt's sources, one staging model a sheet, the union of all measures, one mart a chapter, and
the reference pages. Nothing here looks at data.
"""

from pathlib import Path

from warehouse.catalogue.bounds_page import bounds_page
from warehouse.catalogue.catalogue import Catalogue
from warehouse.catalogue.city_pages import city_pages
from warehouse.catalogue.columns_page import columns_page
from warehouse.catalogue.generated_models import MODELS
from warehouse.catalogue.model_files import GENERATED, generated_models
from warehouse.catalogue.notebook import NOTEBOOK, notebook
from warehouse.catalogue.reference_pages import REFERENCE, indicators_page, rules_page, sheets_page, tables_page
from warehouse.catalogue.seen_page import seen_page
from warehouse.catalogue.states_page import states_page


def generated_files(catalogue: Catalogue) -> dict[Path, str]:
    """Every generated file with its text."""
    files = generated_models(catalogue)
    files[REFERENCE / "sheets.md"] = sheets_page(catalogue)
    files[REFERENCE / "bounds.md"] = bounds_page(catalogue)
    files[REFERENCE / "rules.md"] = rules_page(catalogue)
    files[REFERENCE / "indicators.md"] = indicators_page(catalogue)
    files[REFERENCE / "tables.md"] = tables_page(catalogue)
    files[REFERENCE / "columns.md"] = columns_page(catalogue)
    files[REFERENCE / "states.md"] = states_page()
    files[REFERENCE / "seen.md"] = seen_page()
    files[NOTEBOOK] = notebook()
    files |= {REFERENCE / "city" / name: text for name, text in city_pages().items()}
    return files


def stale_files(catalogue: Catalogue) -> list[Path]:
    """Generated files whose text differs from what the declarations give, and files that are generated no longer."""
    files = generated_files(catalogue)
    stale = [path for path, text in files.items() if not path.exists() or path.read_text("utf-8") != text]
    kept = {path.parent for path in files} | set(MODELS.rglob(GENERATED))
    return stale + [
        path for folder in kept if folder.exists() for path in folder.iterdir() if path.is_file() and path not in files
    ]


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
