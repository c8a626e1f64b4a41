"""Certificates: that a respondent's people stand by a file which was received, and the number under which they do.

Kept in the archive, never changed. A certificate is of one file's bytes: another version of the year needs its own.
The number (回执编号) runs within the report year and is given to nothing else afterwards.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

from sources.archive.alone import alone_with
from sources.archive.archive import append_lines, archived_path, json_lines
from sources.system.faults import ToldError
from sources.system.plain_text import legible

CERTIFICATES_FILE = "certificates.jsonl"
Role = Literal["filled_by", "reviewed_by", "head"]
ROLES: tuple[Role, ...] = get_args(Role)
ROLE_LABELS: dict[Role, str] = {"filled_by": "填报人", "reviewed_by": "审核人", "head": "校长"}
LONGEST_NAME = 40
DIGITS = 4


@dataclass(frozen=True, slots=True)
class Signature:
    """Who stands by a file: in which role, under which name, by which account, and since when (ISO 8601, UTC)."""

    role: Role
    name: str
    account: str
    signed_at: str


@dataclass(frozen=True, slots=True)
class Certificate:
    """That people stand by a submission. `number`: 2023-451200-0007, of year, installation and the year's count.

    `signatures`: one a role, in the order of ROLES. `certified_at`: ISO 8601, UTC.
    """

    number: str
    submission_id: str
    respondent_code: str
    report_year: int
    signatures: tuple[Signature, ...]
    certified_at: str


class CertificateError(ToldError):
    """A file cannot be certified: the message says why and what to do, in Chinese."""


def certify(
    archive: Path,
    submission_id: str,
    respondent_code: str,
    report_year: int,
    issuer: str,
    signatures: Sequence[Signature],
) -> Certificate:
    """Notes the certificate with the next number of the year; `issuer` is the installation's code, a part of it.

    Asked again for the same file by the same people, the certificate that is there. Safe under several processes.
    Raises CertificateError where the archive lacks the file, a role is not signed for, or others have certified it.
    """
    ordered = _in_order(signatures)
    if not archived_path(submission_id, archive).exists():
        raise CertificateError(f"存档里没有这份文件（{submission_id[:8]}），不能确认。请先报送，收到后再确认。")
    with alone_with(archive / CERTIFICATES_FILE):
        known = archived_certificates(archive)
        if there := next((each for each in known if each.submission_id == submission_id), None):
            if _people(there.signatures) == _people(ordered):
                return there
            raise CertificateError(f"这份文件已经确认过，回执编号 {there.number}。要改确认人，请改好文件重新报送。")
        made = Certificate(
            _next_number(known, report_year, issuer),
            submission_id,
            respondent_code,
            report_year,
            ordered,
            datetime.now(UTC).isoformat(),
        )
        append_lines(archive / CERTIFICATES_FILE, asdict(made))
    return made


def archived_certificates(archive: Path) -> list[Certificate]:
    """Every certificate, in the order in which they were made."""
    return [_certificate(line) for line in json_lines(archive / CERTIFICATES_FILE)]


def certificate_of(archive: Path, submission_id: str) -> Certificate | None:
    """The certificate of a file; None where nobody stands by these bytes."""
    return next((each for each in archived_certificates(archive) if each.submission_id == submission_id), None)


def _in_order(signatures: Sequence[Signature]) -> tuple[Signature, ...]:
    """One signature a role, names legible. Raises CertificateError."""
    by_role = {each.role: each for each in signatures if legible(each.name).strip()}
    lacking = [ROLE_LABELS[role] for role in ROLES if role not in by_role]
    if lacking:
        raise CertificateError(f"还没有{'、'.join(lacking)}的姓名，不能确认。请填好后再确认。")
    if len(signatures) != len(ROLES):
        raise CertificateError("填报人、审核人、校长各确认一次，不能多。")
    if too_long := [each for each in signatures if len(each.name.strip()) > LONGEST_NAME]:
        raise CertificateError(f"{ROLE_LABELS[too_long[0].role]}的姓名超过 {LONGEST_NAME} 个字，请改正。")
    return tuple(
        Signature(role, legible(by_role[role].name).strip(), by_role[role].account, by_role[role].signed_at)
        for role in ROLES
    )


def _people(signatures: Sequence[Signature]) -> list[tuple[Role, str]]:
    return [(each.role, each.name) for each in signatures]


def _next_number(known: Sequence[Certificate], report_year: int, issuer: str) -> str:
    """The year's next number. Counted from the highest, so that none comes again even if a line is lost."""
    used = [int(each.number.rpartition("-")[2]) for each in known if each.report_year == report_year]
    return f"{report_year}-{issuer}-{max(used, default=0) + 1:0{DIGITS}}"


def _certificate(line: dict[str, Any]) -> Certificate:
    return Certificate(**{**line, "signatures": tuple(Signature(**each) for each in line["signatures"])})
