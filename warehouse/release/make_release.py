"""One release: checked, made whole in a folder of its own, never changed afterwards; and made again to verify it."""

import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from sources.archive.archive import store_declarations
from sources.declarations.archived import text_to_keep
from sources.declarations.city import City
from sources.declarations.publication import PublicationTerms
from sources.system.access import narrow
from sources.system.disk import refuse_without_room
from sources.system.faults import OneByOne, ToldError
from sources.system.fingerprint import sha256_of_file
from sources.system.fixed_zip import write_zip
from sources.system.hands import Hands, processors
from sources.system.kept_parts import NOTHING_KEPT, KeptParts
from sources.system.parallel import FEW
from sources.system.seal import SEAL, seal
from sources.system.settings import Settings
from sources.system.whole_file import remove_dead_partials
from warehouse.catalogue.catalogue import Catalogue
from warehouse.figures.fact import Printed
from warehouse.figures.year_figures import Figures, load_figures
from warehouse.intake.released import MANIFEST, SIGNATURE, latest_versions, releases_folder
from warehouse.release.confirmation import NotConfirmedError, is_confirmed
from warehouse.release.data.data_package import write_bundle, write_checksums
from warehouse.release.data.dictionary import write_dictionary, write_structure
from warehouse.release.data.metrics_file import write_metrics
from warehouse.release.data.model_docs import MODEL_DOCS, write_model_docs
from warehouse.release.documents.page_numbers import BY_PDF, PageNumbers
from warehouse.release.documents.write_documents import write_documents
from warehouse.release.evidence.facts_file import write_facts
from warehouse.release.evidence.stated import Known, StatedFact, state
from warehouse.release.evidence.verifier import write_verifier
from warehouse.release.foresee import Foreseen, foreseen_with_inputs
from warehouse.release.front.write_front import EarlierVersion, write_front
from warehouse.release.gate import confirmed_notes, open_items
from warehouse.release.imprint import imprint_of
from warehouse.release.manifest import Manifest, read_manifest, releases_of, write_manifest
from warehouse.release.narrative.read_narrative import Narrative, narrative_of
from warehouse.release.narrative.written_files import WrittenFiles, written_files
from warehouse.release.proofread.proofread import refuse_unfinished_text
from warehouse.release.revisions import revisions, write_revisions
from warehouse.release.site.write_site import write_site
from warehouse.run.compile import load_manifest
from warehouse.run.space import needs_of_documents
from warehouse.store.connection import open_published

DATA, SITE = "data", "site"
NOT_OUTPUT = frozenset({MANIFEST, MANIFEST + SEAL, SIGNATURE})
"""Files of a release that its manifest does not name."""
REVISIONS = "修订表.csv"
NAMED = 5
Progress = Callable[[str], None]


class ReleaseBlockedError(RuntimeError):
    """Items of the list are open: nobody has confirmed them, or nobody may."""

    def __init__(self, foreseen: Foreseen) -> None:
        self.foreseen = foreseen
        still = [f"{each.item.title}：{each.item.seen.removesuffix('。')}" for each in open_items(foreseen.listed)]
        more = f"；……共 {len(still)} 项" if len(still) > NAMED else ""
        super().__init__("；".join(still[:NAMED]) + more)


class NothingReportedError(ToldError):
    """No submission of the year counts, so that there is not one figure to print."""


class NotWholeError(ToldError):
    """A document, page or chart of a release could not be made, so that there is no release."""


@dataclass(frozen=True)
class Released:
    """A finished release; `seconds` by part. `is_new` is False when nothing had changed since the last one."""

    manifest: Manifest
    folder: Path
    seconds: dict[str, float]
    is_new: bool


