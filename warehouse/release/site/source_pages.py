"""The pages behind the numbers: of each number its formula, terms, schools, and the cells of their workbooks."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from warehouse.catalogue.indicator import load_chapters
from warehouse.catalogue.labels import COMPARABILITY, STATUS
from warehouse.figures.fact import Reference
from warehouse.figures.lineage import Lineage
from warehouse.figures.rounding import trimmed_text
from warehouse.figures.trace import Source, Term, Trace
from warehouse.release.site.page import LinkedNumber, Page, has_school_pages
from warehouse.release.site.site_facts import SiteFacts

CELLS_SHOWN = 500
"""Cells listed for one term; a larger region's are left to `nianbao trace`."""


@dataclass(frozen=True)
class SourcePart:
    """What one school, or the bureau, puts into a term."""

    subject_code: str
    subject_name: str
    value: str
    counts: bool
    cells: tuple[Source, ...]


@dataclass(frozen=True)
class SourceTerm:
    term: Term
    parts: tuple[SourcePart, ...]
    omitted: int


@dataclass(frozen=True)
class SourceEntry:
    """One number; a change or a count of schools names the numbers it is made from instead of cells."""

    key: str
    trace: Trace
    status: str
    terms: tuple[SourceTerm, ...]
    made_from: tuple[tuple[str, int, LinkedNumber], ...]


def source_path(reference: Reference) -> str:
    """Where the source of a number stands, from the site's folder."""
    return f"{_page_path(reference)}#{reference.key}"


def source_pages(facts: SiteFacts, lineage: Lineage, wanted: Iterable[Reference]) -> list[Page]:
    """One page a chapter and subject with the source of every number `wanted`, and of the numbers those rest on.

    Raises LookupError when the database does not have a number.
    """
    traces = _closed(lineage, wanted, has_school_pages(facts))
    pages: dict[str, list[Trace]] = {}
    for reference in sorted(traces, key=lambda each: (_order(each), -each.year, each)):
        pages.setdefault(_page_path(reference), []).append(traces[reference])
    return [_page(facts, path, found, traces) for path, found in sorted(pages.items())]


def _closed(lineage: Lineage, wanted: Iterable[Reference], with_schools: bool) -> dict[Reference, Trace]:
    traces: dict[Reference, Trace] = {}
    waiting = sorted(set(wanted))
    while waiting:
        reference = waiting.pop()
        if reference in traces:
            continue
        traces[reference] = trace = lineage.trace(reference)
        if reference.kind == "change" or with_schools:
            waiting += [part.reference for part in trace.parts]
    return traces


@lru_cache
def _chapter_of() -> dict[str, tuple[int, str, str]]:
    """Indicator → its place in the catalogue, the chapter's code and title."""
    places: dict[str, tuple[int, str, str]] = {}
    for chapter in load_chapters():
        for indicator in chapter.indicators:
            places[indicator.code] = (len(places), chapter.chapter, chapter.title)
    return places


def _order(reference: Reference) -> int:
    return _chapter_of()[reference.indicator][0]


def _page_path(reference: Reference) -> str:
    return f"sources/{_chapter_of()[reference.indicator][1]}-{reference.subject}.html"


def _page(facts: SiteFacts, path: str, traces: list[Trace], known: dict[Reference, Trace]) -> Page:
    first = traces[0]
    _, chapter_code, chapter_title = _chapter_of()[first.reference.indicator]
    used = {source.submission_id: source.file_name for trace in traces for source in trace.sources}
    return Page(
        path,
        "sources",
        f"{first.subject_name}：{chapter_title}的数字来源",
        {
            "entries": [_entry(trace, known) for trace in traces],
            "files": sorted((name, submission_id) for submission_id, name in used.items()),
            "chapter_code": chapter_code,
            "chapter_title": chapter_title,
            "subject_code": first.reference.subject,
            "subject_name": first.subject_name,
            "is_school": any(school["school_code"] == first.reference.subject for school in facts.schools)
            and has_school_pages(facts),
        },
    )


def _entry(trace: Trace, known: dict[Reference, Trace]) -> SourceEntry:
    labels = COMPARABILITY if trace.reference.kind == "change" else STATUS
    return SourceEntry(
        trace.reference.key,
        trace,
        labels.get(trace.status, trace.status),
        tuple(_term(term) for term in trace.terms),
        tuple(
            (
                part.subject_name if trace.reference.kind == "value" else part.scope_label,
                part.reference.year,
                LinkedNumber(
                    part.display or STATUS.get(part.status, part.status),
                    part.reference if part.reference in known else None,
                ),
            )
            for part in trace.parts
        ),
    )


def _term(term: Term) -> SourceTerm:
    parts, left = [], CELLS_SHOWN
    for part in term.parts:
        if left <= 0:
            break
        value = STATUS.get(part.status, part.status) if part.value is None else trimmed_text(part.value)
        parts.append(SourcePart(part.subject_code, part.subject_name, value, part.counts, part.sources[:left]))
        left -= max(1, len(part.sources))
    listed = sum(len(part.cells) for part in parts)
    return SourceTerm(term, tuple(parts), sum(len(part.sources) for part in term.parts) - listed)
