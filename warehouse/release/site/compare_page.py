"""The page that sets schools and years side by side, and the data from which a script shows others."""

from collections.abc import Iterator, Sequence
from itertools import islice

from warehouse.catalogue.indicator import Indicator
from warehouse.release.site.page import LinkedNumber, Page, number
from warehouse.release.site.site_facts import Row, SiteFacts

SHOWN_SCHOOLS, SHOWN_YEARS = 2, 2
"""What the page shows before anybody has chosen, and without a script."""


def compare_page(facts: SiteFacts) -> Page:
    shown = _first_peers(facts.schools)
    years = sorted(facts.years[:SHOWN_YEARS])
    return Page(
        "compare.html",
        "compare",
        "比较学校",
        {
            "schools": facts.schools,
            "shown": shown,
            "all_years": facts.years,
            "shown_years": years,
            "chapters": [
                (
                    chapter.title,
                    [
                        (indicator, values)
                        for indicator in _compared(facts, chapter.indicators)
                        for values in [_values(facts, indicator, shown, years)]
                        if any(value.reference for value in values)
                    ],
                )
                for chapter in facts.chapters
            ],
        },
    )


def _first_peers(schools: Sequence[Row]) -> list[Row]:
    """The first school of the roster and the next of its kind, or else just the next."""
    first, *others = schools
    of_kind = sorted(others, key=lambda other: other["category"] != first["category"])
    return [first, *islice(of_kind, SHOWN_SCHOOLS - 1)]


def _compared(facts: SiteFacts, indicators: Sequence[Indicator]) -> Iterator[Indicator]:
    return (each for each in indicators if facts.figures.catalogue.level(each) == "school")


def _values(facts: SiteFacts, indicator: Indicator, schools: Sequence[Row], years: Sequence[int]) -> list[LinkedNumber]:
    return [number(facts.of_school(indicator, each["school_code"], year)) for each in schools for year in years]


def indicator_data(facts: SiteFacts) -> list[object]:
    """Chapter → its indicators of schools, as `script/compare.js` reads them: code, label, unit, chapter's code."""
    return [
        [chapter.title, [[i.code, i.label, i.unit, chapter.chapter] for i in _compared(facts, chapter.indicators)]]
        for chapter in facts.chapters
    ]


def school_data(facts: SiteFacts, code: str) -> dict[str, object]:
    """Year → the school's numbers in the order of `indicator_data`; what is not to be printed is words here too."""
    indicators = [each for chapter in facts.chapters for each in _compared(facts, chapter.indicators)]
    return {
        "years": {
            str(year): [_cell(number(facts.of_school(indicator, code, year))) for indicator in indicators]
            for year in facts.years
        }
    }


def _cell(value: LinkedNumber) -> object:
    """A number is text, one with a condition [text, note], a reason why there is none [text], nothing None."""
    if value.reference is None:
        return None if value.text == "—" else [value.text]
    return [value.text, value.note] if value.note else value.text
