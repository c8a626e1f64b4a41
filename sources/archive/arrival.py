"""By which way a file comes, and who sends it: noted in its receipt.

A channel is declared here with what people read for it; a receipt of a later version may name another, which stays as
it is. A sender is a code: of a respondent, or of the installation below that handed up; never an address.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sources.archive.archive import append_lines, json_lines

HANDED_UP_FILE = "handed_up.jsonl"


@dataclass(frozen=True, slots=True)
class Channel:
    """A way by which files come. `vouches`: who delivers by it has looked at whose each file is, so that no file has to
    prove it by its template's token."""

    code: str
    label: str
    vouches: bool = False


INBOX = Channel("inbox", "收件夹")
FOLDER = Channel("folder", "收件夹里单位自己的文件夹")
HAND_UP = Channel("hand_up", "下级的上交包", vouches=True)
MAIL = Channel("mail", "邮件")
CHANNELS = {each.code: each for each in (INBOX, FOLDER, HAND_UP, MAIL)}
MAIL_FOLDER = "邮件"
"""In the inbox: a folder a mail, with what hung on it (`mailbox.py`)."""
UNKNOWN_SENDER = "?"
"""The sender of a mail from an address that is nobody's."""


def channel_called(code: str | None) -> Channel:
    """The channel of a receipt; of one that is not known here, its code is all that is said. 0.1.0 noted none."""
    return INBOX if code is None else CHANNELS.get(code, Channel(code, code))


@dataclass(frozen=True, slots=True)
class Arrival:
    """How one file came: the code of the channel, and the sender as far as the channel tells."""

    channel: str = INBOX.code
    sender: str | None = None


@dataclass(frozen=True, slots=True)
class Senders:
    """What tells who sends a file: the folders of the inbox (`folder_key` of the name → respondent), what was handed up
    (content → installation), and the mails that were taken (folder and name of the file → respondent, if known)."""

    folders: Mapping[str, str] = field(default_factory=dict)
    handed_up: Mapping[str, str] = field(default_factory=dict)
    mailed: Mapping[tuple[str, str], str | None] = field(default_factory=dict)

    def arrival_of(self, path: Path, inbox: Path | None, submission_id: str) -> Arrival:
        """How a file came. Of folders within each other the outermost tells: who may write there is the sender."""
        if submission_id in self.handed_up:
            return Arrival(HAND_UP.code, self.handed_up[submission_id])
        around = path.relative_to(inbox).parts[:-1] if inbox and path.is_relative_to(inbox) else ()
        if around[:1] == (MAIL_FOLDER,) and (key := (around[-1], path.name)) in self.mailed:
            return Arrival(MAIL.code, self.mailed[key])
        sender = next((self.folders[key] for key in map(folder_key, around) if key in self.folders), None)
        return Arrival(INBOX.code if sender is None else FOLDER.code, sender)


def folder_key(name: str) -> str:
    """A folder's name as compared: full width is half width, blanks and capitals do not count."""
    return "".join(unicodedata.normalize("NFKC", name).split()).casefold()


@dataclass(frozen=True, slots=True)
class HandedUpFile:
    """A workbook of a bundle, when it was received: its content, the installation that handed it up, the release."""

    submission_id: str
    sender: str
    release: str
    received_at: str = ""
    """ISO 8601, UTC."""


def note_handed_up(archive: Path, files: list[HandedUpFile]) -> None:
    """Appends what a bundle held, with the time; before the files are put into the inbox."""
    moment = {"received_at": datetime.now(UTC).isoformat()}
    append_lines(archive / HANDED_UP_FILE, *({**asdict(each), **moment} for each in files))


def handed_up(archive: Path) -> dict[str, str]:
    """Content → the installation that handed it up first."""
    lines = (HandedUpFile(**line) for line in reversed(json_lines(archive / HANDED_UP_FILE)))
    return {each.submission_id: each.sender for each in lines}
