"""The store of every file ever received and of every decision of the bureau; it only ever grows.

`<archive>/ab/abcd….xlsx` holds a file's content; `abcd….receipts.jsonl` beside it says when it came and how it was
named.
`decisions.jsonl` holds what people decided (approved or refused explanations), `confirmations.jsonl` what they
confirmed before a release, `certificates.jsonl` that a respondent's people stand by a file, `closings.jsonl`
which years are closed for schools, `acceptances.jsonl` by which declarations a file was accepted, `declarations/` those
declarations, each under its fingerprint. A content is held against its name; each other file has a seal beside it
(`sources/system/seal.py`). From the archive alone the whole warehouse can be built again.
"""

import gzip
import json
import os
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from sources.system.faults import ToldError
from sources.system.fingerprint import sha256_of
from sources.system.seal import SEAL, broken_seal, is_sealed, seal
from sources.system.whole_file import PARTIAL, sync_folder, whole_file

DECISIONS_FILE = "decisions.jsonl"
RECEIPTS_SUFFIX = ".receipts.jsonl"
ACCEPTANCES_FILE = "acceptances.jsonl"
DECLARATIONS = "declarations"


@dataclass(frozen=True)
class Receipt:
    """One file as it came: its content's sha256 is the submission's id."""

    submission_id: str
    file_name: str
    size_bytes: int
    received_at: str
    """ISO 8601, UTC."""
    received_on: str
    """The day by the calendar of the installation, ISO 8601: freezing is judged by it, now and when rebuilding."""
    channel: str | None = None
    """By which way it came (`arrival.py`). None: it was not noted yet when the file came."""
    sender: str | None = None
    """Who sent it, as far as the channel tells: a code, never an address."""
    look: str | None = None
    """When the inbox was looked into, ISO 8601, UTC: what was found in one look came together. 0.1.0 noted none."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A file was accepted: by which declarations (their fingerprint), for whom and which year."""

    submission_id: str
    declarations: str
    respondent_code: str
    report_year: int


def store(data: bytes, archive: Path) -> str:
    """Writes the bytes under their sha256 and returns it; the file appears whole or not at all."""
    submission_id = sha256_of(data)
    target = archived_path(submission_id, archive)
    if not target.exists():
        with whole_file(target, mode=0o444) as partial:
            partial.write_bytes(data)
    return submission_id


def archived_path(submission_id: str, archive: Path) -> Path:
    return archive / submission_id[:2] / f"{submission_id}.xlsx"


class DamagedContentError(ToldError, OSError):
    """An archived file is not what was received. No fault of the school: the disk's, or somebody's who was there."""


def content_at(path: Path) -> bytes:
    """An archived file as it was received, held against its name.

    Raises DamagedContentError when it has changed since: it must come from a backup.
    """
    data = path.read_bytes()
    if sha256_of(data) != path.stem:
        raise DamagedContentError(f"存档的文件已不是收到时的内容：{path}。请从备份恢复它，再运行一次")
    return data


def archived_receipts(archive: Path) -> list[Receipt]:
    """Every receipt on file, in the order of receipt."""
    receipts = (_receipt(line) for path in archive.glob(f"??/*{RECEIPTS_SUFFIX}") for line in json_lines(path))
    return sorted(receipts, key=lambda receipt: (receipt.received_at, receipt.submission_id, receipt.file_name))


def receipts_of(archive: Path, submission_id: str) -> list[Receipt]:
    """The receipts of one content, in the order of receipt."""
    path = archived_path(submission_id, archive).with_suffix(RECEIPTS_SUFFIX)
    return [_receipt(line) for line in json_lines(path)]


def next_moment(archive: Path) -> datetime:
    """Now, or just after the last thing that was noted: a clock that is put back changes no order of arrival.

    That order is told by these times: what comes after a clock was ahead would be taken for older than what came then.
    """
    files = ((path, path.stat()) for path in archive.glob(f"??/*{RECEIPTS_SUFFIX}"))
    receipts = (_latest_in(path, stat.st_mtime_ns, stat.st_size) for path, stat in files)
    decisions = (_time(each["decided_at"]) for each in archived_decisions(archive) if "decided_at" in each)
    last = max((each for each in (*receipts, *decisions) if each), default=None)
    return max(utc_now(), last + timedelta(microseconds=1)) if last else utc_now()


