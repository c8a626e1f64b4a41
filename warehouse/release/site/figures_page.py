"""The page where every printed figure has its permanent address.

A figure of the printed report has the id of the city's list (`figures.html#F064`). Every figure of this version has the
key of its reference (`figures.html#schools-2023-450700-all-value`): indicator, year, subject, scope, kind. They stay
the same in every version, whatever moves in the tables.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from warehouse.figures.fact import CHANGE, SCHOOL_SCOPE, VALUE, Kind, Reference
from warehouse.release.site.page import LinkedNumber, Page, linked, number
from warehouse.release.site.site_facts import Row, SiteFacts

PATH = "figures.html"


@dataclass(frozen=True, slots=True)
class FigureLine:
    """One figure with its address; `places` are the tables that print it."""

    anchor: str
    label: str
    of: str
    scope: str
    year: int
    number: LinkedNumber
    unit: str
    places: tuple[str, ...] = ()


def figures_page(facts: SiteFacts) -> Page:
    """The city's list of printed figures of the year, where there is one, and all figures of this version."""
    listed = [_line(facts, row["figure_id"], row["label"], _reference(facts, row)) for row in facts.published]
    content = {"listed": listed, "printed": list(_printed(facts)), "example": listed[0].anchor if listed else ""}
    return Page(PATH, "figures", "数字索引", content)


def _reference(facts: SiteFacts, row: Row) -> Reference:
    """What a line of the list speaks of; a standard or a target by the value that it is of."""
    kind: Kind = CHANGE if row["kind"] == CHANGE else VALUE
    is_school = any(school.code == row["subject_code"] for school in facts.figures.schools)
    scope = SCHOOL_SCOPE if is_school else row["scope_code"]
    return Reference(row["indicator_code"], row["figure_year"], row["subject_code"], scope, kind)


def _printed(facts: SiteFacts) -> Iterator[FigureLine]:
    """Values and changes of the tables, then those of the region that stand in the text alone."""
    places: dict[Reference, list[str]] = {}
    for table in facts.figures.tables.values():
        for reference in (cell.reference for row in table.rows for cell in row if cell.part in (VALUE, CHANGE)):
            if reference:
                places.setdefault(reference, []).append(table.name)
    for change in facts.figures.changes.values():
        for reference in (change.current, change.reference):
            places.setdefault(reference, [])
    for reference, tables in places.items():
        label = facts.figures.catalogue.indicators[reference.indicator].label
        line = _line(facts, reference.key, label, reference)
        if line.number.reference or line.number.text not in ("—", ""):
            yield replace(line, places=tuple(dict.fromkeys(tables)))


def _line(facts: SiteFacts, anchor: str, label: str, reference: Reference) -> FigureLine:
    figures = facts.figures
    names = {school.code: school.name for school in figures.schools} | {figures.city_code: figures.city_name}
    indicator = figures.catalogue.indicators[reference.indicator]
    shown, unit = number(figures.facts.get(reference) or facts.history.get(reference)), indicator.unit
    if reference.kind == CHANGE:
        change = figures.changes.get(reference.indicator)
        is_ours = change is not None and change.reference == reference and change.display
        shown = LinkedNumber(change.display or "", reference) if change and is_ours else LinkedNumber("—")
        unit = change.unit if change and is_ours else ""
    return FigureLine(
        anchor,
        label + ("（比上年变化）" if reference.kind == CHANGE else ""),
        names.get(reference.subject, reference.subject),
        figures.scopes.get(reference.scope, ""),
        reference.year,
        replace(shown, reference=linked(facts, shown.reference)),
        unit,
    )
