"""One thing that must have been seen before a release: an item, with an id that stays, and how it was settled."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

How = Literal["confirmed", "explained"]


@dataclass(frozen=True, slots=True)
class ReleaseItem:
    """What a point of the checklist lacks, or a figure that moved.

    `id` is the point's name and a key of its own; it stays the same as long as the matter does. `title` says what it is
    about, `seen` what there is to see, with its values: a confirmation is of this text. `note` says what stands beside
    it (a limit, an explanation, what it moves); `indicators` are the codes of the figures that it concerns.
    """

    id: str
    point: str
    title: str
    seen: str
    note: str = ""
    indicators: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Settled:
    """Why an item no longer stops the release: somebody confirmed it, or approved the school's explanation of it."""

    how: How
    by: str
    reason: str
    at: str = ""
    """When it was confirmed, ISO 8601, UTC; of an explanation nothing."""


@dataclass(frozen=True, slots=True)
class Listed:
    """An item of a release's list, settled or open. `nobody` says why nobody may confirm it; '' when somebody may."""

    item: ReleaseItem
    settled: Settled | None = None
    nobody: str = ""

    @property
    def row(self) -> dict[str, Any]:
        """As the manifest keeps it."""
        row = asdict(self.item) | {"indicators": list(self.item.indicators)}
        return row | {"settled": asdict(self.settled) if self.settled else None}


def listed_of(row: Mapping[str, Any]) -> Listed:
    """From a row of a manifest. Raises TypeError, KeyError or ValueError for what is no such row."""
    item = {name: value for name, value in row.items() if name != "settled"}
    texts = [value for name, value in item.items() if name != "indicators"]
    settled = row["settled"] and Settled(**row["settled"])
    if not all(
        isinstance(text, str) for text in [*texts, *item["indicators"], *(asdict(settled).values() if settled else ())]
    ):
        raise ValueError("no item")
    return Listed(ReleaseItem(**{**item, "indicators": tuple(item["indicators"])}), settled)