@lru_cache(maxsize=2**17)
def _latest_in(path: Path, modified_ns: int, size: int) -> datetime | None:
    """The latest time in a file of receipts. Kept while the file stays the same: a desk asks at every file it takes."""
    receipts = [_receipt(line) for line in json_lines(path)]
    return max((_time(time) for each in receipts for time in (each.received_at, each.look) if time), default=None)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def utc_now() -> datetime:
    return datetime.now(UTC)


def archived_ids(archive: Path) -> set[str]:
    """The ids of everything that was ever received, by name alone."""
    return {path.name.removesuffix(RECEIPTS_SUFFIX) for path in archive.glob(f"??/*{RECEIPTS_SUFFIX}")}


def stored_ids(archive: Path) -> set[str]:
    """The ids of all contents in the archive. Reads file names only."""
    return {path.stem for path in archive.glob("??/*.xlsx")}


def damaged(archive: Path) -> list[Path]:
    """Archived files that are missing, or whose content has changed: they must come back from a backup."""
    paths = (archived_path(submission_id, archive) for submission_id in sorted(archived_ids(archive)))
    lost = [path for path in paths if not path.exists() or sha256_of(path.read_bytes()) != path.stem]
    notes = [path for path in notes_in(archive) if broken_seal(path, grows=grows(path)) or not _is_whole(path)]
    if archive / ACCEPTANCES_FILE in notes:
        return lost + notes
    named = sorted({acceptance.declarations for acceptance in archived_acceptances(archive).values()})
    files = (declarations_file(archive, name) for name in named)
    return lost + notes + [file for file in files if file not in notes and not _is_readable(file)]


def notes_in(archive: Path) -> list[Path]:
    """Every file of the archive that is no content: receipts, decisions, declarations and the like, by name.

    Also one that is gone and has left its seal.
    """
    if not archive.is_dir():
        return []
    found = {path for path in archive.rglob("*") if path.is_file() and PARTIAL not in path.name}
    noted = {path.with_name(path.name.removesuffix(SEAL)) for path in found if path.suffix in (".jsonl", ".gz", SEAL)}
    return sorted(noted)


def grows(note: Path) -> bool:
    """Whether lines are added to a file of the archive; others are written once."""
    return note.suffix == ".jsonl"


def seal_archive(archive: Path) -> int:
    """Seals what has no seal yet: 0.1.0 wrote none. Returns how many files those were."""
    unsealed = [path for path in notes_in(archive) if path.is_file() and not is_sealed(path)]
    for path in unsealed:
        seal(path, _whole_lines(path.read_bytes()) if grows(path) else None)
    return len(unsealed)


def _is_whole(note: Path) -> bool:
    """Whether a file of the archive is there and can be read."""
    if not note.is_file() or not grows(note):
        return _is_readable(note)
    try:
        json_lines(note)
    except DamagedContentError:
        return False
    return True


def _whole_lines(data: bytes) -> int:
    """How many bytes of a file of lines are whole lines; the rest was cut off by a crash."""
    return data.rfind(b"\n") + 1


def _is_readable(path: Path) -> bool:
    try:
        return bool(gzip.decompress(path.read_bytes()))  # gzip has a checksum
    except (OSError, EOFError, zlib.error):
        return False


def note_acceptances(archive: Path, acceptances: Sequence[Acceptance]) -> None:
    """Appends what was accepted; of a file that is there already, the first line counts."""
    if acceptances:
        append_lines(archive / ACCEPTANCES_FILE, *map(asdict, acceptances))


def archived_acceptances(archive: Path) -> dict[str, Acceptance]:
    """Submission → how it was accepted first. A file of 0.1.0 has none."""
    lines = json_lines(archive / ACCEPTANCES_FILE)
    return {line["submission_id"]: Acceptance(**line) for line in reversed(lines)}


def store_declarations(archive: Path, fingerprint: str, data: bytes) -> None:
    """Keeps declarations under their fingerprint; what is there already stays."""
    target = declarations_file(archive, fingerprint)
    if not target.exists():
        with whole_file(target, mode=0o444) as partial:
            partial.write_bytes(gzip.compress(data, mtime=0))
        seal(target)


