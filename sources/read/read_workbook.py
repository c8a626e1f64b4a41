"""Workbook + contracts → cells with their addresses, and findings about its structure.

Sheets are found by title, columns and items by heading; position means nothing. Nothing is judged here but
structure: a cell's text is taken as it stands, its type is the audit's business. Every filled cell of the workbook
ends in one of three places, and `Tally` counts them: taken as a value, named in a finding, or part of the template.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from sources.declarations.city import City
from sources.declarations.contract import Column, Contract, contracts_for, load_contracts
from sources.declarations.headings import CODELIST_SHEET, META_SHEET, RESULT_SHEET, normalise_label
from sources.read.cell_text import Grid, Texts, read_grids, texts_of, unclear_cells
from sources.read.cover import Identity, identity_of, template_findings
from sources.read.form import read_form
from sources.read.inspection import inspect
from sources.read.records import read_records
from sources.read.result_sheet import read_explanations
from sources.read.sheet import Sheet, SheetContent, named_cells, read_status
from sources.read.sheet_xml import StoredSheet, address
from sources.submission.cell import CellAddress
from sources.submission.finding import Finding, intake_finding
from sources.submission.submission import Fate, Submission
from sources.system.plain_text import legible
from sources.system.settings import Limits

OWN_SHEETS = (META_SHEET, CODELIST_SHEET, RESULT_SHEET)
SHOWN_TITLE = 60
"""Letters of a sheet's title that are shown; spreadsheet programs allow 31."""


@dataclass(frozen=True, slots=True)
class _Book:
    """An opened workbook: its sheets by title, as a person reads them and as they are stored."""

    file: CellAddress
    grids: Mapping[str, Grid]
    texts: Mapping[str, Texts]
    stored: Mapping[str, StoredSheet]

    @property
    def meta(self) -> dict[str, str]:
        """The template's notes about itself, from its hidden sheet."""
        return {str(row[0]): str(row[1]) for row in self.grid(META_SHEET) if len(row) > 1}

    def grid(self, title: str) -> Sequence[Sequence[Any]]:
        return self.grids.get(title, [])

    def titled(self, title: str) -> list[str]:
        """The workbook's titles that equal this one when both are normalised."""
        wanted = normalise_label(title)
        return [each for each in self.texts if normalise_label(each) == wanted]


def read_workbook(
    data: bytes, submission_id: str, file_name: str, city: City, limits: Limits | None = None
) -> Submission:
    """Reads one workbook against the contracts of its respondent and year.

    Never raises for what a file contains: a file that cannot be opened is a Submission with a finding.
    """
    file = CellAddress(submission_id, file_name)
    inspection = inspect(data, limits or Limits())
    unread = Submission(submission_id, file_name, saved_at=inspection.saved_at)
    if inspection.refusal:
        rule_id, value = inspection.refusal
        return replace(unread, findings=(intake_finding(rule_id, file, value),))
    notes = tuple(intake_finding(rule_id, file) for rule_id in inspection.notes)
    try:
        grids = read_grids(inspection.book)
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # noqa: BLE001 - told as a finding; a panic in the reader is no Exception
        return replace(unread, findings=(*notes, intake_finding("file.unreadable", file, type(error).__name__)))
    texts = {title: texts_of(grids.get(title, []), stored) for title, stored in inspection.sheets.items()}
    if unclear := unclear_cells(texts, inspection.sheets):
        place = replace(file, sheet=unclear[0][0], cell=address(*unclear[0][1]))
        found = intake_finding("sheet.unclear", place, expected=named_cells([at for _, at in unclear]))
        return replace(unread, findings=(*notes, found))
    try:
        return _read_sheets(replace(unread, findings=notes), _Book(file, grids, texts, inspection.sheets), city)
    except Exception as error:  # a fault of ours: it is logged, and the other files go on
        logging.getLogger(__name__).exception("%s (%s)", file_name, submission_id)
        return replace(unread, findings=(intake_finding("file.unreadable", file, type(error).__name__),))


def _read_sheets(unread: Submission, book: _Book, city: City) -> Submission:
    """The cover first, because it says which sheets there should be; then those; then all is put together."""
    meta = book.meta
    version = meta.get("template_version")
    cover = next(contract for contract in load_contracts() if contract.name == "cover")
    contents = [_read_sheet(book, cover, cover.columns)]
    identity, template, unknown = Identity(), list[Finding](), list[Finding]()
    if contents[0].is_there:
        identity = identity_of(contents[0].cells, meta, city, replace(book.file, sheet=cover.title))
    respondent, report_year = identity.respondent, identity.report_year
    if respondent and report_year:
        template = template_findings(version, respondent, report_year, book.file)
        contracts = [c for c in contracts_for(respondent.kind, report_year) if c.name != "cover"]
        contents += [_read_sheet(book, c, c.columns_in(report_year), is_outdated=bool(template)) for c in contracts]
        unknown = _unknown_sheets(book, contracts)
    of_sheets = [content.findings for content in contents]
    fates = {place: fate for content in contents for place, fate in content.fates.items()}
    return replace(
        unread,
        respondent=respondent,
        report_year=report_year,
        template_version=version,
        revision_reason=identity.revision_reason,
        cells=tuple(chain.from_iterable(content.cells for content in contents)),
        last_year={place: text for content in contents for place, text in content.last_year.items()},
        explanations=tuple(read_explanations(book.grid(RESULT_SHEET))),
        findings=(*unread.findings, *of_sheets[0], *identity.findings, *template, *chain(*of_sheets[1:]), *unknown),
        fates=_fates_of_the_rest(book) | fates,
    )


def _read_sheet(book: _Book, contract: Contract, columns: Sequence[Column], is_outdated: bool = False) -> SheetContent:
    """The content of a contract's sheet; only a finding when the workbook has not exactly one of its title."""
    place = replace(book.file, sheet=contract.title)
    found = book.titled(contract.title)
    if len(found) != 1:
        missing = "cover.missing" if contract.name == "cover" else "sheet.missing"
        finding = intake_finding("sheet.repeated" if found else missing, place, expected="、".join(found))
        return SheetContent(is_there=False, findings=(finding,))
    (title,) = found
    sheet = Sheet(title, contract, columns, place, book.texts[title], book.stored[title], is_outdated)
    read_status(sheet)
    (read_form if contract.shape == "form" else read_records)(sheet)
    return sheet.settled()


def _unknown_sheets(book: _Book, contracts: Sequence[Contract]) -> list[Finding]:
    known = {normalise_label(title) for title in ("封面", *OWN_SHEETS, *(contract.title for contract in contracts))}
    return [
        intake_finding("sheet.unknown", replace(book.file, sheet=legible(title)[:SHOWN_TITLE]), count=len(filled))
        for title, filled in book.texts.items()
        if normalise_label(title) not in known and filled
    ]


def _fates_of_the_rest(book: _Book) -> dict[tuple[str, str], Fate]:
    """Sheets that are not read: the template's own are ignored; a finding names every other one."""
    own = {normalise_label(title) for title in OWN_SHEETS}
    fates: dict[tuple[str, str], Fate] = {}
    for title, filled in book.texts.items():
        fate: Fate = "ignored" if normalise_label(title) in own else "reported"
        fates |= {(title, address(*at)): fate for at in filled}
    return fates
