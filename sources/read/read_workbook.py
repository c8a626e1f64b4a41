"""Workbook + contracts → cells with their addresses, and findings about its structure.

Sheets are found by title, columns and items by heading; position means nothing. Nothing is judged here but
structure: a cell's text is taken as it stands, its type is the audit's business. Every filled cell of the workbook
ends in one of three places, and `Tally` counts them: taken as a value, named in a finding, or part of the template.
"""

import logging
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from sources.declarations.city import City
from sources.declarations.contract import Column, Contract, contracts_for, load_contracts
from sources.declarations.headings import (
    CODELIST_SHEET,
    COVER_SHEET,
    META_SHEET,
    ORIGIN_SHEET,
    PROGRESS_SHEET,
    RESULT_SHEET,
    normalise_label,
)
from sources.read.cell_text import Grid, Texts, cell_text, read_grids, texts_of, unclear_cells
from sources.read.comments import NO_COMMENTS, SheetComments
from sources.read.cover import Identity, identity_of, template_findings, tokens_of
from sources.read.form import read_form
from sources.read.inspection import inspect
from sources.read.origin_sheet import read_origins
from sources.read.records import read_records
from sources.read.result_sheet import read_explanations
from sources.read.sheet import Sheet, SheetContent, named_cells, read_status
from sources.read.sheet_xml import StoredSheet, address
from sources.read.styles import Look
from sources.submission.cell import CellAddress
from sources.submission.finding import Finding, intake_finding
from sources.submission.submission import Fate, Submission
from sources.system.plain_text import legible
from sources.system.settings import Limits

OWN_SHEETS = (META_SHEET, CODELIST_SHEET, PROGRESS_SHEET, RESULT_SHEET, ORIGIN_SHEET)
SHOWN_TITLE = 60
"""Letters of a sheet's title that are shown; spreadsheet programs allow 31."""
MADE_TITLE = re.compile(r"(sheet|工作表|表)?[ \d()（）_-]{0,6}(副本|复件|copy)?[ \d()（）_-]{0,6}", re.IGNORECASE)
"""What programs put behind a copied sheet's title, or call a new sheet."""
OLDER_TEMPLATE = frozenset(
    ("sheet.missing", "sheet.heading_missing", "sheet.heading_unknown", "sheet.unknown", "sheet.stray_cells")
)
"""Findings that an older template can explain."""


@dataclass(frozen=True, slots=True)
class _Book:
    """An opened workbook: its sheets by title, as a person reads them and as they are stored; its property with the
    template's token."""

    file: CellAddress
    grids: Mapping[str, Grid]
    texts: Mapping[str, Texts]
    stored: Mapping[str, StoredSheet]
    looks: Sequence[Look]
    comments: Mapping[str, SheetComments]
    token: str

    @property
    def meta(self) -> dict[str, str]:
        """The template's notes about itself, from its hidden sheet."""
        return {cell_text(row[0]): cell_text(row[1]) for row in self.grid(META_SHEET) if len(row) > 1}

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
    except OverflowError:
        told = "有一格设成了时间格式，里面的数大到没有程序能显示成时间"
        return replace(unread, findings=(*notes, intake_finding("file.unreadable", file, told)))
    except BaseException as error:  # noqa: BLE001 - told as a finding; a panic in the reader is no Exception
        return replace(unread, findings=(*notes, intake_finding("file.unreadable", file, type(error).__name__)))
    texts = {title: texts_of(grids.get(title, []), stored) for title, stored in inspection.sheets.items()}
    if unclear := unclear_cells(texts, inspection.sheets):
        title = unclear[0][0]
        known = {normalise_label(title) for title in (COVER_SHEET, *(c.title for c in load_contracts(city.pack)))}
        place = replace(file, sheet=_shown(title, [*texts].index(title) + 1, known), cell=address(*unclear[0][1]))
        found = intake_finding("sheet.unclear", place, expected=named_cells([at for _, at in unclear]))
        return replace(unread, findings=(*notes, found))
    book = _Book(file, grids, texts, inspection.sheets, inspection.looks, inspection.comments, inspection.token)
    try:
        return _read_sheets(replace(unread, findings=notes), book, city)
    except Exception as error:  # a fault of ours: it is logged, and the other files go on
        logging.getLogger(__name__).exception("%s (%s)", file_name, submission_id)
        return replace(unread, findings=(intake_finding("file.unreadable", file, type(error).__name__),))


