"""A version: one submission as the registry has it, with what became of it."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from sources.declarations.year_states import YearState

Status = Literal["received", "held", "declined", "accepted", "rejected", "superseded"]
"""held: not taken until a person says whether it may be; declined: a person said that it may not."""


@dataclass(frozen=True, slots=True)
class Version:
    """One submission of a respondent for a year; respondent and year are None where the cover does not say.

    `reason` says why it has its status, `received_on` is the day of its first receipt by the installation's calendar.
    `counts`: whether it is the one that counts; `stands`: whether some version of this respondent and year does.
    `errors` and `warnings` are what was found in it, explained or not. `sender_…`: the respondent in whose folder it
    came, if it came so.
    """

    submission_id: str
    file_name: str
    respondent_code: str | None
    respondent_name: str | None
    report_year: int | None
    status: Status
    reason: str | None
    received_on: date
    counts: bool
    stands: bool
    errors: int
    warnings: int
    sender_code: str | None = None
    sender_name: str | None = None
    came_again_on: date | None = None
    """When the same bytes came last, in a later look at the inbox, if they did."""
    state: YearState | None = None
    """Of the respondent's year, as everything shows it; None where the cover does not say whose it is."""
