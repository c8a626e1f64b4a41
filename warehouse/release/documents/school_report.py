"""A school's own report of a year, from the cells that the region's report is made of: Word and PDF."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from sources.submission.file_names import as_file_name
from sources.system.kept_parts import NOTHING_KEPT, KeptParts
from warehouse.figures.fact import Printed
from warehouse.figures.school_figures import SchoolProfile
from warehouse.figures.year_figures import Figures
from warehouse.release.documents.own_words import STATES, JudgedWords, judge
from warehouse.release.documents.paper_charts import CHARTS, Picture, draw
from warehouse.release.documents.pdf import pages_of, with_pages, write_pdf
from warehouse.release.documents.report_draft import SCHOOL_REPORT, Empty, ReportDraft, template_of, write_draft
from warehouse.release.documents.vocabulary import Vocabulary
from warehouse.release.documents.wordml import numbered
from warehouse.release.documents.write_documents import FOR_AUTHORS
from warehouse.release.narrative.read_narrative import Narrative


@dataclass(frozen=True)
class SchoolReport:
    """`paths` are the Word file, the PDF and the Word file with hints to whoever writes on in it; `printed` lists
    every number of the first in the order of its pages, `missing` what its sentences ask for in vain; `to_mend` has a
    line for each gap and fault of the school's own words."""

    school: str
    paths: tuple[Path, ...]
    printed: tuple[Printed, ...]
    missing: tuple[str, ...]
    to_mend: tuple[str, ...] = ()


def write_school_report(
    figures: Figures,
    profile: SchoolProfile,
    folder: Path,
    released_on: date,
    version: str,
    kept: KeptParts = NOTHING_KEPT,
    narrative: Narrative | None = None,
) -> SchoolReport:
    """Writes the report of the school whose figures they are into a folder of its own within the given one; its own
    words stand below what is said of its figures.

    Raises ValueError for a template with a literal digit or a token that is not understood.
    """
    template = template_of(figures.catalogue.pack, SCHOOL_REPORT)

    @cache
    def picture(name: str) -> Picture | None:
        return draw(name, figures, kept)

    def vocabulary() -> Vocabulary:
        return Vocabulary(figures, released_on, version, frozenset(CHARTS), profile=profile)

    def rendered(empty: Empty) -> ReportDraft:
        return write_draft(vocabulary(), figures.tables.get, picture, released_on, template, empty, narrative)

    draft = rendered("dropped")
    own = folder / as_file_name(f"{figures.subject} {figures.subject_name}")
    own.mkdir(parents=True)
    name = as_file_name(f"{figures.subject_name}中等职业教育质量年度报告（{figures.report_year}年度）")
    pdf = write_pdf(draft.data, released_on, kept)
    files = {
        ".docx": numbered(draft.data, pages_of(pdf)),
        ".pdf": pdf,
        FOR_AUTHORS: with_pages(rendered("hinted").for_authors, released_on, kept),
    }
    paths = tuple(_written(own / f"{name}{suffix}", data) for suffix, data in files.items())
    to_mend = tuple(_to_mend(judge(vocabulary(), narrative))) if narrative and narrative.is_begun else ()
    return SchoolReport(figures.subject, paths, draft.printed, draft.missing, to_mend)


def _to_mend(judged: JudgedWords) -> Iterator[str]:
    for each in judged.sections:
        if each.state in ("missing", "short", "long"):
            section = each.written.section
            name = f"{judged.narrative.written.shown}/{section.heading}.md"
            yield f"{name}：{STATES[each.state]}，要 {section.length[0]}—{section.length[1]} 字：{section.asks}"
        yield from map(str, each.problems)
    yield from map(str, judged.problems)


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