def _read_sheets(unread: Submission, book: _Book, city: City) -> Submission:
    """The cover first, because it says which sheets there should be; then those; then all is put together."""
    meta = book.meta
    version = meta.get("template_version")
    cover = next(contract for contract in load_contracts(city.pack) if contract.name == "cover")
    contents = [_read_sheet(book, cover, cover.columns)]
    identity, template, unknown = Identity(), list[Finding](), list[Finding]()
    if contents[0].is_there:
        identity = identity_of(contents[0].cells, meta, city, replace(book.file, sheet=cover.title))
    respondent, report_year = identity.respondent, identity.report_year
    if respondent and report_year:
        template = template_findings(city.pack, version, respondent, report_year, book.file)
        contracts = [c for c in contracts_for(city.pack, respondent.kind, report_year) if c.name != "cover"]
        contents += [_read_sheet(book, c, c.columns_in(report_year), is_outdated=bool(template)) for c in contracts]
        unknown = _unknown_sheets(book, contracts)
    cover_texts = chain.from_iterable(book.texts[title].values() for title in book.titled(cover.title))
    of_sheets = [content.findings for content in contents]
    if version is not None and not _lacks_something(chain(unknown, *of_sheets)):
        template = []
    cells = tuple(chain.from_iterable(content.cells for content in contents))
    fates = {place: fate for content in contents for place, fate in content.fates.items()}
    return replace(
        unread,
        respondent=respondent,
        report_year=report_year,
        template_version=version,
        tokens=tokens_of(book.token, cover_texts),
        revision_reason=identity.revision_reason,
        cells=cells,
        last_year={place: text for content in contents for place, text in content.last_year.items()},
        comments=tuple(chain.from_iterable(content.comments for content in contents)),
        explanations=tuple(read_explanations(book.grid(RESULT_SHEET))),
        findings=(*unread.findings, *of_sheets[0], *identity.findings, *template, *chain(*of_sheets[1:]), *unknown),
        fates=_fates_of_the_rest(book) | fates,
        origins=read_origins(book.grid(ORIGIN_SHEET), cells, city.pack),
    )


def _lacks_something(findings: Iterable[Finding]) -> bool:
    """Whether a workbook of another template lacks what today's asks for; if not, nobody has to do anything."""
    return any(finding.rule_id in OLDER_TEMPLATE for finding in findings)


def _read_sheet(book: _Book, contract: Contract, columns: Sequence[Column], is_outdated: bool = False) -> SheetContent:
    """The content of a contract's sheet; only a finding when the workbook has not exactly one of its title."""
    place = replace(book.file, sheet=contract.title)
    found = book.titled(contract.title)
    if not found and contract.is_optional:
        return SheetContent(is_there=False)
    if len(found) != 1:
        missing = "cover.missing" if contract.name == "cover" else "sheet.missing"
        finding = intake_finding("sheet.repeated" if found else missing, place, expected="、".join(found))
        return SheetContent(is_there=False, findings=(finding,))
    (title,) = found
    texts, comments = book.texts[title], book.comments.get(title, NO_COMMENTS)
    sheet = Sheet(title, contract, columns, place, texts, book.stored[title], book.looks, comments, is_outdated)
    read_status(sheet)
    (read_form if contract.shape == "form" else read_records)(sheet)
    return sheet.settled()


def _unknown_sheets(book: _Book, contracts: Sequence[Contract]) -> list[Finding]:
    known = {
        normalise_label(title) for title in (COVER_SHEET, *OWN_SHEETS, *(contract.title for contract in contracts))
    }
    return [
        intake_finding("sheet.unknown", replace(book.file, sheet=_shown(title, position, known)), count=len(filled))
        for position, (title, filled) in enumerate(book.texts.items(), 1)
        if normalise_label(title) not in known and filled
    ]


def _shown(title: str, position: int, known: Collection[str]) -> str:
    """A sheet's title where a program made it or a copy; where somebody typed it, and maybe a name, its place."""
    label = normalise_label(title)
    is_made = MADE_TITLE.fullmatch(next((label.removeprefix(each) for each in known if label.startswith(each)), label))
    return legible(title)[:SHOWN_TITLE] if is_made else f"第 {position} 张工作表"


def _fates_of_the_rest(book: _Book) -> dict[tuple[str, str], Fate]:
    """Sheets that are not read: the template's own are ignored; a finding names every other one."""
    own = {normalise_label(title) for title in OWN_SHEETS}
    fates: dict[tuple[str, str], Fate] = {}
    for title, filled in book.texts.items():
        fate: Fate = "ignored" if normalise_label(title) in own else "reported"
        fates |= {(title, address(*at)): fate for at in filled}
    return fates
