"""The documents of one release: workbook, Word draft, PDF, all from the same figures."""

import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from warehouse.figures.fact import Printed
from warehouse.figures.year_figures import Figures
from warehouse.release.documents.paper_charts import CHARTS, draw
from warehouse.release.documents.pdf import write_pdf
from warehouse.release.documents.report_draft import TEMPLATE, write_draft
from warehouse.release.documents.summary_workbook import write_workbook
from warehouse.release.documents.vocabulary import Vocabulary


@dataclass(frozen=True)
class Documents:
    """`printed` lists every number of the Word draft in the order of its pages (the PDF has the same); `missing`
    the indicators that its sentences ask for and the year does not have; `seconds` what each file took."""

    paths: tuple[Path, ...]
    printed: tuple[Printed, ...]
    missing: tuple[str, ...]
    seconds: dict[str, float]


def write_documents(
    figures: Figures,
    folder: Path,
    released_on: date,
    version: str,
    template: Path = TEMPLATE,
) -> Documents:
    """Writes 汇总表.xlsx, 质量年报.docx and 质量年报.pdf of a region's report year into a folder.

    Raises ValueError for a template with a literal digit or a token that is not understood.
    """
    started = time.perf_counter()
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{figures.city_name}中等职业教育质量年度报告（{figures.report_year}年度）"
    seconds: dict[str, float] = {}

    def written(suffix: str, data: bytes) -> Path:
        path = folder / f"{name}{suffix}"
        path.write_bytes(data)
        seconds[path.suffix.removeprefix(".")] = time.perf_counter() - started - sum(seconds.values())
        return path

    workbook = written("汇总表.xlsx", write_workbook(figures, list(figures.tables.values()), released_on, version))
    vocabulary = Vocabulary(figures, released_on, version, frozenset(CHARTS))
    draft = write_draft(vocabulary, figures.tables.get, lambda chart: draw(chart, figures), released_on, template)
    word = written(".docx", draft.data)
    pdf = written(".pdf", write_pdf(draft.data, released_on))
    return Documents((workbook, word, pdf), draft.printed, draft.missing, seconds)
