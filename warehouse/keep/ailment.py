"""What is wrong with an installation, and what to do about it."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ailment:
    """One thing that is wrong: `about` a part (archive …), `what` names the file, `remedy` says what to do."""

    about: str
    what: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Examined:
    """What was looked at: `about` what, a sentence that says how much was found whole, and what is wrong or waits.

    `waits` is no fault: the next run settles it.
    """

    about: str
    seen: str
    ailments: tuple[Ailment, ...] = ()
    waits: tuple[str, ...] = ()


def ailments_in(examined: Iterable[Examined]) -> list[Ailment]:
    return [ailment for each in examined for ailment in each.ailments]
