"""Workbook + contracts → cells with their addresses, and findings about its structure.

Sheets are found by title, columns and items by heading; position means nothing. Nothing is judged here but
structure: a cell's text is taken as it stands, its type is the audit's business (`audit`). Every filled cell of
the workbook ends in one of three places, and `Tally` counts them: taken as a value, named in a finding, or part of
the template.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sources.declarations.city import City
from sources.declarations.contract import Column, Contract, contracts_for, load_contracts
from sources.declarations.headings import CODELIST_SHEET, META_SHEET, RESULT_SHEET, normalise_label
from sources.read.cell_text import Grid, Texts, read_grids, texts_of, unclear_cells
from sources.read.cover import identity_of, template_findings
from sources.read.form import read_form
from sources.read.inspection import inspect
from sources.read.records import read_records
from sources.read.result_sheet import read_explanations
from sources.read.sheet import Sheet, named_cells, read_status
from sources.read.sheet_xml import StoredSheet, address
from sources.submission.cell import CellAddress
from sources.submission.finding import intake_finding
from sources.submission.submission import Fate, Submission
from sources.system.settings import Limits

OWN_SHEETS = (META_SHEET, CODELIST_SHEET, RESULT_SHEET)


def read_workbook(
    data: bytes, submission_id: str, file_name: str, city: City, limits: Limits | None = None
) -> Submission:
    """Reads one workbook against the contracts of its respondent and year.

    Never raises for what a file contains: a file that cannot be opened is a Reading with a finding.
    """
    file = CellAddress(submission_id, file_name)
    inspection = inspect(data, limits or Limits())
    reading = Submission(submission_id, file_name, saved_at=inspection.saved_at)
    if inspection.refusal:
        rule_id, value = inspection.refusal
        reading.findings.append(intake_finding(rule_id, replace(file, value=value)))
        return reading
    reading.findings.extend(intake_finding(rule_id, file) for rule_id in inspection.notes)
    try:
        grids = read_grids(inspection.book)
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # noqa: BLE001 - told as a finding; a panic in the reader is no Exception
        reading.findings.append(intake_finding("file.unreadable", replace(file, value=type(error).__name__)))
        return reading
    texts = {title: texts_of(grids.get(title, []), stored) for title, stored in inspection.sheets.items()}
    if unclear := unclear_cells(texts, inspection.sheets):
        place = replace(file, sheet=unclear[0][0], cell=address(*unclear[0][1]))
        reading.findings.append(intake_finding("sheet.unclear", place, expected=named_cells([at for _, at in unclear])))
        return reading
    try:
        return _read_sheets(reading, grids, texts, inspection.sheets, city)
    except Exception as error:  # a fault of ours: it is logged, and the other files go on
        logging.getLogger(__name__).exception("%s (%s)", file_name, submission_id)
        finding = intake_finding("file.unreadable", replace(file, value=type(error).__name__))
        return Submission(submission_id, file_name, saved_at=inspection.saved_at, findings=[finding])


def _read_sheets(
    reading: Submission,
    grids: Mapping[str, Grid],
    texts: Mapping[str, Texts],
    stored: Mapping[str, StoredSheet],
    city: City,
) -> Submission:
    file = CellAddress(reading.submission_id, reading.file_name)
    titles: dict[str, list[str]] = {}
    for title in texts:
        titles.setdefault(normalise_label(title), []).append(title)
    meta = {str(row[0]): str(row[1]) for row in grids.get(META_SHEET, []) if len(row) > 1}
    version = meta.get("template_version")
    reading = replace(reading, template_version=version, explanations=read_explanations(grids.get(RESULT_SHEET, [])))

    def read(contract: Contract, columns: Sequence[Column], is_outdated: bool = False) -> bool:
        found = titles.get(normalise_label(contract.title), [])
        place = replace(file, sheet=contract.title)
        if len(found) != 1:
            missing = "cover.missing" if contract.name == "cover" else "sheet.missing"
            rule_id = "sheet.repeated" if found else missing
            reading.findings.append(intake_finding(rule_id, place, expected="、".join(found)))
            return False
        (title,) = found
        sheet = Sheet(title, contract, columns, place, texts[title], stored[title], reading, is_outdated)
        read_status(sheet)
        (read_form if contract.shape == "form" else read_records)(sheet)
        sheet.settle()
        return True

    cover = next(contract for contract in load_contracts() if contract.name == "cover")
    respondent, report_year = None, None
    if read(cover, cover.columns):
        respondent, report_year = identity_of(reading, meta, city, replace(file, sheet=cover.title))
        said = {column: raw for _, _, _, column, _, raw in reading.cells}
        reading = replace(reading, revision_reason=said.get("revision_reason") or None)
    contracts: Sequence[Contract] = ()
    if respondent and report_year:
        template = template_findings(version, respondent, report_year, file)
        reading.findings.extend(template)
        contracts = [c for c in contracts_for(respondent.kind, report_year) if c.name != "cover"]
        for contract in contracts:
            read(contract, contract.columns_in(report_year), is_outdated=bool(template))
        _report_unknown_sheets(reading, texts, contracts, file)
    _account_for_the_rest(reading, texts)
    return replace(reading, respondent=respondent, report_year=report_year)


def _report_unknown_sheets(
    reading: Submission, texts: Mapping[str, Texts], contracts: Sequence[Contract], file: CellAddress
) -> None:
    known = {normalise_label(title) for title in ("封面", *OWN_SHEETS, *(contract.title for contract in contracts))}
    for title, filled in texts.items():
        if normalise_label(title) not in known and filled:
            reading.findings.append(intake_finding("sheet.unknown", replace(file, sheet=title), count=len(filled)))


def _account_for_the_rest(reading: Submission, texts: Mapping[str, Texts]) -> None:
    """Sheets that were not read: the template's own are ignored, of any other a finding says that it was not read."""
    own = {normalise_label(title) for title in OWN_SHEETS}
    for title, filled in texts.items():
        fate: Fate = "ignored" if normalise_label(title) in own else "reported"
        for at in filled:
            reading.fates.setdefault((title, address(*at)), fate)
