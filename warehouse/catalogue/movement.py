"""Movements: by how much a printed figure may differ from last year's before somebody must have looked at it."""

from decimal import Decimal
from functools import lru_cache
from typing import Literal

from pydantic import Field

from sources.declarations.pack import Pack
from sources.declarations.strict_yaml import Declaration
from warehouse.catalogue.measure import catalogue_files


class Movement(Declaration):
    """The limit of a figure's change since last year, with the reason for it.

    A change is beyond it when it is larger than `step` (in the figure's unit, of % in percentage points) and, where a
    `share` is given, larger than that share of last year's figure.
    """

    share: Decimal | None = Field(None, gt=0)
    step: Decimal = Field(ge=0)
    reason: str = Field(min_length=8)

    def is_beyond(self, change: Decimal, previous: Decimal) -> bool:
        return abs(change) > self.step and (self.share is None or abs(change) > self.share * abs(previous))


class UnitMovement(Movement):
    """The limit of all indicators of a unit and kind that have none of their own."""

    units: tuple[str, ...] = Field(min_length=1)
    kinds: tuple[Literal["sum", "ratio", "school_count"], ...] = Field(min_length=1)


def limit_in_words(movement: Movement, unit: str) -> str:
    """30%，且多于 5 个; of % in percentage points."""
    named = {"%": "个百分点", ":1": ""}.get(unit, unit)
    share = f"{(movement.share * 100).normalize():f}%，且多于 " if movement.share is not None else ""
    return f"{share}{movement.step.normalize():f} {named}".rstrip()


class _Movements(Declaration):
    movements: tuple[UnitMovement, ...]


@lru_cache
def load_movements(pack: Pack) -> tuple[UnitMovement, ...]:
    """The limits by unit and kind, in their order. Raises DeclarationError."""
    return catalogue_files(pack)["movements.yml"].parsed(_Movements).movements


def usual_movement(pack: Pack, unit: str, kind: str) -> Movement | None:
    """The limit for a unit and kind; None when no class fits."""
    fitting = (each for each in load_movements(pack) if unit in each.units and kind in each.kinds)
    return next(fitting, None)
