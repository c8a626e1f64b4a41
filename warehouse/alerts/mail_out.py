"""A batch of letters as somebody sends them: a folder a district, one zip, and a list for mail merge.

`<outbox>/<batch>/<district>/` has a text for each respondent and what goes with it; `发送名单.csv` names for each the
address, subject, text and files; `公共附件/` has what goes to all. A batch is written whole or not at all, and waits
until somebody notes that it was sent.
"""

import functools
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from sources.archive.sent import LetterKind, Sent, archived_sent, note_sent
from sources.submission.file_names import as_file_name
from sources.system.access import private_folder
from sources.system.csv_file import write_csv
from sources.system.faults import OneByOne
from sources.system.fixed_zip import write_zip
from sources.system.settings import Settings
from sources.system.whole_file import PARTIAL
from warehouse.alerts.letters import Letter

LIST = "发送名单.csv"
FOR_ALL = "公共附件"
INDEX = ".letters.json"
HEADINGS = ("学校", "地区", "联系人", "邮箱", "主题", "正文", "文件")
KINDS: dict[LetterKind, str] = {"template": "模板", "marked": "退回件", "notice": "没有采用", "reminder": "催报"}


class BatchError(ValueError):
    """The batch that somebody names is none, or was noted as sent before; the text says which, in Chinese."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What was written: a folder and a zip beside it; `without_address` are the respondents without one."""

    name: str
    folder: Path
    archive: Path
    letters: Sequence[Letter]
    without_address: tuple[str, ...]


def write_batch(
    settings: Settings,
    letters: Sequence[Letter],
    for_all: Mapping[int, Sequence[Path]],
    one_by_one: OneByOne | None = None,
) -> Batch:
    """Writes the letters as the next batch of today; `for_all`: report year → files that go with each of its templates.

    With `one_by_one` a letter that fails is noted there, and is none of the batch; without, whatever fails is raised.

    Raises OSError when the disk does.
    """
    one = one_by_one or OneByOne(is_strict=True)
    outbox = private_folder(settings.outbox)
    name = _next_name(outbox, settings.today)
    partial = outbox / f".{name}.{os.getpid()}{PARTIAL}"
    zipped = outbox / f".{name}.{os.getpid()}.zip{PARTIAL}"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700)
    try:
        shared = {year: [_copied(path, partial / FOR_ALL) for path in paths] for year, paths in for_all.items()}
        rows, put = [], []
        for letter in letters:
            named = f"{letter.respondent_name} {letter.report_year}年的信"
            if row := one.do(named, functools.partial(_put, letter, partial, shared)):
                rows.append(row)
                put.append(letter)
        letters = put
        write_csv([HEADINGS, *rows], partial / LIST)
        write_zip((path for path in partial.rglob("*") if path.is_file()), partial, zipped)
        index = json.dumps([_key(each) for each in letters], ensure_ascii=False)
        (partial / INDEX).write_text(index, encoding="utf-8")
        zipped.replace(outbox / f"{name}.zip")
        partial.rename(outbox / name)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        zipped.unlink(missing_ok=True)
    without = tuple(dict.fromkeys(each.respondent_name for each in letters if not (each.to and each.to.mail)))
    return Batch(name, outbox / name, outbox / f"{name}.zip", letters, without)


def _next_name(outbox: Path, today: date) -> str:
    """The day and a number: 2026-11-29_1."""
    numbers = [int(path.name.rpartition("_")[2]) for path in outbox.glob(f"{today}_*") if path.is_dir()]
    return f"{today}_{max(numbers, default=0) + 1}"


