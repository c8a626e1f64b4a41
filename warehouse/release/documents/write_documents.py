"""The documents of one release: workbook, Word draft, PDF, all from the same figures."""

import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sources.declarations.publication import NOTHING_DECLARED, PublicationTerms
from sources.system.faults import OneByOne
from sources.system.kept_parts import NOTHING_KEPT, KeptParts
from warehouse.figures.fact import Printed
from warehouse.figures.year_figures import Figures
from warehouse.release.documents.page_numbers import BY_PDF, PageNumbers
from warehouse.release.documents.paper_charts import CHARTS, Picture, draw
from warehouse.release.documents.pdf import with_pages, write_pdf
from warehouse.release.documents.report_draft import ReportDraft, template_of, write_draft
from warehouse.release.documents.reuse_workbook import write_reuse_workbook
from warehouse.release.documents.summary_workbook import write_workbook
from warehouse.release.documents.vocabulary import Vocabulary
from warehouse.release.documents.wordml import numbered
from warehouse.release.imprint import imprint_of
from warehouse.release.narrative.read_narrative import Narrative

REUSE = "数据表.xlsx"
FOR_AUTHORS = "撰写稿（含编写提示）.docx"


@dataclass(frozen=True)
class Documents:
    """`printed` lists every number of the Word draft in the order of its pages (the PDF has the same); `missing`
    the indicators that its sentences ask for and the year does not have; `seconds` what each file took. A file that
    could not be made is not among the `paths`. `for_authors` is the Word draft with hints, where it was asked for."""

    paths: tuple[Path, ...]
    printed: tuple[Printed, ...]
    missing: tuple[str, ...]
    seconds: dict[str, float]
    for_authors: Path | None = None


def write_documents(
    figures: Figures,
    folder: Path,
    released_on: date,
    version: str,
    template: Path | None = None,
    one_by_one: OneByOne | None = None,
    for_authors: bool = False,
    publication: PublicationTerms = NOTHING_DECLARED,
    kept: KeptParts = NOTHING_KEPT,
    narrative: Narrative | None = None,
    page_numbers: PageNumbers = BY_PDF,
) -> Documents:
    """Writes 汇总表.xlsx, 数据表.xlsx, 质量年报.docx and 质量年报.pdf of a region's report year into a folder.

    What is slow to draw or to set and was made of the same before is taken from `kept`.

    `narrative` are the city's own words. `for_authors` adds the Word draft with the template's hints to whoever writes
    on in it; a release has none.

    With `one_by_one` a file or chart that fails is noted there, and the others are written. Without, raises ValueError
    for a template with a literal digit or a token that is not understood, and whatever else fails.
    """
    # Long: a step for each file, in the order in which one needs another.
    each = one_by_one or OneByOne(is_strict=True)
    started = time.perf_counter()
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{figures.city_name}中等职业教育质量年度报告（{figures.report_year}年度）"
    seconds: dict[str, float] = {}

    def spent(kind: str) -> None:
        seconds[kind] = seconds.get(kind, 0) + time.perf_counter() - started - sum(seconds.values())

    def written(suffix: str, data: bytes) -> Path:
        path = folder / f"{name}{suffix}"
        path.write_bytes(data)
        spent(path.suffix.removeprefix("."))
        return path

    def workbook() -> Path:
        return written("汇总表.xlsx", write_workbook(figures, list(figures.tables.values()), released_on, version))

    def reuse() -> Path:
        imprint = imprint_of(figures, publication, released_on, version)
        return written(REUSE, write_reuse_workbook(figures, imprint))

    def chart(name: str) -> Picture | None:
        return each.do(f"报告中的图“{name}”", lambda: draw(name, figures, kept))

    def word() -> ReportDraft:
        vocabulary = Vocabulary(figures, released_on, version, frozenset(CHARTS))
        used = template or template_of(figures.catalogue.pack)
        draft = write_draft(vocabulary, figures.tables.get, chart, released_on, used, narrative=narrative)
        spent("docx")
        return draft

    paths = [path for path in (each.do("汇总表（.xlsx）", workbook),) if path]
    draft = each.do("质量年报（.docx）", word)
    hints = None
    if draft is not None:
        data, hinted = draft.data, draft.for_authors
        pdf = each.do("质量年报（.pdf）", lambda: write_pdf(data, released_on, kept))
        spent("pdf")
        paths.append(written(".docx", numbered(data, page_numbers.of(data, pdf, kept)) if pdf else data))
        paths += [written(".pdf", pdf)] if pdf else []
        hints = written(FOR_AUTHORS, with_pages(hinted, released_on, kept) if pdf else hinted) if for_authors else None
    reused = each.do("数据表（.xlsx）", reuse)
    paths += [reused] if reused else []
    if draft is None:
        return Documents(tuple(paths), (), (), seconds)
    return Documents(tuple(paths), draft.printed, draft.missing, seconds, hints)