def declarations_file(archive: Path, fingerprint: str) -> Path:
    """Where the archive has the declarations of a fingerprint, if it has them."""
    return archive / DECLARATIONS / f"{fingerprint}.json.gz"


def note_decision(archive: Path, decision: dict[str, Any]) -> None:
    """Appends a decision of the bureau, with the time."""
    note_decisions(archive, [decision])


def note_decisions(archive: Path, decisions: Sequence[dict[str, Any]]) -> None:
    """Appends decisions of the bureau, with the time: all or none."""
    if decisions:
        moment = {"decided_at": next_moment(archive).isoformat()}
        append_lines(archive / DECISIONS_FILE, *({**decision, **moment} for decision in decisions))


def archived_decisions(archive: Path) -> list[dict[str, Any]]:
    return json_lines(archive / DECISIONS_FILE)


def restore(
    archive: Path, target: Path, receipts: Sequence[dict[str, Any]], decisions: Sequence[dict[str, Any]]
) -> None:
    """Copies a part of an archive: these receipts, the contents that they name, and these decisions.

    How a file was accepted, and the declarations by which it was, go with it.
    """
    for receipt in receipts:
        store(content_at(archived_path(receipt["submission_id"], archive)), target)
        note_receipt(Receipt(**receipt), target)
    for decision in decisions:
        append_lines(target / DECISIONS_FILE, decision)
    copied = {receipt["submission_id"] for receipt in receipts}
    accepted = [each for each in archived_acceptances(archive).values() if each.submission_id in copied]
    note_acceptances(target, accepted)
    for fingerprint in sorted({each.declarations for each in accepted}):
        if (file := declarations_file(archive, fingerprint)).exists():
            store_declarations(target, fingerprint, gzip.decompress(file.read_bytes()))


def note_receipt(receipt: Receipt, archive: Path, instead_of: str | None = None, is_again: bool = False) -> Receipt:
    """The receipt for this content, name and sender. Notes one now if there is none.

    `instead_of` is the content that lay in its place before. Where that came later than this content did, this content
    was sent again: that is a receipt of its own. So is one that was put there again (`is_again`).
    """
    path = archived_path(receipt.submission_id, archive).with_suffix(RECEIPTS_SUFFIX)
    noted = [_receipt(line) for line in json_lines(path)]
    named = [each for each in noted if (each.file_name, each.sender) == (receipt.file_name, receipt.sender)]
    is_again = is_again and not any(each.look == receipt.look for each in named)  # noted before a crash
    if instead_of:
        is_again = is_again or _last_of(archive, instead_of) > max((each.received_at for each in noted), default="")
    if named and not is_again:
        return named[0]
    append_lines(path, asdict(receipt))
    return receipt


def _last_of(archive: Path, submission_id: str) -> str:
    """When a content was received last; nothing if never."""
    return max((each.received_at for each in receipts_of(archive, submission_id)), default="")


def _receipt(line: dict[str, Any]) -> Receipt:
    """A line of a receipts file; the first ones had no day."""
    return Receipt(**{"received_on": line["received_at"][:10], **line})


def json_lines(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a file; a last line that was cut off by a crash is left out.

    Raises DamagedContentError, which names file and line, for one that is no such line.
    """
    if not path.exists():
        return []
    lines = []
    for number, line in enumerate(path.read_bytes().split(b"\n")[:-1], 1):
        try:
            lines += [json.loads(line)] if line else []
        except ValueError as error:
            raise DamagedContentError(
                f"存档的文件已不是写入时的内容：{path} 第 {number} 行。请从备份恢复它，再运行一次"
            ) from error
    return lines


def append_lines(path: Path, *lines: dict[str, Any]) -> None:
    """Adds lines and seals the file. Overwrites the rest of a line that a crash left half written.

    A file that is not as it was sealed gets the lines but no new seal: the damage stays to be seen.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    is_broken = path.exists() and broken_seal(path, grows=True) is not None
    with path.open("a+b") as file:
        file.seek(0)
        before = file.read()
        if not is_broken:
            file.truncate(_whole_lines(before))
        elif not before.endswith(b"\n"):
            file.write(b"\n")
        file.write(b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines))
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)
    if not is_broken:
        seal(path, _whole_lines(path.read_bytes()))
