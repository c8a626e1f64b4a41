"""Which files of the dbt project are generated for a pack, with their texts. A run needs these, no reference page."""

from itertools import groupby
from pathlib import Path

from sources.declarations.contract import load_contracts
from sources.declarations.pack import REGIONS, Pack
from warehouse.catalogue.catalogue import Catalogue
from warehouse.catalogue.generated_models import (
    MODELS,
    chapter_folder,
    distinct_sql,
    explained_sql,
    mart_sql,
    mart_yml,
    measures_sql,
    measures_yml,
    mended_distinct_sql,
    mended_sql,
    origin_sql,
    sources_yml,
    staging_sql,
    staging_yml,
)

GENERATED = "_generated"
"""The folders whose files all come from here."""
GENERATED_FOR = "450000"
"""The generated files that are kept are those of the sample city's pack; of another pack they are made when needed."""


def is_generated_for(pack: Pack) -> bool:
    """Whether the generated files that are kept are those of this pack."""
    return pack.folder == REGIONS / GENERATED_FOR


def generated_models(catalogue: Catalogue) -> dict[Path, str]:
    """Every generated file of the dbt project with its text."""
    staged = [contract for contract in load_contracts(catalogue.pack) if contract.name != "cover"]
    staging, intermediate = MODELS / "staging" / GENERATED, MODELS / "intermediate" / GENERATED
    files = {staging / "_sources.yml": sources_yml(catalogue), staging / "_models.yml": staging_yml(staged)}
    files |= {staging / f"stg_{contract.name}.sql": staging_sql(contract) for contract in staged}
    files[intermediate / "int_measure_reported.sql"] = measures_sql(catalogue)
    files[intermediate / "int_measure_distinct.sql"] = distinct_sql(catalogue)
    files[intermediate / "int_explained_measure.sql"] = explained_sql(catalogue)
    files[intermediate / "int_measure_origin.sql"] = origin_sql(catalogue)
    files[intermediate / "int_mended_distinct.sql"] = mended_distinct_sql(catalogue)
    files[intermediate / "int_mended_measure.sql"] = mended_sql(catalogue)
    files[intermediate / "_models.yml"] = measures_yml()
    for name, chapters in groupby(catalogue.chapters, chapter_folder):
        folder, of_chapter = MODELS / "marts" / name / GENERATED, list(chapters)
        files[folder / "_models.yml"] = mart_yml(of_chapter)
        files |= {folder / f"mart_{each.chapter}.sql": mart_sql(each) for each in of_chapter}
    return files
