"""Names of assets, jobs and run tags, for code that refers to them without importing their definitions."""

import dagster as dg

from sources.declarations.contract import Contract, load_contracts
from sources.declarations.pack import Pack

RECEIVED, PARSED, AUDITED = dg.AssetKey("received"), dg.AssetKey("parsed"), dg.AssetKey("audited")
REGISTRY, REFERENCE = dg.AssetKey("registry"), dg.AssetKey("reference")
FEEDBACK, FINDING_EFFECT = dg.AssetKey("feedback"), dg.AssetKey(["quality", "finding_effect"])
YEAR_PAGE = dg.AssetKey("报送情况")
"""The one asset that is nobody's table but the clerk's page; its name is what the clerk looks for."""
PUBLISHED, SUMMARY_TABLES = dg.AssetKey("published"), dg.AssetKey("summary_tables")
DOCUMENTS, RELEASED = dg.AssetKey("documents"), dg.AssetKey("released")
SCHOOL_REPORTS = dg.AssetKey("school_reports")
TODO = dg.AssetKey("今天要办")
STARTED_BY_HAND = (DOCUMENTS, SCHOOL_REPORTS, RELEASED, TODO)
JOB = "annual_report"
DOCUMENTS_JOB, RELEASE_JOB = "make_documents", "make_release"
SCHOOL_REPORTS_JOB = "make_school_reports"
TODO_JOB = "todo_today"
SUBMISSIONS_TAG = "nianbao/报送"
"""What a run did with the submissions, in its tags: the list of runs shows in which one a workbook was rejected."""
REASON_TAG = "nianbao/起因"
"""Why a run was started."""
FAILURE_TAG = "nianbao/失败原因"
"""Why it failed, in the words of its page."""
ANEW = "nianbao/anew"
"""A run with this tag builds all models, also those that would be built from the same again."""


def raw_key(contract: Contract) -> dg.AssetKey:
    return dg.AssetKey(["raw", contract.name])


def intake_assets(pack: Pack) -> list[dg.AssetKey]:
    """The assets that come before the models: receive, read, audit, load. What goes back tells effects on figures."""
    return [REFERENCE, RECEIVED, PARSED, AUDITED, REGISTRY, *map(raw_key, load_contracts(pack))]
