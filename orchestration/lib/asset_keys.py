"""Names of assets, jobs and run tags, for code that refers to them without importing their definitions."""

import dagster as dg

from sources.declarations.contract import Contract, load_contracts

RECEIVED, PARSED, AUDITED = dg.AssetKey("received"), dg.AssetKey("parsed"), dg.AssetKey("audited")
REGISTRY, REFERENCE = dg.AssetKey("registry"), dg.AssetKey("reference")
FEEDBACK = dg.AssetKey("feedback")
PUBLISHED, SUMMARY_TABLES = dg.AssetKey("published"), dg.AssetKey("summary_tables")
DOCUMENTS, RELEASED = dg.AssetKey("documents"), dg.AssetKey("released")
STARTED_BY_HAND = (DOCUMENTS, RELEASED)
JOB = "annual_report"
DOCUMENTS_JOB, RELEASE_JOB = "make_documents", "make_release"
SUBMISSIONS_TAG = "nianbao/报送"
"""What a run did with the submissions, in its tags: the list of runs shows in which one a workbook was rejected."""
REASON_TAG = "nianbao/reason"
"""Why a run was started."""
ANEW = "nianbao/anew"
"""A run with this tag builds all models, also those that would be built from the same again."""


def raw_key(contract: Contract) -> dg.AssetKey:
    return dg.AssetKey(["raw", contract.name])


def intake_assets() -> list[dg.AssetKey]:
    """The assets that come before the models: receive, read, audit, load, and send back."""
    return [REFERENCE, RECEIVED, PARSED, AUDITED, REGISTRY, FEEDBACK, *map(raw_key, load_contracts())]
