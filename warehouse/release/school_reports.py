"""The reports that each school publishes of itself, as drafts: of one school, or of all of a region in one go."""

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from glob import escape
from pathlib import Path

import duckdb

from sources.declarations.city import City
from sources.submission.file_names import as_file_name
from sources.system.access import private_folder
from sources.system.disk import refuse_without_room
from sources.system.faults import OneByOne
from sources.system.hands import Hands, Shared, processors
from sources.system.kept_parts import KeptParts
from sources.system.settings import Settings
from sources.system.whole_file import PARTIAL, remove_dead_partials
from warehouse.catalogue.catalogue import Catalogue
from warehouse.figures.fact import School
from warehouse.figures.regions import find_region
from warehouse.figures.school_figures import (
    NothingOfSchoolError,
    SchoolProfile,
    figures_of_school,
    find_school,
    profile_of,
)
from warehouse.figures.year_figures import Figures, load_figures
from warehouse.release.coming_home.handed_out import hand_out
from warehouse.release.documents.paper_charts import CHARTS
from warehouse.release.documents.school_report import SchoolReport, write_school_report
from warehouse.release.documents.vocabulary import Vocabulary
from warehouse.release.documents.write_documents import FOR_AUTHORS
from warehouse.release.draft import DRAFT
from warehouse.release.narrative.read_narrative import Narrative, narrative_of_school
from warehouse.release.narrative.written_files import OF_SCHOOLS, WrittenFilesError, school_files, schools_with_files
from warehouse.run.space import needs_of_documents

FOLDER = "学校年报"
SHOWN = (".pdf", ".docx", FOR_AUTHORS)
"""How the names of a report's files end, in the order in which they are shown."""
A_FEW = 4
"""From so many reports on it is worth to begin another process."""


@dataclass(frozen=True)
class SchoolReports:
    """`folder` holds those of all schools.

    `lacking` has a line for each school that has sent nothing that counts, `failed` one for each whose report could not
    be made; the others are there. `to_mend` has one for each gap and fault in words that schools wrote.
    """

    folder: Path
    reports: tuple[SchoolReport, ...]
    lacking: tuple[str, ...]
    failed: tuple[str, ...]
    to_mend: tuple[str, ...]
    seconds: float

    @property
    def paths(self) -> tuple[Path, ...]:
        return tuple(path for report in self.reports for path in report.paths)