def release(
    settings: Settings,
    city: City,
    catalogue: Catalogue,
    report_year: int,
    progress: Progress = lambda _: None,
    typed: str | None = None,
    processes: int = 1,
) -> Released:
    """Makes the next release of the year from the published database, in so many processes: it comes out the same.

    `typed` is what somebody typed to confirm it; None where the command itself is a person's, at the terminal.

    Raises NotConfirmedError when `typed` does not hold the release's code; ReleaseBlockedError when an item of the list
    is open; NothingReportedError when nobody's submission counts; UnfinishedTextError when what was made says what is
    not finished; FileNotFoundError when nothing has been published. A release that would repeat the last one is not
    made.
    """
    # Long: what is checked, made, noted and renamed happens under one connection, in this order.
    earlier = releases_of(settings, report_year)
    before = [(each, releases_folder(settings) / each.version) for each in earlier]
    written = written_files(settings.city_dir, report_year)
    with open_published(settings) as connection:
        progress("检查")
        foreseen, inputs = foreseen_with_inputs(connection, settings, city, catalogue, report_year, written)
        if not foreseen.is_new:
            return Released(*before[-1], {}, False)
        version = foreseen.version
        if typed is not None and not is_confirmed(typed, foreseen.code):
            raise NotConfirmedError(
                f"确认码不是 {version} 的，没有发布。在终端运行 nianbao release {report_year} --dry-run，"
                "看过检查结果，再把那里的确认码写入启动表单的 Config；数据变化或又确认了事项以后，确认码也会变"
            )
        if foreseen.is_open:
            raise ReleaseBlockedError(foreseen)
        if not inputs["current"]:
            raise NothingReportedError(
                f"{report_year}年度没有一份有效的报送，没有数字可以发布。"
                f"各单位报了没有，见 nianbao status --year {report_year}；有待确认的文件，见 nianbao todo"
            )
        target = releases_folder(settings) / version
        released = {**latest_versions(settings), report_year: version}
        remove_dead_partials(target.parent)
        refuse_without_room(needs_of_documents(before[-1][1] if before else None, target))
        partial = target.with_name(f".{version}.{os.getpid()}.partial")
        hands, kept = Hands(processes), KeptParts(settings.kept_parts)
        try:
            seconds = make(
                connection,
                catalogue,
                city,
                report_year,
                partial,
                settings.today,
                version,
                before,
                load_manifest(settings, city.pack),
                confirmed_notes(foreseen.listed),
                progress,
                released,
                hands,
                kept,
                written,
                PageNumbers(settings.office),
            )
            progress("核对文字")
            refuse_unfinished_text(connection, partial, city, foreseen.listed, hands)
            manifest = Manifest(
                version=version,
                report_year=report_year,
                released_on=settings.today.isoformat(),
                checklist=[asdict(point) for point in foreseen.points],
                items=[each.row for each in foreseen.listed],
                previous=earlier[-1].version if earlier else None,
                outputs=outputs_in(partial),
                released={str(year): each for year, each in released.items()},
                **inputs,
            )
            store_declarations(settings.archive, manifest.judged_by, text_to_keep(city))
            written.keep(settings.archive)
            seal(write_manifest(manifest, partial))
            for path in partial.rglob("*"):
                if path.is_file():
                    narrow(path, 0o444)
            partial.rename(target)
            manifest = read_manifest(target)
        finally:
            hands.leave()
            shutil.rmtree(partial, ignore_errors=True)
    return Released(manifest, target, seconds, True)


def processes_for(city: City, report_year: int) -> int:
    """How many processes a release is worth: a city's is made before others have imported what they need."""
    return processors() if len(city.respondents_in(report_year)) >= FEW else 1


