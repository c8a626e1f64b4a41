"""Writes what a new year changes in a city's folder, whole or not at all, and takes it back."""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from sources.declarations.changes import CHANGES_FILE
from sources.declarations.city import City, read_city
from sources.declarations.new_year import (
    PROPOSED,
    YearPlan,
    calendar_entry,
    days_off,
)
from sources.declarations.problem import Problem, shown_path
from sources.declarations.undecided import UNDECIDED_FILE
from sources.declarations.yaml_lines import with_items, with_year, without_entries, without_year
from sources.system.faults import ToldError
from sources.system.fingerprint import sha256_of
from sources.system.together import put, read_if_there, replace_together
from sources.system.whole_file import whole_file

CALENDAR_FILE = "calendar.yml"
JOURNAL, FOLDER = "journal.json", "new_year"
KEYS = {
    "respondents.yml": "respondents",
    "targets.yml": "targets",
    UNDECIDED_FILE: "undecided",
    CHANGES_FILE: "changes",
}
"""File → the key of its list, in the order of writing."""
NEW_FILES = {
    UNDECIDED_FILE: "# 新年度还没有定的事项，由 nianbao new-year 写。定了一项，就删去那一行；"
    "nianbao check-city 和每次运行都会提醒。\nundecided:\n",
    CHANGES_FILE: "# 变更：每项一行，从哪个报告年度起。写法见 docs/reference/city/changes.yml.md。\nchanges:\n",
    "targets.yml": "# 目标：本市宣布下一年要达到的增量。\ntargets:\n",
}
"""How a file begins that was not there."""
NOTHING: Mapping[str, tuple[str, ...]] = {}
Check = Callable[[Path], Sequence[Problem]]


class NewYearError(ToldError):
    """A new year cannot be opened or taken back."""


@dataclass(slots=True)
class Journal:
    """What opening a year has written: it lies in the home, so that the year can be opened again or taken back."""

    report_year: int
    entries: dict[str, list[str]] = field(default_factory=dict)
    """File → the entries that were put into it."""
    planned: dict[str, list[str]] = field(default_factory=dict)
    """Entries that were about to be put in; where there are any, a crash has left open whether they are."""
    created: list[str] = field(default_factory=list)
    """Files that were not there before."""
    made: dict[str, str] = field(default_factory=dict)
    """Path of a template, letter … → its fingerprint."""


def opening_folder(home: Path, report_year: int) -> Path:
    """Where all that belongs to the opening of a year lies."""
    return home / FOLDER / str(report_year)


def form_of(home: Path, report_year: int) -> Path:
    """The year's form: as we have written it, or as somebody has filled it in."""
    return opening_folder(home, report_year) / f"{report_year}年度开年事项.xlsx"


def read_journal(folder: Path, report_year: int) -> Journal | None:
    """The journal of a year; None when it was not opened by us."""
    path = folder / JOURNAL
    if not path.exists():
        return None
    return Journal(
        report_year,
        **{key: value for key, value in json.loads(path.read_text("utf-8")).items() if key != "report_year"},
    )


def write_journal(journal: Journal, folder: Path) -> None:
    with whole_file(folder / JOURNAL) as partial:
        partial.write_text(json.dumps(asdict(journal), ensure_ascii=False, indent=1), encoding="utf-8")


def texts_of(entries: Mapping[str, tuple[str, ...]], city_dir: Path, journal: Journal) -> dict[str, str | None]:
    """File → its text with the year in it, of files that change; None for one that goes.

    Entries that the journal has and `entries` has not are taken out.

    Raises NewYearError for an entry that somebody has edited since, and for a file in which there is no list.
    """
    texts: dict[str, str | None] = {}
    for name, key in KEYS.items():
        wanted = entries.get(name, ())
        before = read_if_there(city_dir / name)
        written = [*journal.entries.get(name, []), *journal.planned.get(name, [])]
        old = [each for each in dict.fromkeys(written) if each not in wanted]
        text, missing = without_entries(before or "", old)
        if missing and name != UNDECIDED_FILE and not journal.planned:  # there a line that is gone was decided
            raise NewYearError(f"{name} 里由 new-year 写的这一行已经改过，请先自己改回或删去：\n  {missing[0]}")
        new = [each for each in wanted if f"- {each}" not in text and f", {each}" not in text]
        if name == UNDECIDED_FILE:
            new = [each for each in new if each not in journal.entries.get(name, [])]
        text = _with(text or NEW_FILES.get(name, f"{key}:\n"), key, new, name) if new else text
        is_empty = name in journal.created and text == NEW_FILES.get(name)
        if text != (before or ""):
            texts[name] = None if is_empty else text
    return texts


