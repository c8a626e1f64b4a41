"""The chapters of a partner enterprise's report (企业年报): the declaration in enterprise_report.yml."""

from functools import lru_cache

from pydantic import Field

from sources.declarations.contract import Column, contract_named
from sources.declarations.pack import Pack
from sources.declarations.problem import meant
from sources.declarations.strict_yaml import Declaration, Name
from warehouse.catalogue.measure import catalogue_files

ENTERPRISE_REPORT_FILE = "enterprise_report.yml"
SHEET = "partners"


class EnterpriseChapter(Declaration):
    heading: str
    asks: str
    """What its author may write there (Chinese)."""
    columns: tuple[Name, ...]
    """Numbers of the sheet of partner enterprises, in the order of their lines."""


class EnterpriseReportDeclaration(Declaration):
    source: str
    verified: bool
    """Whether the headings were read in an official text."""
    chapters: tuple[EnterpriseChapter, ...] = Field(min_length=1)


@lru_cache
def enterprise_report(pack: Pack) -> EnterpriseReportDeclaration:
    """Its chapters. Raises DeclarationError, also for a column that is no number of the sheet."""
    document = catalogue_files(pack)[ENTERPRISE_REPORT_FILE]
    declared = document.parsed(EnterpriseReportDeclaration)
    known = {column.name for column in contract_named(pack, SHEET).columns if column.is_number}
    for number, chapter in enumerate(declared.chapters):
        for position, name in enumerate(chapter.columns):
            if name not in known:
                told = f"the sheet `{SHEET}` has no number `{name}`{meant(name, known, 'en')}"
                raise document.fault(("chapters", number, "columns", position), told)
    return declared


def printed_columns(pack: Pack) -> tuple[Column, ...]:
    """The columns of all chapters, in their order."""
    contract = contract_named(pack, SHEET)
    return tuple(contract.column(name) for each in enterprise_report(pack).chapters for name in each.columns)
