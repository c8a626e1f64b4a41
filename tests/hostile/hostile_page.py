"""docs/hostile.md: every kind of hostile file and what becomes of it, and every hostile text in every form of output.

`python -m tests.hostile.hostile_page` measures and writes it. A test holds the kinds, outcomes and texts against the
page; seconds and MB are of the machine that measured them last.
"""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sources.check_workbook import check_workbook
from sources.handle import ToMark, _mark
from sources.system.apart import Exceeded, each_apart
from sources.system.plain_text import as_markdown, as_text, as_typst, cut_short, legible, plain
from sources.system.settings import PROJECT_ROOT, Limits
from tests.hostile.books import CITY
from tests.hostile.kinds import ACCEPTED, KINDS, REFUSED, REJECTED, Kind
from tests.support.hostile_texts import HOSTILE
from warehouse.catalogue.markdown import table_lines

PAGE = PROJECT_ROOT / "docs" / "hostile.md"
OF_THE_SAMPLE = {"outcomes.industries_add_up"}
"""What the unchanged sample is told."""
SHOWN = 60
FORMS: dict[str, Callable[[str], str]] = {
    "terminal, site, Word, xlsx": legible,
    "CSV": as_text,
    "Dagster, memo": as_markdown,
    "chat, mail": plain,
    "PDF (typst)": as_typst,
}
INTRODUCTION = """# Hostile files and texts

<!-- written by `python -m tests.hostile.hostile_page` -->

What somebody could send to do harm, and what becomes of it. Each file is made by `tests/hostile/kinds.py` and handled
as `nianbao check` and a run handle it: read, judged and marked in a process of its own. *refused*: it is not opened;
*rejected*: it is read, and goes back with errors; *accepted*: what it holds beside its values does nothing. Whatever
becomes of it, the other schools' files are read, judged and published by the same run
(`tests/hostile/test_kinds.py` takes in all of them at once, `tests/hostile/test_quarantine.py` those on which a process
dies), and the run ends with exit code 4 as long as a file that was not read lies in the inbox.
"""


@dataclass(frozen=True)
class Outcome:
    """What became of a file; `seconds` of a processor, `megabytes` beyond those at rest; both with marking."""

    becomes: str
    rules: frozenset[str]
    read: str
    seconds: float
    megabytes: int


def handle(name: str) -> Outcome:
    """Reads, judges and marks a file of the kind of that name, in the worker."""
    kind = next(kind for kinds in KINDS.values() for kind in kinds if kind.name == name)
    data = kind.build()
    Path("/proc/self/clear_refs").write_text("5")
    before = _megabytes("VmRSS")
    begun = time.process_time()
    checked = check_workbook(data, kind.file_name, CITY, Limits())
    errors = [finding for finding in checked.findings if finding.is_error]
    is_refused = any(finding.says_unreadable for finding in errors)
    _mark(ToMark(None if is_refused else data, checked.findings, "标题"), Limits())
    seconds = time.process_time() - begun
    told = [f for f in checked.findings if f.rule_id not in OF_THE_SAMPLE]
    of_kind = next((f for f in told if f.rule_id == kind.tells), next(iter(errors), next(iter(told), None)))
    return Outcome(
        REFUSED if is_refused else REJECTED if errors else ACCEPTED,
        frozenset(finding.rule_id for finding in told),
        of_kind.message if of_kind else "",
        seconds,
        _megabytes("VmHWM") - before,
    )


def _megabytes(name: str) -> int:
    """Of this process, by the kernel's name for it."""
    found = re.search(rf"{name}:\s+([0-9]+)", Path("/proc/self/status").read_text())
    return int(found[1]) // 1024 if found else 0


def outcomes(kinds: list[Kind]) -> Iterator[Outcome]:
    """What becomes of files, each within the limits of every file. A process that dies is what must not be."""
    for kind, outcome in zip(kinds, each_apart(handle, [kind.name for kind in kinds], Limits()), strict=True):
        if isinstance(outcome, Exceeded):
            raise AssertionError(f"{kind.name}: {outcome.told(Limits())}")
        yield outcome


def declared(kind: Kind) -> tuple[str, str, str, str]:
    """The columns of a kind that are not measured."""
    return kind.name, _markdown(kind.about), kind.becomes, kind.tells


def _markdown(text: str) -> str:
    """As one cell: `table_lines` protects the bar itself."""
    return as_markdown(text).replace("\\|", "|")


def texts_table() -> list[str]:
    rows = [(_code(text), *(_code(form(text)) for form in FORMS.values())) for text in HOSTILE]
    return list(table_lines(("text", *FORMS), rows))


def page() -> str:
    """The whole page, measured now."""
    parts = [INTRODUCTION]
    for group, kinds in KINDS.items():
        measured = outcomes(list(kinds))
        rows = [
            (*declared(kind), _markdown(cut_short(each.read, SHOWN)), f"{each.seconds:.1f}", str(each.megabytes))
            for kind, each in zip(kinds, measured, strict=True)
        ]
        head = ("file", "what it is", "becomes", "rule", "the sender reads", "CPU s", "MB more")
        parts.append("\n".join((f"## {group}", "", *table_lines(head, rows), "")))
    parts.append("\n".join(("## Mails", "", ABOUT_MAILS, "", *table_lines(("mail", "becomes"), MAILS.items()))))
    parts.append("\n".join((TEXTS, *texts_table(), "")))
    return "\n".join(parts)


ABOUT_MAILS = (
    "`tests/mail/test_opened.py` makes them: each is taken apart in a process of its own, and whatever it holds,"
    " the next one is taken."
)
MAILS = {
    "3,000 parts within each other; no boundary; bytes at random": "a mail of which the head is known, or nothing",
    "larger than `largest_mb`": "not fetched; its sender is told",
    "a zip of more than 200 MB unpacked, of more than 300 files, or six deep in others": "not unpacked; told",
    "a zip with a password, rar, 7z": "not taken; told what to send instead",
    "more workbooks than `attachments`": "the first ones taken; the rest told",
    "an attachment `../../etc/passwd.xlsx`, `~$a.xlsx`, of 300 letters, with line ends": "a name without any of it",
    "names by RFC 2047 where it may not stand, raw GBK, a character cut in two": "read as their sender saw them",
    "line ends in a name, subject or id": "no second line in the head of our answer",
    "HTML, scripts": "its words",
    "another's address, an address that is nobody's": "held, and asked; the answer tells nothing of the workbook",
    "a program's answer, a mailing list, an empty Return-Path, our own mail": "never answered",
    "a program that answers every answer and says nothing of itself": "ten answers a day, then none",
    "a bounce with our own workbook": "read as a bounce; the workbook is not taken",
}
"""Mails that `tests/mail` makes, and what becomes of them."""
TEXTS = """## Texts

Every text goes through every output in `tests/hostile/test_sinks.py`: Dagster's Markdown, memos, HTML, terminal, JSON,
CSV, new and marked workbooks, Word, typst, three chat robots, webhook, mail, names of files, refused addresses. This is
as what it comes out where a function of ours makes it harmless; HTML, workbooks and Word have a library that escapes.
"""


def _code(text: str) -> str:
    """A text as a Markdown cell that shows it as it is."""
    return _markdown(cut_short(ascii(text) if text != legible(text) else text, SHOWN))


if __name__ == "__main__":
    from tests.hostile.hostile_page import page as written  # under the name by which the worker finds `handle`

    PAGE.write_text(written(), encoding="utf-8")
