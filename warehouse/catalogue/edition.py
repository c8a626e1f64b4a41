"""Editions: which chapters and sections the report of a year has, and what each section asks of whom.

What was not read in a requirement is not asserted: each edition says where it comes from and whether that is verified.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

from pydantic import Field, model_validator

from sources.declarations.pack import Pack, layered
from sources.declarations.problem import meant
from sources.declarations.strict_yaml import Called, Declaration, Document, Name, Said, once
from sources.system.settings import CATALOGUE_ROOT
from warehouse.catalogue.indicator import load_indicators

FOLDER = "editions"
Writer = Literal["bureau", "school"]


class Section(Declaration):
    """A section of the report; files and headings of the template are called like it."""

    heading: Called
    asks: Said
    """What is to be written, in one sentence."""
    writer: Writer = "bureau"
    """Who knows it: the bureau's own staff, or the schools, whose words the bureau puts together."""
    required: bool = False
    length: tuple[int, int]
    """The fewest and the most characters."""
    indicators: tuple[Name, ...] = ()
    """Figures that belong there: an editor is offered them first."""

    @model_validator(mode="after")
    def _has_room(self) -> "Section":
        fewest, most = self.length
        if not 0 < fewest < most:
            raise ValueError(f"length of {self.heading}: expected 0 < fewest < most")
        return self


class EditionChapter(Declaration):
    heading: Called
    sections: tuple[Section, ...] = Field(min_length=1)


class Edition(Declaration):
    """The outline of one year's report. `verified`: whether the requirement itself was read; `source` says what was."""

    edition: int
    source: Said
    verified: bool
    like: int | None = None
    """The edition whose chapters it has, where it has none of its own."""
    chapters: tuple[EditionChapter, ...] = ()
    school: tuple[EditionChapter, ...] = ()
    """The outline of the report that a school writes of itself; without one, that of the newest edition before."""

    @model_validator(mode="after")
    def _is_told_apart(self) -> "Edition":
        if (self.like is None) != bool(self.chapters):
            raise ValueError(f"edition {self.edition}: give `chapters` or `like`")
        once(self, (section.heading for section in self.of_school.sections), "section of a school")
        return once(self, (section.heading for section in self.sections), "section")

    @property
    def of_school(self) -> "Edition":
        """The same edition with the outline of a school's own report."""
        return self.model_copy(update={"chapters": self.school})

    @property
    def sections(self) -> tuple[Section, ...]:
        """In the order of the report."""
        return tuple(section for chapter in self.chapters for section in chapter.sections)

    @property
    def told(self) -> str:
        """Which edition it is and what it rests on, as a person is told."""
        return f"{self.edition}年版{'' if self.verified else '（未核实）'}：{self.source}"


def edition_of(pack: Pack, report_year: int) -> Edition:
    """The edition by which a year's report is written: the newest that is not later; before the first, the first."""
    editions = load_editions(pack)
    return editions[max((year for year in editions if year <= report_year), default=min(editions))]


@lru_cache
def load_editions(pack: Pack) -> dict[int, Edition]:
    """The editions by year, with the pack's changes to them. Raises DeclarationError."""
    files = layered(CATALOGUE_ROOT / FOLDER, pack, f"catalogue/{FOLDER}")
    read = {edition.edition: (edition, file) for file in files.values() for edition in (file.parsed(Edition),)}
    known = {year: edition for year, (edition, _) in sorted(read.items())}
    whole = {year: _whole(pack, edition, read[year][1], known) for year, edition in known.items()}
    with_school = [year for year in whole if whole[year].school]
    nearest = {year: max((each for each in with_school if each <= year), default=min(with_school)) for year in whole}
    return {year: each.model_copy(update={"school": whole[nearest[year]].school}) for year, each in whole.items()}


def _whole(pack: Pack, edition: Edition, file: Document, known: Mapping[int, Edition]) -> Edition:
    """The edition with its chapters. Raises DeclarationError for an unknown edition or indicator."""
    if edition.like is not None:
        if edition.like not in known or not known[edition.like].chapters:
            raise file.fault(("like",), f"no edition `{edition.like}` with chapters{meant(edition.like, known, 'en')}")
        return edition.model_copy(update={"chapters": known[edition.like].chapters})
    indicators = load_indicators(pack)
    for outline, chapters in (("chapters", edition.chapters), ("school", edition.school)):
        for at, chapter in enumerate(chapters):
            for position, section in enumerate(chapter.sections):
                for number, code in enumerate(section.indicators):
                    if code not in indicators:
                        place = (outline, at, "sections", position, "indicators", number)
                        raise file.fault(place, f"there is no indicator `{code}`{meant(code, indicators, 'en')}")
    return edition
