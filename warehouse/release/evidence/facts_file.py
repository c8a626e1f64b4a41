"""facts.json: every number that a release's pages and Word files print, where it is printed, and which sums must hold.

The places are read back from the files as they were written, so a number that never got onto a page is not listed.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from lxml import etree

from warehouse.figures.fact import CHANGE, SCHOOL_SCOPE, VALUE, Reference
from warehouse.figures.rounding import trimmed_text
from warehouse.figures.year_figures import Figures
from warehouse.release.evidence.stated import StatedFact

FACTS = "facts.json"
ON_PAGE = re.compile(r'data-fact="([0-9a-f]{12})"')
IN_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
PARTS_OF_WORD = ("word/document.xml", "word/footnotes.xml")


@dataclass(frozen=True, slots=True)
class Sum:
    """A printed number that is the sum of others, less those in `minus`; all by their ids."""

    whole: str
    plus: tuple[str, ...]
    minus: tuple[str, ...] = ()


def write_facts(folder: Path, version: str, stated: Iterable[StatedFact], figures: Figures) -> Path:
    """Writes facts.json of a release's folder, whose pages and Word files stand; the same whatever the order.

    Raises KeyError when a file prints a number of which nothing is stated.
    """
    known = {fact.id: fact for fact in stated}
    places = dict(_places(folder))
    used = {number: known[number] for ids in places.values() for number in ids}
    lines = [f"{json.dumps(number)}: {_line(_row(used[number]))}" for number in sorted(used)]
    where = [f"{_line(path)}: {_line(ids)}" for path, ids in sorted(places.items())]
    sums = [_line(terms) for terms in sorted(map(_terms, sums_of(used, figures)))]
    path = folder / FACTS
    path.write_text(
        f'{{"version": {_line(version)},\n"facts": {{\n'
        + ",\n".join(lines)
        + '\n},\n"places": {\n'
        + ",\n".join(where)
        + '\n},\n"sums": [\n'
        + ",\n".join(sums)
        + "\n]}\n",
        encoding="utf-8",
        newline="\n",
    )
    return path


def _terms(of: Sum) -> list[tuple[int, str]]:
    """What must come to nothing: the whole taken away from its parts, by sign and id, the whole first."""
    return [(-1, of.whole), *((1, each) for each in of.plus), *((-1, each) for each in of.minus)]


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _row(fact: StatedFact) -> Mapping[str, Any]:
    """A fact as the file has it; what it does not have is left out."""
    of = fact.reference
    row = {
        "text": fact.text,
        "label": fact.label,
        "indicator": of.indicator,
        "year": of.year,
        "subject": of.subject,
        "subject_name": fact.subject_name,
        "scope": of.scope,
        "scope_name": fact.scope_name,
        "kind": of.kind,
        "part": fact.part,
        "unit": fact.unit,
        "printed_unit": fact.printed_unit,
        "form": fact.form,
        "value": None if fact.value is None else trimmed_text(fact.value),
        "decimals": fact.decimals,
        "numerator": fact.ratio and trimmed_text(fact.ratio.numerator),
        "denominator": fact.ratio and trimmed_text(fact.ratio.denominator),
        "scale": fact.ratio and fact.ratio.scale,
        "trace": f"nianbao trace {of.key}" if of.kind in (VALUE, CHANGE) else None,
    }
    return {name: value for name, value in row.items() if value is not None and value != ""}


def _places(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Path → the ids of the numbers that the file prints, in their order."""
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".html":
            ids = ON_PAGE.findall(path.read_text(encoding="utf-8"))
        elif path.suffix == ".docx":
            ids = list(_tags(path.read_bytes()))
        else:
            continue
        if ids:
            yield path.relative_to(folder).as_posix(), ids


def _tags(data: bytes) -> Iterator[str]:
    with ZipFile(BytesIO(data)) as parts:
        for name in PARTS_OF_WORD:
            if name in parts.namelist():
                for tag in etree.fromstring(parts.read(name)).iter(f"{IN_WORD}tag"):
                    yield tag.get(f"{IN_WORD}val")


def sums_of(printed: Mapping[str, StatedFact], figures: Figures) -> Iterator[Sum]:
    """The sums among printed numbers: a change is this year's less last year's; what adds up over schools is their sum,
    where all schools of the scope have reported."""
    by_reference = {
        fact.reference: number
        for number, fact in printed.items()
        if fact.part == VALUE and not fact.printed_unit and fact.form != "said"
    }
    for number, fact in printed.items():
        of = fact.reference
        if fact.part == CHANGE and fact.form == "change":
            change = figures.changes[of.indicator]
            this, last = (
                by_reference.get(change.current),
                by_reference.get(change.previous) if change.previous else None,
            )
            if this and last:
                yield Sum(number, (this,), (last,))
        elif by_reference.get(of) == number and _adds_up(of, figures):
            schools = sorted(figures.members.get(of.scope, ()))
            parts = [by_reference.get(Reference(of.indicator, of.year, each, SCHOOL_SCOPE)) for each in schools]
            if schools and all(parts):
                yield Sum(number, tuple(filter(None, parts)))


def _adds_up(of: Reference, figures: Figures) -> bool:
    """Whether a number is the region's in the report year, and the sum of its schools, which have all reported."""
    if (of.year, of.subject) != (figures.report_year, figures.city_code):
        return False
    indicator, fact = figures.catalogue.indicators[of.indicator], figures.facts[of]
    is_sum = indicator.kind == "sum" and figures.catalogue.level(indicator) == "school"
    return is_sum and figures.catalogue.adds(indicator) == "sum" and fact.status == "ok"
