"""The tokens of templates: which respondent was given which, for which report year.

A token says that a file was made from the template that this respondent was given. It is no password: whoever has seen
the workbook has it. So that a template made again is the same, and so that an installation built again knows its own, a
token is drawn once and kept here; the first line of a respondent and year holds.
"""

import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from sources.archive.alone import alone_with
from sources.archive.archive import append_lines, json_lines

TOKENS_FILE = "tokens.jsonl"
LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""None that is taken for another when somebody reads it out."""
GROUPS, OF_EACH = 3, 4


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token that a respondent was given for a report year. `issued_at`: ISO 8601, UTC."""

    respondent_code: str
    report_year: int
    token: str
    issued_at: str = ""


def issued_tokens(archive: Path) -> list[IssuedToken]:
    """Every token that holds: of each respondent and year the one that was drawn first."""
    lines = [IssuedToken(**line) for line in json_lines(archive / TOKENS_FILE)]
    return list({(each.respondent_code, each.report_year): each for each in reversed(lines)}.values())


def tokens_for(archive: Path, respondents: Iterable[str], report_year: int) -> dict[str, str]:
    """Respondent → its token for a year; one is drawn and kept for those who have none."""
    asked = list(respondents)
    known = _of_year(archive, report_year)
    if not known.keys() >= set(asked):
        moment = datetime.now(UTC).isoformat()
        with alone_with(archive / TOKENS_FILE):
            known = _of_year(archive, report_year)  # another process may have drawn some since
            new = [IssuedToken(code, report_year, draw_token(), moment) for code in asked if code not in known]
            append_lines(archive / TOKENS_FILE, *map(asdict, new))
        known |= {each.respondent_code: each.token for each in new}
    return {code: known[code] for code in asked}


def keep_tokens(archive: Path, target: Path) -> None:
    """Copies the tokens to a part of an archive."""
    if lines := json_lines(archive / TOKENS_FILE):
        with alone_with(target / TOKENS_FILE):
            append_lines(target / TOKENS_FILE, *lines)


def draw_token() -> str:
    """A token at random: K7QM-2XTB-9HRD, of 32 letters each, so 60 bits."""
    groups = ("".join(secrets.choice(LETTERS) for _ in range(OF_EACH)) for _ in range(GROUPS))
    return "-".join(groups)


def _of_year(archive: Path, report_year: int) -> dict[str, str]:
    return {each.respondent_code: each.token for each in issued_tokens(archive) if each.report_year == report_year}
