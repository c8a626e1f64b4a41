"""A file that comes in parts, so that a broken line costs a part and not the whole: what has arrived waits here.

The browser names the transfer and says where a part begins; the desk answers how much it has. As the draft standard
for resumable uploads does, with its headers' names (draft-ietf-httpbis-resumable-upload).
"""

import time
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from orchestration.desk.installed import desk_folder
from orchestration.desk.models import Account
from sources.system.access import private_folder
from sources.system.disk import full_disk

PARTS = "parts"
MOST_BEGUN = 3
"""Transfers of an account that are not at their end: who begins a fourth gives up the oldest."""
KEPT_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class UploadPart:
    """A piece of a file: of which transfer, beginning at which byte of how many."""

    transfer: UUID
    offset: int
    whole: int
    data: bytes


def put_part(account: Account, part: UploadPart) -> int:
    """Adds a part to what has arrived of its file, and returns how many bytes there are now.

    A part that does not begin where the file ends so far, or would make it longer than it is to be, changes nothing:
    the answer says from where to go on. Raises FullDiskError.
    """
    path = _path(account, part.transfer)
    if not path.exists():
        _make_room(account)
    arrived = path.stat().st_size if path.exists() else 0
    if part.offset != arrived or arrived + len(part.data) > part.whole:
        return arrived
    try:
        with path.open("ab") as file:
            file.write(part.data)
    except OSError as error:
        raise full_disk(error, path.parent) or error from error
    return arrived + len(part.data)


def take_whole(account: Account, transfer: UUID) -> bytes:
    """The file of a transfer that has arrived whole; it does not wait here any more."""
    path = _path(account, transfer)
    data = path.read_bytes()
    path.unlink()
    return data


def _path(account: Account, transfer: UUID) -> Path:
    return private_folder(desk_folder() / PARTS) / f"{account.pk}-{transfer}"


def _make_room(account: Account) -> None:
    """Forgets what nobody goes on with: everybody's of a day ago, and of this account all but the newest."""
    folder, now = private_folder(desk_folder() / PARTS), time.time()
    begun = sorted((each.stat().st_mtime, each) for each in folder.iterdir())
    own = [each for _, each in begun if each.name.startswith(f"{account.pk}-")]
    old = [each for changed, each in begun if now - changed > KEPT_SECONDS]
    for each in {*old, *own[: -(MOST_BEGUN - 1)]}:
        each.unlink(missing_ok=True)
