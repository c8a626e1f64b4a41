"""A version: one submission as the registry has it, with what became of it."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

Status = Literal["received", "accepted", "rejected", "superseded"]


@dataclass(frozen=True, slots=True)
class Version:
    """One submission of a respondent for a year; respondent and year are None where the cover does not say.

    `reason` says why it has its status, `received_on` is a date (UTC). `counts`: whether it is the one that counts;
    `stands`: whether some version of this respondent and year does. `errors` and `warnings` are what was found in it,
    explained or not.
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