def _put(letter: Letter, folder: Path, shared: Mapping[int, Sequence[str]]) -> Sequence[str]:
    """Writes one letter's text and file; returns its row of the list. Two of one name are told apart by their codes."""
    district = folder / as_file_name(letter.district)
    district.mkdir(exist_ok=True)
    stem = as_file_name(f"{letter.respondent_name}_{letter.respondent_code}_{letter.report_year}{KINDS[letter.kind]}")
    (district / f"{stem}.txt").write_text(f"{letter.subject}\n\n{letter.body}\n", encoding="utf-8-sig")
    files = list(shared.get(letter.report_year, ())) if letter.kind == "template" else []
    if letter.file:
        files.insert(0, _copied(letter.file, district))
    named = letter.to.name if letter.to else ""
    mail = ";".join(letter.to.mail) if letter.to else ""
    return (letter.respondent_name, letter.district, named, mail, letter.subject, letter.body, ";".join(files))


def _copied(path: Path, folder: Path) -> str:
    """The copy's path below the batch."""
    folder.mkdir(exist_ok=True)
    shutil.copyfile(path, folder / path.name)
    return f"{folder.name}/{path.name}"


def waiting_batch(settings: Settings) -> str | None:
    """The last batch that was written, unless it was noted as sent. It has all that waits, so no earlier one does."""
    last = max(_batches(settings), key=_in_order, default=None)
    noted = {each.batch for each in archived_sent(settings.archive)}
    return None if last in noted else last


def same_as_waiting(settings: Settings, letters: Sequence[Letter]) -> str | None:
    """The batch that waits to be sent, if it has just these letters."""
    waiting = waiting_batch(settings)
    return waiting if waiting and _index(settings, waiting) == [_key(each) for each in letters] else None


def _batches(settings: Settings) -> list[str]:
    return [path.parent.name for path in settings.outbox.glob(f"[!.]*/{INDEX}")]


def _index(settings: Settings, batch: str) -> list[list[Any]]:
    found: list[list[Any]] = json.loads((settings.outbox / batch / INDEX).read_text("utf-8"))
    return found


def _key(letter: Letter) -> list[Any]:
    return [letter.kind, letter.report_year, letter.respondent_code, letter.content]


def _in_order(name: str) -> tuple[str, int]:
    day, _, number = name.rpartition("_")
    return day, int(number)


def note_batch(settings: Settings, name: str | None, by: str) -> tuple[str, tuple[Sent, ...]]:
    """Notes that a batch was sent, the last that waits where none is named.

    Returns its name and what was noted. Raises BatchError when there is none such, or it was noted before.
    """
    batch = name or waiting_batch(settings)
    if batch is None:
        raise BatchError("没有等着发出的批次；先运行 nianbao mail-out 写出一批。")
    if batch not in _batches(settings):
        raise BatchError(f"没有批次 {batch}；见 {settings.outbox}")
    if any(each.batch == batch for each in archived_sent(settings.archive)):
        raise BatchError(f"{batch} 已经记为发出，不用再记。")
    sent = tuple(_sent_of(settings, batch, by))
    note_sent(settings.archive, sent)
    return batch, sent


def take_back(settings: Settings, batch: str, by: str, only: Sequence[str] = ()) -> tuple[Sent, ...]:
    """Notes that a batch was not sent after all, or not to some (`only`); returns the letters that wait again.

    Raises BatchError when nothing of it was noted as sent.
    """
    noted = [each for each in archived_sent(settings.archive) if each.batch == batch]
    back = tuple(replace(each, was_sent=False, by=by) for each in noted if not only or each.respondent_code in only)
    if not back:
        raise BatchError(f"{batch} 没有记为发出过，不用取消。")
    note_sent(settings.archive, back)
    return back


def _sent_of(settings: Settings, batch: str, by: str) -> Iterator[Sent]:
    for kind, year, code, content in _index(settings, batch):
        yield Sent(kind, year, code, content, batch, by, settings.today.isoformat())


def as_json(batch: Batch) -> dict[str, object]:
    """For programs."""
    letters = [asdict(each) | {"file": each.file and str(each.file)} for each in batch.letters]
    return {"batch": batch.name, "folder": str(batch.folder), "zip": str(batch.archive), "letters": letters}
