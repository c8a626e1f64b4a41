"""The store of every file ever received and of every decision of the bureau; it only ever grows.

`<archive>/ab/abcd….xlsx` holds a file's content; `abcd….receipts.jsonl` beside it says when it came and how it was
named.
`decisions.jsonl` holds what people decided (approved or refused explanations). From the archive alone the whole
warehouse can be built again.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sources.system.fingerprint import sha256_of
from sources.system.whole_file import sync_folder, whole_file

DECISIONS_FILE = "decisions.jsonl"
RECEIPTS_SUFFIX = ".receipts.jsonl"


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


def archived_receipts(archive: Path) -> list[Receipt]:
    """Every receipt on file, in the order of receipt."""
    receipts = (_receipt(line) for path in archive.glob(f"??/*{RECEIPTS_SUFFIX}") for line in _json_lines(path))
    return sorted(receipts, key=lambda receipt: (receipt.received_at, receipt.submission_id, receipt.file_name))


def archived_ids(archive: Path) -> set[str]:
    """The ids of everything that was ever received, by name alone."""
    return {path.name.removesuffix(RECEIPTS_SUFFIX) for path in archive.glob(f"??/*{RECEIPTS_SUFFIX}")}


def stored_ids(archive: Path) -> set[str]:
    """The ids of all contents in the archive. Reads file names only."""
    return {path.stem for path in archive.glob("??/*.xlsx")}


def damaged(archive: Path) -> list[Path]:
    """Archived files that are missing, or whose content has changed: they must come back from a backup."""
    paths = (archived_path(submission_id, archive) for submission_id in sorted(archived_ids(archive)))
    return [path for path in paths if not path.exists() or sha256_of(path.read_bytes()) != path.stem]


def note_decision(archive: Path, decision: dict[str, Any]) -> None:
    """Appends a decision of the bureau, with the time."""
    _append(archive / DECISIONS_FILE, {**decision, "decided_at": datetime.now(UTC).isoformat()})


def archived_decisions(archive: Path) -> list[dict[str, Any]]:
    return _json_lines(archive / DECISIONS_FILE)


def restore(
    archive: Path, target: Path, receipts: Sequence[dict[str, Any]], decisions: Sequence[dict[str, Any]]
) -> None:
    """Copies a part of an archive: these receipts, the contents that they name, and these decisions."""
    for receipt in receipts:
        store(archived_path(receipt["submission_id"], archive).read_bytes(), target)
        note_receipt(Receipt(**receipt), target)
    for decision in decisions:
        _append(target / DECISIONS_FILE, decision)


def note_receipt(receipt: Receipt, archive: Path) -> Receipt:
    """The receipt for this content and name. Notes one now if there is none."""
    path = archived_path(receipt.submission_id, archive).with_suffix(RECEIPTS_SUFFIX)
    for line in _json_lines(path):
        if line["file_name"] == receipt.file_name:
            return _receipt(line)
    _append(path, asdict(receipt))
    return receipt


def _receipt(line: dict[str, Any]) -> Receipt:
    """A line of a receipts file; the first ones had no day."""
    return Receipt(**{"received_on": line["received_at"][:10], **line})


def _json_lines(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a file; a last line that was cut off by a crash is left out."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1] if line]


def _append(path: Path, line: dict[str, Any]) -> None:
    """Adds a line. Overwrites the rest of a line that a crash left half written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        file.seek(0)
        file.truncate(file.read().rfind(b"\n") + 1)
        file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)
