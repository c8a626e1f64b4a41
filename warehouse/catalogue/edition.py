"""Editions: which chapters and sections the report of a year has, and what each section asks of whom.

What was not read in a requirement is not asserted: each edition says where it comes from and whether that is verified.
"""

from collections.abc import Mapping
from dataclasses import dataclass
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


class NewSection(Section):
    after: Called
    """The heading of the section behind which it stands."""


class ChangedSection(Declaration):
    """What an edition asks of a section otherwise than the edition that it is like; what is left out stays."""

    section: Called
    """Its heading there."""
    heading: Called | None = None
    asks: Said | None = None
    writer: Writer | None = None
    required: bool | None = None
    length: tuple[int, int] | None = None
    becomes: Literal["dropped", "merged"] | None = None
    """It is gone with all that stands in it, or its text stands on under the section before it."""

    @model_validator(mode="after")
    def _says_something(self) -> "ChangedSection":
        if not self.model_fields_set - {"section"}:
            raise ValueError(f"section {self.section}: say what is otherwise")
        return self


@dataclass(frozen=True, slots=True)
class OutlineChanges:
    """What an edition's outline has otherwise than the templates, which have that of the first edition of its chain.

    `renamed` is heading there → heading here; `new` are headings, each with that behind which it stands.
    """

    renamed: Mapping[str, str]
    dropped: frozenset[str]
    merged: frozenset[str]
    new: tuple[tuple[str, str], ...]


class Edition(Declaration):
    """The outline of one year's report. `verified`: whether the requirement itself was read; `source` says what was."""

    edition: int
    source: Said
    verified: bool
    like: int | None = None
    """The edition whose chapters it has, where it has none of its own: but for `changed` and `new`."""
    changed: tuple[ChangedSection, ...] = ()
    new: tuple[NewSection, ...] = ()
    chapters: tuple[EditionChapter, ...] = ()
    school: tuple[EditionChapter, ...] = ()
    """The outline of the report that a school writes of itself; without one, that of the newest edition before."""

    @model_validator(mode="after")
    def _is_told_apart(self) -> "Edition":
        if (self.like is None) != bool(self.chapters):
            raise ValueError(f"edition {self.edition}: give `chapters` or `like`")
        if self.chapters and (self.changed or self.new):
            raise ValueError(f"edition {self.edition}: `changed` and `new` go with `like`")
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
    whole = {year: _whole(pack, year, read) for year in sorted(read)}
    with_school = [year for year in whole if whole[year].school]
    nearest = {year: max((each for each in with_school if each <= year), default=min(with_school)) for year in whole}
    return {year: each.model_copy(update={"school": whole[nearest[year]].school}) for year, each in whole.items()}


def outline_changes(pack: Pack, report_year: int) -> OutlineChanges:
    """What the outline of a year's edition has otherwise than the template."""
    editions = load_editions(pack)
    chain = [edition_of(pack, report_year)]
    while (like := chain[-1].like) is not None:
        chain.append(editions[like])
    renamed: dict[str, str] = {}
    gone: dict[str, set[str]] = {"dropped": set(), "merged": set()}
    new: list[tuple[str, str]] = []
    for edition in reversed(chain):
        for change in edition.changed:
            there = next((old for old, now in renamed.items() if now == change.section), change.section)
            if change.becomes:
                gone[change.becomes].add(there)
            if change.heading:
                renamed[there] = change.heading
                new = [(change.heading if name == change.section else name, after) for name, after in new]
        new += [(each.heading, each.after) for each in edition.new]
    return OutlineChanges(renamed, frozenset(gone["dropped"]), frozenset(gone["merged"]), tuple(new))


def _whole(
    pack: Pack, year: int, read: Mapping[int, tuple[Edition, Document]], asked: frozenset[int] = frozenset()
) -> Edition:
    """The edition with its chapters; `asked` are those that it is to be like. Raises DeclarationError for an unknown
    edition, section or indicator, and for editions that are like each other."""
    edition, file = read[year]
    if (like := edition.like) is not None:
        known = read.keys() - asked - {year}
        if like not in known:
            raise file.fault(("like",), f"no edition `{like}` with chapters{meant(like, known, 'en')}")
        chapters = _whole(pack, like, read, asked | {year}).chapters
        return edition.model_copy(update={"chapters": _changed(edition, file, chapters)})
    indicators = load_indicators(pack)
    for outline, chapters in (("chapters", edition.chapters), ("school", edition.school)):
        for at, chapter in enumerate(chapters):
            for position, section in enumerate(chapter.sections):
                for number, code in enumerate(section.indicators):
                    if code not in indicators:
                        place = (outline, at, "sections", position, "indicators", number)
                        raise file.fault(place, f"there is no indicator `{code}`{meant(code, indicators, 'en')}")
    return edition


def _changed(edition: Edition, file: Document, chapters: tuple[EditionChapter, ...]) -> tuple[EditionChapter, ...]:
    """Chapters of another edition with what this one has otherwise. Raises DeclarationError for an unknown section."""
    listed = {chapter.heading: list(chapter.sections) for chapter in chapters}

    def place(heading: str, *where: str | int) -> tuple[list[Section], int]:
        for sections in listed.values():
            for at, section in enumerate(sections):
                if section.heading == heading:
                    return sections, at
        known = [section.heading for sections in listed.values() for section in sections]
        raise file.fault(where, f"there is no section `{heading}`{meant(heading, known, 'en')}")

    for number, change in enumerate(edition.changed):
        sections, at = place(change.section, "changed", number, "section")
        if change.becomes:
            del sections[at]
        else:
            given = change.model_fields_set - {"section", "becomes"}
            sections[at] = sections[at].model_copy(update={name: getattr(change, name) for name in given})
    for number, added in enumerate(edition.new):
        sections, at = place(added.after, "new", number, "after")
        sections.insert(at + 1, Section(**added.model_dump(exclude={"after"})))
    kept = ((chapter, listed[chapter.heading]) for chapter in chapters)
    return tuple(chapter.model_copy(update={"sections": tuple(sections)}) for chapter, sections in kept if sections)
