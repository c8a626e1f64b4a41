"""One number of the report year: what it speaks of, its value and text, and the change since last year."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, Literal, get_args

from sources.system.fingerprint import sha256_of

Kind = Literal["value", "change", "standard", "target"]
VALUE: Final = "value"
CHANGE: Final = "change"
STANDARD: Final = "standard"
TARGET: Final = "target"
KINDS: tuple[Kind, ...] = get_args(Kind)
SCHOOL_SCOPE = "school"
SUPPRESSED: Final = "suppressed"
UNCOUNTABLE: Final = "not_applicable"
"""The status of a ratio whose denominator is zero."""
USABLE = ("ok", "incomplete", "estimated")
Part = Literal[
    "value", "change", "denominator", "expected", "reported", "standard", "target", "coverage", "conformity", "quote"
]


@dataclass(frozen=True, order=True, slots=True)
class Reference:
    """Names one number: which indicator, of whom, in which scope and year.

    `indicator`, `subject` and `scope` are codes. `kind` says whether it is the value itself, its change since the year
    before, the standard that the value is held against, or the target set for it.
    """

    indicator: str
    year: int
    subject: str
    scope: str
    kind: Kind = VALUE

    @property
    def key(self) -> str:
        """The reference as one word, fit for a file name and an address."""
        return "-".join(map(str, (self.indicator, self.year, self.subject, self.scope, self.kind)))

    @staticmethod
    def parse(key: str) -> "Reference":
        """The reference that a key names: of a value or a change, since nothing else can be traced.

        Raises ValueError for anything else.
        """
        parts = key.split("-")
        if len(parts) != 5 or not parts[1].isdecimal() or parts[4] not in (VALUE, CHANGE):
            raise ValueError(f"不是数字的编号：{key}")
        return Reference(parts[0], int(parts[1]), parts[2], parts[3], CHANGE if parts[4] == CHANGE else VALUE)


@dataclass(frozen=True, slots=True)
class Printed:
    """One number as it stands on the page.

    `part` says which of the numbers that belong to the reference it is: its value or change, the denominator of its
    ratio, how many schools were `expected` to report it and have `reported`, the `standard` it is held against, the
    `target` set for it, the `coverage` of its scope, how many of the schools meet an edition of the standards
    (`conformity`), or a `quote` from an approved explanation. `unit` is given when it is not the indicator's own.
    """

    reference: Reference
    text: str
    part: Part = "value"
    unit: str = ""

    @property
    def id(self) -> str:
        """Twelve hex digits: its mark on a page, the tag of its control in Word, its key in facts.json."""
        return sha256_of("|".join((self.reference.key, self.part, self.unit, self.text)))[:12]


@dataclass(frozen=True, slots=True)
class Fact:
    """One value of the database; `display` is the text that is printed for it."""

    reference: Reference
    definition: str
    numerator: Decimal | None
    denominator: Decimal | None
    value: Decimal | None
    rounded: Decimal | None
    display: str | None
    status: str
    n_expected: int
    n_reported: int
    origin: str

    @property
    def is_usable(self) -> bool:
        return self.display is not None and self.status in USABLE


@dataclass(frozen=True, slots=True)
class Change:
    """This year against last year, in the scopes that the bureau chose for each."""

    current: Reference
    previous: Reference | None
    value: Decimal | None
    unit: str
    display: str | None
    comparability: str

    @property
    def reference(self) -> Reference:
        return replace(self.current, kind=CHANGE)


@dataclass(frozen=True, slots=True)
class School:
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Bound:
    """A standard as it was applied to one subject; `verdict` is met, missed or not_verifiable."""

    reference: Reference
    edition: str
    comparison: Literal["at_least", "at_most"]
    bound: Decimal
    verdict: str
    is_verified: bool
    """Whether the bound was read in a text of the requirements."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How complete a scope is; `text` says it in words, as it is printed."""

    schools_expected: int
    schools_reported: int
    students_percent: Decimal | None
    text: str


@dataclass(frozen=True, slots=True)
class Footnote:
    """An approved explanation of a cell that counts in an indicator's value in a scope."""

    indicator: str
    scope: str
    text: str
