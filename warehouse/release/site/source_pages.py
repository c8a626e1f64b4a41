"""The pages behind the numbers: of each number its formula, terms, schools, and the cells of their workbooks."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass

from warehouse.catalogue.catalogue import Catalogue
from warehouse.catalogue.indicator import Chapter
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
    number: LinkedNumber | None
    """None where there is no number, but a status."""
    status: str
    terms: tuple[SourceTerm, ...]
    made_from: tuple[tuple[str, int, LinkedNumber], ...]


@dataclass(frozen=True)
class SourceAddresses:
    """Where the sources of numbers stand: a page for each chapter and subject, on it an entry for each number."""

    chapters: Mapping[str, Chapter]
    """Indicator → its chapter, in the order of the catalogue."""

    @staticmethod
    def of(catalogue: Catalogue) -> "SourceAddresses":
        return SourceAddresses({i.code: chapter for chapter in catalogue.chapters for i in chapter.indicators})

    def address(self, reference: Reference) -> str:
        """From the site's folder."""
        return f"{self.page(reference)}#{reference.key}"

    def page(self, reference: Reference) -> str:
        return f"sources/{self.chapters[reference.indicator].chapter}-{reference.subject}.html"


def sources_by_page(
    lineage: Lineage, addresses: SourceAddresses, wanted: Iterable[Reference], with_schools: bool
) -> dict[str, list[Reference]]:
    """Path → the numbers whose source its page has, in its order: every number `wanted`, and those that they rest on.

    Raises LookupError when the database does not have a number.
    """
    order = {code: position for position, code in enumerate(addresses.chapters)}
    pages: dict[str, list[Reference]] = {}
    closed = _closed(lineage, wanted, with_schools)
    for reference in sorted(closed, key=lambda each: (order[each.indicator], -each.year, each)):
        pages.setdefault(addresses.page(reference), []).append(reference)
    return dict(sorted(pages.items()))


def _closed(lineage: Lineage, wanted: Iterable[Reference], with_schools: bool) -> set[Reference]:
    found: set[Reference] = set()
    waiting = sorted(set(wanted))
    while waiting:
        reference = waiting.pop()
        if reference in found:
            continue
        found.add(reference)
        if reference.kind == "change" or with_schools:
            waiting += lineage.made_from(reference)
    return found


def source_page(
    facts: SiteFacts,
    lineage: Lineage,
    addresses: SourceAddresses,
    path: str,
    of: list[Reference],
    known: Set[Reference],
) -> Page:
    """The page with the sources of these numbers; it links to those that are `known` to have one."""
    return _page(facts, path, addresses.chapters[of[0].indicator], [lineage.trace(each) for each in of], known)


def _page(facts: SiteFacts, path: str, chapter: Chapter, traces: list[Trace], known: Set[Reference]) -> Page:
    first = traces[0]
    used = {source.submission_id: source.file_name for trace in traces for source in trace.sources}
    return Page(
        path,
        "sources",
        f"{first.subject_name}：{chapter.title}的数字来源",
        {
            "entries": [_entry(trace, known) for trace in traces],
            "files": sorted((name, submission_id) for submission_id, name in used.items()),
            "chapter_code": chapter.chapter,
            "chapter_title": chapter.title,
            "subject_code": first.reference.subject,
            "subject_name": first.subject_name,
            "is_school": any(school["school_code"] == first.reference.subject for school in facts.schools)
            and has_school_pages(facts),
        },
    )


def _entry(trace: Trace, known: Set[Reference]) -> SourceEntry:
    labels = COMPARABILITY if trace.reference.kind == "change" else STATUS
    return SourceEntry(
        trace.reference.key,
        trace,
        LinkedNumber(trace.display, trace.reference) if trace.display else None,
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
