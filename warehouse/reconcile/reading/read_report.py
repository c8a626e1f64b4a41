"""A report's own text and tables → figures, in order, each with the indicator that its words mean."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sources.declarations.city import City
from warehouse.figures.fact import Reference
from warehouse.reconcile.reading.names import Names
from warehouse.reconcile.reading.numerals import Numeral, evened, numerals_in
from warehouse.reconcile.reading.printed_figure import Listing, PrintedFigure
from warehouse.reconcile.reading.prose import figures_of_paragraph
from warehouse.reconcile.reading.report_file import Block, Caption, TextTable, read_document
from warehouse.reconcile.reading.table_cells import figures_of_grid, listings_of
from warehouse.reconcile.reading.wording import State

IMAGE = re.compile(r"^\[image|^图\s*\d")


@dataclass(frozen=True)
class ReportReading:
    """What a report prints; every numeral is a figure or one of the `numerals`."""

    figures: list[PrintedFigure]
    listings: list[Listing]
    numerals: list[tuple[int, Numeral]]
    """The numerals that are no figures, each with the number of figures before it."""
    blocks: list[int]
    """For each numeral of the file in order, figure or not, which block it stands in."""
    text: list[Block]


def read_report(
    path: Path,
    city: City,
    report_year: int,
    names: Names,
    usual_scopes: Mapping[tuple[int, str], str] | None = None,
    school_counts: Mapping[int, str] | None = None,
    owner: str = "",
    regions: frozenset[str] = frozenset(),
) -> ReportReading:
    """Every figure of a report (a file of one of report_file.KINDS), in order, numbered T001…, with its listings.

    `usual_scopes` is the scope of each year and topic where the report states none; otherwise the city's first scope.
    `school_counts` says which scope has how many schools: 12所中等职业学校 names it.
    `owner` is the code of the school whose own report it is. `regions` are those below the city of which something is
    known; the numbers of others are another place's.
    Raises ValueError that names the file when it cannot be read.
    """
    usual, counts = usual_scopes or {}, school_counts or {}
    state = State(city, names, report_year, usual=usual, school_counts=counts, owner=owner, regions=regions)
    figures: list[PrintedFigure] = []
    numerals: list[tuple[int, Numeral]] = []
    listings: list[Listing] = []
    blocks: list[int] = []
    text = read_document(path)
    for number, block in enumerate(text):
        printed = [replace(each, place=block.place) for each in _printed_in(block, number, state)]
        listings += listings_of(block, state) if isinstance(block, TextTable) else []
        of_block = [each for each in printed if isinstance(each, PrintedFigure)]
        before = len(figures)
        blocks += [number] * len(printed)
        for each in printed:
            if isinstance(each, Numeral):
                numerals.append((before, each))
            before += isinstance(each, PrintedFigure)
        figures += of_block if isinstance(block, TextTable) else _once_each(of_block)
    figures = _in_printed_scope(figures, report_year)
    numbered = [replace(figure, figure_id=f"T{number:03}") for number, figure in enumerate(figures, 1)]
    return ReportReading(numbered, listings, numerals, blocks, text)


def _printed_in(block: Block, number: int, state: State) -> Iterator[PrintedFigure | Numeral]:
    """The figures and other numerals of a block, in order."""
    if isinstance(block, TextTable):
        yield from figures_of_grid(block, state, number)
    elif isinstance(block, Caption) or IMAGE.match(block.text):
        told = block.told if isinstance(block, Caption) else "标题或图题中的数"
        yield from (each for _, each in numerals_in(evened(block.text), block.section, otherwise=told))
    else:
        yield from figures_of_paragraph(block, state)


def _in_printed_scope(figures: Sequence[PrintedFigure], report_year: int) -> list[PrintedFigure]:
    """Gives last year's value in a comparing sentence the scope in which the tables print it."""
    printed: dict[Reference, set[str]] = defaultdict(set)
    for figure in figures:
        if figure.codes and figure.is_in_table:
            printed[replace(figure.codes, scope="")].add(figure.codes.scope)
    placed = []
    for figure in figures:
        scopes = printed[replace(figure.codes, scope="")] if figure.codes else set()
        if figure.codes and figure.codes.year < report_year and not figure.is_in_table and len(scopes) == 1:
            (scope,) = scopes
            placed.append(replace(figure, scope=scope, codes=replace(figure.codes, scope=scope)))
        else:
            placed.append(figure)
    return placed


def _once_each(figures: list[PrintedFigure]) -> list[PrintedFigure]:
    """Gives up the less likely reading where a paragraph seems to give one fact two values: words that differ mean two
    things. The same words before both numbers mean the same, and one of the numbers is wrong."""
    best: dict[Reference, PrintedFigure] = {}
    for figure in figures:
        if (
            figure.codes
            and not figure.perhaps_other
            and (figure.codes not in best or figure.likeness > best[figure.codes].likeness)
        ):
            best[figure.codes] = figure
    return [replace(figure, codes=None, scope="") if _is_less_likely(figure, best) else figure for figure in figures]


def _is_less_likely(figure: PrintedFigure, best: Mapping[Reference, PrintedFigure]) -> bool:
    if figure.codes is None or figure.perhaps_other:
        return False
    other = best[figure.codes]
    is_said_alike = figure.words != "" and figure.words == other.words
    return figure.value != other.value and not is_said_alike