def _with(text: str, key: str, new: Sequence[str], name: str) -> str:
    try:
        return with_items(text, key, new)
    except (ValueError, StopIteration):
        raise NewYearError(f"{name} 里找不到“{key}:”下的列表，不能往里面加；请照着说明的样子写") from None


def calendar_with(plan: YearPlan, city_dir: Path, is_new: bool) -> dict[str, str | None]:
    """calendar.yml with the line of the year: a new one, or one that somebody has confirmed."""
    text = read_if_there(city_dir / CALENDAR_FILE) or ""
    if not is_new and plan.is_proposed:
        return {}
    off = [f"{name} {getattr(plan.dates, name)} 是{told}" for name, told in days_off(plan.dates).items()]
    remarks = [PROPOSED, *off] if plan.is_proposed else off
    try:
        changed = with_year(text, plan.report_year, calendar_entry(plan.dates), "；".join(remarks))
    except ValueError:
        raise NewYearError("calendar.yml 的“years:”下没有年度，不能照着加") from None
    return {} if changed == text else {CALENDAR_FILE: changed}


def texts_without(journal: Journal, city_dir: Path) -> dict[str, str | None]:
    """File → its text as it was before the year was opened; what else was edited since stays.

    Raises NewYearError for an entry that somebody has edited since.
    """
    texts: dict[str, str | None] = {}
    calendar = read_if_there(city_dir / CALENDAR_FILE) or ""
    if (text := without_year(calendar, journal.report_year)) != calendar:
        texts[CALENDAR_FILE] = text
    return texts | texts_of(NOTHING, city_dir, journal)


def put_in_place(texts: Mapping[str, str | None], city_dir: Path, check: Check) -> None:
    """Lets the files take their places, once a copy of the city's folder with them has been found right.

    Raises NewYearError with everything that would be wrong; then nothing was changed.
    """
    if problems := _problems_with(texts, city_dir, check):
        raise NewYearError("\n".join(["这样写配置就有问题，什么也没有写：", *problems]))
    replace_together(city_dir, texts)


def city_before(journal: Journal, city_dir: Path) -> City:
    """The city without what the journal has put into it. Raises NewYearError where that can no longer be told."""
    with _copy(city_dir, texts_without(journal, city_dir)) as copy:
        return read_city(copy).city


def _problems_with(texts: Mapping[str, str | None], city_dir: Path, check: Check) -> list[str]:
    """What would be wrong in the folder with other texts."""
    with _copy(city_dir, texts) as copy:
        return [str(each).replace(str(copy), shown_path(city_dir)) for each in check(copy)]


@contextmanager
def _copy(city_dir: Path, texts: Mapping[str, str | None]) -> Iterator[Path]:
    """The city's declarations with other texts, without data and samples, elsewhere."""
    with TemporaryDirectory(prefix="nianbao-new-year-") as folder:
        copy = Path(folder) / city_dir.name
        copy.mkdir()
        for path in city_dir.iterdir():
            if path.is_file() and path.name not in texts:
                shutil.copy2(path, copy / path.name)
            elif path.is_dir() and (path.name == "published" or (path / "pack.yml").is_file()):
                shutil.copytree(path, copy / path.name)
        for name, text in texts.items():
            put(copy / name, text)
        yield copy


def remove_made(journal: Journal, but: frozenset[Path] = frozenset()) -> list[Path]:
    """Removes the files that were made for the year and are as they were made; returns those that are not."""
    changed = []
    for name, fingerprint in journal.made.items():
        path = Path(name)
        if not path.exists() or path in but:
            continue
        if sha256_of(path.read_bytes()) == fingerprint:
            path.unlink()
        else:
            changed.append(path)
    return changed