def write_school_reports(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    city: City,
    catalogue: Catalogue,
    report_year: int,
    school: str | None = None,
    region_code: str | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> SchoolReports:
    """Writes the report of a school, or of each of the region's, into `<home>/documents/<year>-学校年报/<its code and
    name>`, of another region than the installation's own into `<year>-<its code>-学校年报`; what stood there before
    stays until it is written anew.

    Raises LookupError when the database does not hold the year or the region, or no school or several may be meant,
    NoRoomError before anything is written.
    """
    # Long: everything is written beside its place and put there at the end.
    started = time.perf_counter()
    code = find_region(connection, region_code or city.code).code
    region = load_figures(connection, catalogue, report_year, code)
    meant = region.schools if school is None else (find_school(region, school),)
    target = private_folder(settings.home / "documents") / _folder_name(report_year, code, city)
    folder = target.with_name(f".{target.name}.{os.getpid()}{PARTIAL}")
    remove_dead_partials(target.parent)
    refuse_without_room(needs_of_documents(target, target))
    kept, each_alone = KeptParts(settings.kept_parts), OneByOne()
    reports, lacking, failed = [], list[str](), each_alone.failed
    hands = Hands(processors() if len(meant) >= A_FEW else 1)
    try:
        folder.mkdir(parents=True)
        shared = hands.shared(region)
        begun = []
        for each in meant:
            try:
                found = each_alone.do(_called(each), partial(_read, connection, settings, region, each))
            except NothingOfSchoolError as error:
                lacking.append(str(error))
            except WrittenFilesError as error:
                each_alone.note(_called(each), error)
            else:
                if found:
                    begun.append((each, hands.begin(_one, *found, shared, folder, settings, city, kept)))
        for each, result in begun:
            progress(each.name)
            report, unmade = result()
            failed += unmade
            reports += [report] if report else []
        target.mkdir(exist_ok=True)
        placed = tuple(_placed(report, folder, target) for report in reports)
        if school is None:
            _drop_others(target, placed)
    finally:
        hands.leave()
        shutil.rmtree(folder, ignore_errors=True)
    strange = _strange_words(settings, report_year, region) if school is None else ()
    to_mend = (*strange, *(line for report in placed for line in report.to_mend))
    return SchoolReports(target, placed, tuple(lacking), tuple(failed), to_mend, time.perf_counter() - started)


def written_reports(settings: Settings, city: City, report_year: int, school_code: str) -> tuple[Path, ...]:
    """A school's report as `write_school_reports` has written it last: PDF, Word, and Word with hints; nothing where it
    has not."""
    folder = settings.home / "documents" / _folder_name(report_year, city.code, city)
    return tuple(
        sorted(folder.glob(f"{escape(as_file_name(school_code))} */*"), key=lambda path: SHOWN.index(_end(path)))
    )


def _end(path: Path) -> str:
    return FOR_AUTHORS if path.name.endswith(FOR_AUTHORS) else path.suffix


def _strange_words(settings: Settings, report_year: int, region: Figures) -> tuple[str, ...]:
    """Folders of words that no school of the region's year has the code of: nobody would print them."""
    known = {school.code for school in region.schools}
    folders = schools_with_files(settings.city_dir, report_year)
    return tuple(
        f"{shown}：这一年没有代码是“{code}”的学校，里面的文字不会印出；请把文件夹改名为学校的代码"
        for code, shown in folders.items()
        if code not in known
    )


def _folder_name(report_year: int, region: str, city: City) -> str:
    """Of each region its own, so that writing one region's leaves another's where they are."""
    return f"{report_year}-{FOLDER}" if region == city.code else f"{report_year}-{region}-{FOLDER}"


def _called(school: School) -> str:
    return f"{school.name}的年报"


def _read(
    connection: duckdb.DuckDBPyConnection, settings: Settings, region: Figures, school: School
) -> tuple[Figures, SchoolProfile, Narrative]:
    """What a school's report is made of; without the region's figures, which all reports share.

    Raises NothingOfSchoolError, and WrittenFilesError for words that cannot be taken.
    """
    own = replace(figures_of_school(connection, region, school), whole=None)
    words = school_files(settings.city_dir, region.report_year, school.code)
    narrative = narrative_of_school(words, region.catalogue.pack, school.name)
    return own, profile_of(connection, school, region.report_year), narrative


def _one(
    own: Figures,
    profile: SchoolProfile,
    narrative: Narrative,
    region: Shared[Figures],
    folder: Path,
    settings: Settings,
    city: City,
    kept: KeptParts,
) -> tuple[SchoolReport | None, list[str]]:
    """A school's report; None, and a line that says so, where it could not be made."""
    each = OneByOne()
    figures = replace(own, whole=region.value)
    report = each.do(
        _called(figures.schools[0]),
        lambda: write_school_report(figures, profile, folder, settings.today, DRAFT, kept, narrative),
    )
    if report:
        vocabulary = Vocabulary(figures, settings.today, DRAFT, frozenset(CHARTS), profile=profile)
        drafts = [path for path in report.paths if path.suffix == ".docx"]
        within = (OF_SCHOOLS, report.school)
        each.do(_called(figures.schools[0]), lambda: hand_out(drafts, vocabulary, narrative, city, settings, within))
    return report, each.failed


def _placed(report: SchoolReport, folder: Path, target: Path) -> SchoolReport:
    """The report at its place; what stood there is gone."""
    own = target / report.paths[0].parent.name
    shutil.rmtree(own, ignore_errors=True)
    report.paths[0].parent.rename(own)
    return replace(report, paths=tuple(own / path.name for path in report.paths))


def _drop_others(target: Path, placed: tuple[SchoolReport, ...]) -> None:
    """Takes away what stands there of a school that has no report any more, or has another name."""
    current = {report.paths[0].parent.name for report in placed}
    for path in target.iterdir():
        if path.name not in current:
            shutil.rmtree(path, ignore_errors=True)
