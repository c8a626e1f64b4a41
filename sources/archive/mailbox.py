"""The mails that were taken and those that were posted, as the archive keeps them: lines are added, none is changed.

Of a mail that came: who sent it, when, its subject and ids, the files that hung on it, what bounced. Of one that went
out: its id, what it was about, what became of it. Addresses stand here and nowhere else: nothing of this is published.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from sources.archive.archive import append_lines, json_lines

MAILS_FILE = "mails.jsonl"
POSTED_FILE = "mail_out.jsonl"
PostedKind = Literal["template", "marked", "notice", "reminder", "answer", "digest"]
PostedState = Literal["sending", "sent", "refused", "later"]
"""`sending`: handed to the server, and nobody knows whether it took it; `later`: not now, it may be tried again."""


@dataclass(frozen=True, slots=True)
class MailPlace:
    """Where a mail lies on its server: the mailbox, and the two numbers that name a mail there (RFC 3501)."""

    box: str
    uid_validity: int
    uid: int


@dataclass(frozen=True, slots=True)
class MailedFile:
    """A workbook that hung on a mail: its name in the mail's folder of the inbox, its content, and who sent it:
    a respondent's code, UNKNOWN_SENDER, or None where no addresses are declared."""

    name: str
    submission_id: str
    sender: str | None = None


@dataclass(frozen=True, slots=True)
class Undelivered:
    """An address that a mail of ours did not reach: why, in Chinese, what the server said, and that mail's id."""

    address: str
    reason: str
    said: str = ""
    original: str = ""
    is_final: bool = True


@dataclass(frozen=True, slots=True)
class TakenMail:
    """A mail that came. `identity` tells it from every other; `folder` is that of its files below the inbox's mails.

    `respondent_code` is whose address it came from; `automatic` says why it is not answered, in Chinese; `remarks` what
    of it was not taken; `suspect` why it is perhaps not of its sender: then nothing of it was
    taken, and nobody answers it. `taken_at`: ISO 8601, UTC; `sent_at` as its sender says.
    """

    identity: str
    place: MailPlace
    message_id: str
    sender: str
    respondent_code: str | None
    subject: str
    sent_at: str
    taken_at: str
    taken_on: str
    folder: str
    automatic: str = ""
    files: tuple[MailedFile, ...] = ()
    remarks: tuple[str, ...] = ()
    bounces: tuple[Undelivered, ...] = ()
    answers: tuple[str, ...] = ()
    text: str = ""
    suspect: str = ""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Everything that is noted about mails that came. `done` has the places of which nothing is left to do, `whole` the
    identities of mails of which all is in the inbox, `settled` what somebody has dealt with (identity → who)."""

    mails: Mapping[str, TakenMail] = field(default_factory=dict)
    done: frozenset[MailPlace] = frozenset()
    whole: frozenset[str] = frozenset()
    settled: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Posted:
    """A mail of ours. `content` is the letter's key (sent.py), `about` the mail that it answers; `batch` and `by` are
    as in `Sent`. `refused` are addresses that the server did not take, with its reason. `at`: ISO 8601, UTC."""

    message_id: str
    kind: PostedKind
    respondent_code: str | None
    report_year: int | None
    content: str
    batch: str
    by: str
    state: PostedState
    at: str = ""
    about: str = ""
    reason: str = ""
    refused: tuple[tuple[str, str], ...] = ()
    enclosed: tuple[str, ...] = ()
    """The contents of the files that went with it (sha256): what comes back unchanged is known."""

    @property
    def is_letter(self) -> bool:
        """Whether it is a letter to a respondent about a year; else an answer to a mail, or the bureau's own digest."""
        return self.kind not in ("answer", "digest")


def note_mail(archive: Path, mail: TakenMail) -> None:
    """Notes a mail before its files are put into the inbox."""
    append_lines(archive / MAILS_FILE, {"what": "mail"} | asdict(mail))


def note_done(archive: Path, place: MailPlace, identity: str) -> None:
    """Notes that everything of a mail is in the inbox: it is never taken again."""
    append_lines(archive / MAILS_FILE, {"what": "done", "identity": identity} | asdict(place))


def note_settled(archive: Path, identities: Iterable[str], by: str) -> None:
    """Notes that somebody has dealt with what mails asked or told."""
    moment = datetime.now(UTC).isoformat()
    append_lines(
        archive / MAILS_FILE,
        *({"what": "settled", "identity": each, "by": by, "at": moment} for each in identities),
    )


def read_mailbox(archive: Path) -> Mailbox:
    """Everything that is noted; of a mail that was noted twice, the first note."""
    mails: dict[str, TakenMail] = {}
    done: set[MailPlace] = set()
    whole: set[str] = set()
    settled: dict[str, str] = {}
    for line in json_lines(archive / MAILS_FILE):
        match line["what"]:
            case "mail":
                mails.setdefault(line["identity"], _mail(line))
            case "done":
                done.add(MailPlace(line["box"], line["uid_validity"], line["uid"]))
                whole.add(line["identity"])
            case "settled":
                settled[line["identity"]] = line["by"]
    return Mailbox(mails, frozenset(done), frozenset(whole), settled)


def _mail(line: Mapping[str, Any]) -> TakenMail:
    return TakenMail(
        **{name: value for name, value in line.items() if name not in ("what", "place", "files", "bounces")}
        | {name: tuple(line[name]) for name in ("remarks", "answers")},
        place=MailPlace(**line["place"]),
        files=tuple(MailedFile(**each) for each in line["files"]),
        bounces=tuple(Undelivered(**each) for each in line["bounces"]),
    )


def mailed_files(archive: Path) -> dict[tuple[str, str], str | None]:
    """(Folder, name) of each file that came by mail → who sent it."""
    mails = read_mailbox(archive).mails.values()
    return {(mail.folder, file.name): file.sender for mail in mails for file in mail.files}


def note_posted(archive: Path, posted: Posted) -> None:
    """Appends what a mail of ours is about and what became of it, with the time; its last line counts."""
    append_lines(archive / POSTED_FILE, asdict(posted) | {"at": datetime.now(UTC).isoformat()})


def read_posted(archive: Path) -> list[Posted]:
    """Our mails in the order in which they were begun, each as it was noted last."""
    last: dict[str, Posted] = {}
    for line in json_lines(archive / POSTED_FILE):
        refused: Sequence[Sequence[str]] = line["refused"]
        read = {"refused": tuple((each[0], each[1]) for each in refused), "enclosed": tuple(line["enclosed"])}
        last[line["message_id"]] = Posted(**line | read)
    return list(last.values())
