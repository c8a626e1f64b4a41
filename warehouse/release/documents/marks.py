"""What stands in a drafted document until its numbers are printed: marks, and what they are replaced by."""

import re
from dataclasses import dataclass
from typing import Literal

from warehouse.figures.fact import Printed

MARK = re.compile("\ue000([0-9]+)\ue001")
NOTE_MARK = re.compile("\ue002([0-9]+)\ue003")
SENTENCE = re.compile(r"[^。；！？]*[。；！？]?")
ALLOWED = re.compile(r"附?[表图]\s?\d+(?:\.\d+)?(?:-\d+)?|第\d+[条款章节届]|1\+X|[km]m?2")
"""Digits that are no figures: numbers of tables, figures and articles, 1+X certificates, the unit m²."""


@dataclass(frozen=True)
class Plain:
    """Text that may hold digits and is no figure: a year, a date, the name of a school."""

    text: str


@dataclass(frozen=True)
class Missing:
    """A number that there is none of: the sentence that asks for it is not printed.

    A figure of the year has a `label`, by which readers are told that it is missing; a target has none.
    """

    label: str = ""


@dataclass(frozen=True)
class Block:
    """A table, a chart, the contents or the list of what is missing: takes the place of the paragraph."""

    kind: Literal["table", "chart", "contents", "missing"]
    name: str


@dataclass(frozen=True)
class Remark:
    """What a footnote says about a figure; remarks of one paragraph that say the same share a footnote.

    `text` may hold marks, and {} for the labels of the figures.
    """

    text: str
    label: str


@dataclass(frozen=True)
class BoundNumber:
    printed: Printed
    remarks: tuple[Remark, ...] = ()


Piece = Plain | Missing | Block | BoundNumber


class TokenError(ValueError):
    """A token that cannot mean anything; says which and what to do."""