def make(
    connection: duckdb.DuckDBPyConnection,
    catalogue: Catalogue,
    city: City,
    report_year: int,
    folder: Path,
    released_on: date,
    version: str,
    before: Sequence[tuple[Manifest, Path]],
    models: dict[str, Any],
    confirmed: Mapping[str, tuple[str, ...]],
    progress: Progress = lambda _: None,
    released: Mapping[int, str] | None = None,
    hands: Hands | None = None,
    kept: KeptParts = NOTHING_KEPT,
    written: WrittenFiles | None = None,
    page_numbers: PageNumbers = BY_PDF,
) -> dict[str, float]:
    """Writes every file of a release but its manifest into the folder; returns the seconds of each part. With several
    `hands` documents are made beside data and pages.

    `confirmed`: indicator → what footnotes say of its figure because somebody confirmed it.
    `released`: year → the version that rows of the data name. `written`: the city's own words.

    Raises NotWholeError, which names all that could not be made.
    """
    # Long: the parts of a release in their order; a later one describes the files of those before.
    seconds: dict[str, float] = {}
    each, hands = OneByOne(), hands or Hands()

    @contextmanager
    def part(title: str) -> Iterator[None]:
        progress(title)
        start = time.perf_counter()
        yield
        seconds[title] = round(time.perf_counter() - start, 2)

    folder.mkdir(parents=True)
    stated = set[StatedFact]()
    with part("文档"):
        figures = load_figures(connection, catalogue, report_year, city.code, confirmed, each)
        narrative = narrative_of(written, city, catalogue.pack) if written else None
        documents = hands.begin(
            _documents, figures, folder, released_on, version, city.publication, kept, narrative, page_numbers
        )
    with part("数据文件"):
        data = [
            *write_bundle(connection, city, report_year, folder / DATA, released_on, version, released),
            write_dictionary(catalogue, folder / DATA),
            write_structure(connection, catalogue, city, folder / DATA, released_on, version),
            write_metrics(catalogue, folder / DATA),
        ]
        archive = write_zip(data, folder, folder / f"数据_{version}.zip")
        described = write_model_docs(connection, models, folder / MODEL_DOCS)
    extra: list[Path] = []
    corrections = None
    if before:
        with part("修订表"):
            corrections = revisions(connection, city, report_year, before)
            extra.append(write_revisions(corrections, folder / REVISIONS))
    with part("网站"):
        downloads, known = list[Path](), Known(figures)

        def files() -> Sequence[Path]:
            written, failed, printed = documents()
            each.failed += failed
            stated.update(state(number, known) for number in set(printed))
            downloads.extend((*written, archive, described, *extra))
            return downloads

        write_site(connection, figures, city, folder / SITE, released_on, version, files, each, hands, stated)
    if each.failed:
        raise NotWholeError("\n".join(("一个版本必须完整，下列部分没有做成，所以没有版本：", *each.failed)))
    with part("首页"):
        imprint = imprint_of(figures, city.publication, released_on, version)
        versions = [EarlierVersion(each.version, date.fromisoformat(each.released_on)) for each, _ in before]
        write_front(folder, imprint, downloads, versions, corrections)
    with part("数字清单"):
        write_facts(folder, version, stated, figures)
        write_verifier(folder, city.publication.signing_key)
    with part("校验和"):
        write_checksums([path for path in folder.rglob("*") if path.is_file()], folder)
    return seconds


def _documents(
    figures: Figures,
    folder: Path,
    released_on: date,
    version: str,
    publication: PublicationTerms,
    kept: KeptParts,
    narrative: Narrative | None,
    page_numbers: PageNumbers,
) -> tuple[tuple[Path, ...], list[str], tuple[Printed, ...]]:
    """Writes the documents; their paths, a line for each that could not be made, the numbers of the Word file."""
    each = OneByOne()
    made = write_documents(
        figures,
        folder,
        released_on,
        version,
        one_by_one=each,
        publication=publication,
        kept=kept,
        narrative=narrative,
        page_numbers=page_numbers,
    )
    return made.paths, each.failed, made.printed


def outputs_in(folder: Path) -> dict[str, str]:
    """Path → sha256 of each file of a release but its manifest and the seal of that."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in NOT_OUTPUT)
    return {path.relative_to(folder).as_posix(): sha256_of_file(path) for path in files}
