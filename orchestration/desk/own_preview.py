"""What a file would change, as its school may see it: its own numbers, and the region's main figures.

Nothing of another school is in it, and of the region's figures none from which one could be reckoned back.
"""

import pickle
import sys
import traceback
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from sources.declarations.city import City, load_city
from sources.system.faults import told
from sources.system.settings import Settings
from warehouse.catalogue.brief_figures import brief_figures
from warehouse.catalogue.catalogue import Catalogue, load_catalogue
from warehouse.figures.beside_peers import FEWEST_PEERS
from warehouse.figures.fact import Reference
from warehouse.figures.region_year import RegionYear, load_region_year
from warehouse.run.rehearsal import STATUS_LABELS, Preview, preview
from warehouse.store.connection import open_published

NOTHING = "—"
FAILED = 3
"""How the process of a rehearsal ends that came to nothing; why stands in what it has said."""


@dataclass(frozen=True, slots=True)
class WouldBe:
    """A figure as it stands, and as it would be; texts as they are printed."""

    label: str
    unit: str
    now: str
    then: str

    @property
    def moves(self) -> bool:
        return self.now != self.then


@dataclass(frozen=True, slots=True)
class OwnPreview:
    """What a file would do for the one who sends it. `own`: its numbers that change; `main`: the region's, all of them.

    `counts`: whether the file would be the one that counts; `reason` says why not, or why.
    """

    status: str
    reason: str
    counts: bool
    cells: int
    own: tuple[WouldBe, ...]
    main: tuple[WouldBe, ...]


@dataclass(frozen=True, slots=True)
class ToRehearse:
    """A file of the quarantine and whose it is, for a process of its own."""

    settings: Settings
    path: Path
    respondent_code: str
    report_year: int


def rehearse(asked: ToRehearse, city: City) -> OwnPreview:
    """Rehearses the receipt of the file (5 s of a processor). Raises FileNotFoundError before the first run,
    CatalogueChangedError when it was by another catalogue, RuntimeError when the models do not build."""
    settings, catalogue = asked.settings, load_catalogue(city.pack)
    found = preview(settings, city, asked.path)
    with open_published(settings) as connection:
        region = load_region_year(connection, catalogue, asked.report_year)
    return seen_by(asked.respondent_code, found, region, catalogue)


def work() -> None:
    """The process of its own: what is asked comes in as bytes of this program, what was found goes out as text."""
    asked: ToRehearse = pickle.loads(sys.stdin.buffer.read())  # of the desk itself  # nosec B301
    try:
        with redirect_stdout(sys.stderr):
            found = rehearse(asked, load_city(asked.settings.city_dir))
    except Exception as error:  # noqa: BLE001 - whatever it is, its words go to whoever has asked
        traceback.print_exc()
        sys.stdout.write(told(error) or "")
        sys.exit(FAILED)
    sys.stdout.write(as_text(found))


def seen_by(respondent_code: str, found: Preview, region: RegionYear, catalogue: Catalogue) -> OwnPreview:
    """Of what was found, what concerns the respondent. Pure; `region` is as it stands now."""
    moved = [row for row in found.figures.to_dicts() if row["report_year"] == str(region.report_year)]
    own = tuple(
        _would_be(catalogue, row["indicator_code"], row["before"], row["after"])
        for row in moved
        if row["subject_code"] == respondent_code
    )
    then = {
        (row["indicator_code"], row["scope_code"]): row["after"]
        for row in moved
        if row["subject_code"] == region.region.code
    }
    scopes = {
        indicator.code: region.choices.get(chapter.topic, "")
        for chapter in catalogue.chapters
        for indicator in chapter.indicators
    }
    main = (_main(code, scopes[code], region, then, catalogue) for code in brief_figures(catalogue.pack))
    return OwnPreview(
        STATUS_LABELS[found.status],
        found.reason or "",
        found.counts,
        found.cells.height,
        own,
        tuple(each for each in main if each),
    )


def _main(
    code: str, scope: str, region: RegionYear, then: Mapping[tuple[str, str], str | None], catalogue: Catalogue
) -> WouldBe | None:
    """A main figure in the scope that is printed; None where so few schools make it that it says what others sent."""
    fact = region.facts.get(Reference(code, region.report_year, region.region.code, scope))
    if fact is None or fact.n_reported < FEWEST_PEERS:
        return None
    return _would_be(catalogue, code, fact.display, then.get((code, scope), fact.display))


def _would_be(catalogue: Catalogue, code: str, now: str | None, then: str | None) -> WouldBe:
    indicator = catalogue.indicators[code]
    unit = "" if indicator.display == "to_one" else indicator.unit
    return WouldBe(indicator.label, unit, now or NOTHING, then or NOTHING)


_ADAPTER = TypeAdapter(OwnPreview)


def as_text(found: OwnPreview) -> str:
    return _ADAPTER.dump_json(found).decode()


def from_text(text: str) -> OwnPreview:
    """Raises pydantic's ValidationError for a text that another version has written."""
    return _ADAPTER.validate_json(text)
