"""What a release would be, looked at before it is made: its checklist, its list of items, what nobody has confirmed.

Here is no writer of documents: the pages that say what waits look here on each run, and are not to load one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from sources.declarations.city import City
from sources.system.settings import Settings
from warehouse.catalogue.catalogue import Catalogue
from warehouse.intake.released import number_of
from warehouse.release.checklist import Point, check_release
from warehouse.release.confirmation import CONFIRMED_INPUTS, confirmation_code
from warehouse.release.gate import listed_now, open_items
from warehouse.release.item import Listed
from warehouse.release.manifest import Manifest, inputs_of, releases_of
from warehouse.release.narrative.written_files import WrittenFiles, written_files
from warehouse.store.connection import open_published


@dataclass(frozen=True)
class Foreseen:
    """What a release would be: its checklist, its list of items, and what else is to be known (`told`, sentences).

    `code` confirms it; `version` is that of the last one when nothing is new.
    """

    version: str
    points: tuple[Point, ...]
    listed: tuple[Listed, ...]
    told: tuple[str, ...]
    code: str
    is_new: bool

    @property
    def is_open(self) -> bool:
        """Whether something still stops the release."""
        return bool(open_items(self.listed))


def foresee(settings: Settings, city: City, catalogue: Catalogue, report_year: int) -> Foreseen:
    """Looks at what `release` would make of the year, and makes nothing.

    Raises FileNotFoundError when nothing has been published.
    """
    with open_published(settings) as connection:
        return foreseen_with_inputs(connection, settings, city, catalogue, report_year)[0]


def foreseen_with_inputs(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    city: City,
    catalogue: Catalogue,
    report_year: int,
    written: WrittenFiles | None = None,
) -> tuple[Foreseen, dict[str, Any]]:
    """What a release of the year would be, and the manifest's fields that tell what it is made from.

    `written` are the city's words, None those of today.
    """
    written = written or written_files(settings.city_dir, report_year)
    earlier = releases_of(settings, report_year)
    checked = check_release(connection, settings, city, catalogue, report_year, written)
    listed = listed_now(settings, checked, report_year)
    inputs = inputs_of(connection, settings, city, report_year, written)
    is_new = not (earlier and _same_inputs(earlier[-1], inputs, listed))
    version = next_version(report_year, earlier) if is_new else earlier[-1].version
    code = confirmation_code(settings, version, inputs, listed)
    return Foreseen(version, checked.points, listed, checked.told, code, is_new), inputs


def next_version(report_year: int, earlier: Sequence[Manifest]) -> str:
    """The version after the last of the year's releases, which are in order: 2023.1 for the first."""
    return f"{report_year}.{number_of(earlier[-1].version) + 1 if earlier else 1}"


def _same_inputs(last: Manifest, inputs: dict[str, Any], listed: Sequence[Listed]) -> bool:
    return last.items == [each.row for each in listed] and all(
        getattr(last, name) == inputs[name] or (name == "narrative" and last.narrative is None and not inputs[name])
        for name in CONFIRMED_INPUTS
    )
