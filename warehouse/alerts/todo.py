"""What waits for the bureau's clerk today, most urgent first, each with what settles it. Pure: facts in, list out.

A line is about all respondents whom the same step settles: a province's list is as long as a city's.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Literal, get_args

from sources.declarations.city import City
from warehouse.alerts.letters import Letter
from warehouse.intake.version import Version
from warehouse.intake.waiting import Asked, Unread

TodoKind = Literal[
    "run",
    "unread",
    "unidentified",
    "held",
    "undelivered",
    "letters_in",
    "marked",
    "notice",
    "reminder",
    "template",
    "explanations",
    "confirm",
    "release",
    "marks",
    "new_year",
]
"""By urgency: what keeps others from being seen, what a school waits for, what only the bureau waits for."""
ORDER: tuple[TodoKind, ...] = get_args(TodoKind)
NEW_YEAR_DAYS = 60
"""So long before the day on which last year opened, the next one is due to be made."""
LIST_FILE = "认定清单.xlsx"


@dataclass(frozen=True, slots=True)
class Todo:
    """One thing to do: how many it is about, in words, of whom or what (`details`), and what settles it.

    `command` is typed at the terminal, `link` a file or folder to look at; one of them is there.
    """

    kind: TodoKind
    report_year: int | None
    count: int
    title: str
    details: tuple[str, ...]
    command: str
    link: str = ""


@dataclass(frozen=True, slots=True)
class OpenMark:
    """Something of a new year that somebody has to decide, and where."""

    report_year: int
    text: str
    where: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """Everything that may wait. `open_items`: report year → how many items of its release are open, of years of which
    all has come and that would give a new release; of others nothing.

    `batch` is the folder of letters that waits to be sent, if it has just these `letters`.
    """

    city: City
    today: date
    inbox: Path
    reasons_to_run: Sequence[str] = ()
    unread: Sequence[Unread] = ()
    unidentified: Sequence[Version] = ()
    asked: Sequence[Asked] = ()
    letters: Sequence[Letter] = ()
    batch: Path | None = None
    open_items: Mapping[int, int] = field(default_factory=dict)
    marks: Sequence[OpenMark] = ()
    can_send: bool = False
    """Whether the city declares by which server its letters go out."""
    undelivered: Sequence[str] = ()
    """Mails that did not arrive, each with whose and why."""
    letters_in: Sequence[str] = ()
    """Mails without a workbook that a person has to read."""


def todo(waiting: Waiting) -> tuple[Todo, ...]:
    """What waits today, most urgent first; of the same urgency the older year first."""
    found = (
        *_files(waiting),
        *_decisions(waiting),
        *_mails(waiting),
        *_letters(waiting),
        *_releases(waiting),
        *_years(waiting),
    )
    return tuple(sorted(found, key=lambda each: (ORDER.index(each.kind), each.report_year or 0)))


def _files(waiting: Waiting) -> Iterator[Todo]:
    years = sorted(waiting.city.calendar.years)
    if reasons := tuple(waiting.reasons_to_run):
        run = " ".join(["nianbao run", *(f"--year {year}" for year in years[-2:])])
        yield Todo("run", None, len(reasons), "有新内容还没有处理", reasons, run, str(waiting.inbox))
    if waiting.unread:
        told = tuple(each.told for each in waiting.unread)
        title = f"收件夹有 {len(told)} 个文件没有读入；处理后把文件移出收件夹"
        yield Todo("unread", None, len(told), title, told, "nianbao quarantine", str(waiting.inbox))
    unread = {each.submission_id for each in waiting.unread}
    if strange := [each for each in waiting.unidentified if each.submission_id not in unread]:
        told = tuple(f"{each.file_name}：{each.reason or '看不出是谁的'}" for each in strange)
        title = f"有 {len(told)} 个文件看不出是哪个单位、哪一年的；问清楚，处理后把文件移出收件夹"
        yield Todo("unidentified", None, len(told), title, told, "nianbao findings", str(waiting.inbox))


def _decisions(waiting: Waiting) -> Iterator[Todo]:
    """A single one is decided by itself, several by a list."""
    by_list = f"nianbao decide --to {LIST_FILE}，填好后 nianbao decide --from {LIST_FILE} --by 姓名"
    held = [each for each in waiting.asked if each.about == "file"]
    if held:
        told = tuple(f"{each.respondent_name or each.value}（{each.id[:8]}）：{each.message}" for each in held)
        one = f"nianbao decide --version {held[0].id[:8]} --by 姓名 --reason 理由（不采用的加 --decline）"
        title = f"{len(held)} 个文件待确认，没有采用"
        yield Todo("held", None, len(held), title, told, one if len(held) == 1 else by_list)
    by_year: dict[int, list[Asked]] = {}
    for each in waiting.asked:
        if each.about == "explanation" and each.report_year is not None:
            by_year.setdefault(each.report_year, []).append(each)
    for year, explained in by_year.items():
        names = tuple(dict.fromkeys(each.respondent_name for each in explained))
        one = f"nianbao decide {explained[0].id} approved --by 姓名（不认可的写 refused）"
        title = f"{year}年度有 {len(explained)} 条说明等着认定"
        yield Todo("explanations", year, len(explained), title, names, one if len(explained) == 1 else by_list)


def _mails(waiting: Waiting) -> Iterator[Todo]:
    if told := tuple(waiting.undelivered):
        yield Todo("undelivered", None, len(told), f"有 {len(told)} 封信没有送到", told, "nianbao mails")
    if told := tuple(waiting.letters_in):
        yield Todo("letters_in", None, len(told), f"有 {len(told)} 封来信要人看", told, "nianbao mails")


LETTERS: dict[TodoKind, str] = {
    "marked": "{year}年度有 {count} 份退回件没有发回",
    "notice": "{year}年度有 {count} 个单位的文件没有采用，还没有告诉它们",
    "reminder": "{year}年度有 {count} 个单位要催报",
    "template": "{year}年度有 {count} 份模板没有发出",
}


def _letters(waiting: Waiting) -> Iterator[Todo]:
    write = "nianbao mail-out --send --by 姓名" if waiting.can_send else "nianbao mail-out"
    command = "nianbao mail-out --sent --by 姓名" if waiting.batch else write
    of: dict[tuple[TodoKind, int], list[str]] = {}
    for each in waiting.letters:
        of.setdefault((each.kind, each.report_year), []).append(each.respondent_name)
    for (kind, year), names in of.items():
        title = LETTERS[kind].format(year=year, count=len(names))
        written = "；已经写好，发出后记一笔" if waiting.batch else ""
        yield Todo(kind, year, len(names), title + written, tuple(names), command, str(waiting.batch or ""))


def _releases(waiting: Waiting) -> Iterator[Todo]:
    for year, count in waiting.open_items.items():
        if count:
            look = f"nianbao release {year} --dry-run --to 确认清单.xlsx，填好后 nianbao confirm --from 确认清单.xlsx"
            yield Todo("confirm", year, count, f"{year}年度的报送齐了，发布前还有 {count} 项要解决", (), look)
        else:
            yield Todo("release", year, 1, f"{year}年度可以发布", (), f"nianbao release {year}")


def _years(waiting: Waiting) -> Iterator[Todo]:
    years = waiting.city.calendar.years
    for year in sorted({each.report_year for each in waiting.marks}):
        marks = [each for each in waiting.marks if each.report_year == year]
        told = tuple(each.text for each in marks)
        title = f"{year}年度的设置有 {len(marks)} 处要决定"
        yield Todo("marks", year, len(marks), title, told, f"nianbao new-year {year}", marks[0].where)
    last = max(years)
    if waiting.today >= _a_year_later(years[last].opens) - timedelta(days=NEW_YEAR_DAYS):
        title = f"{last + 1}年度还没有建立"
        yield Todo("new_year", last + 1, 1, title, (), f"nianbao new-year {last + 1} --dry-run")


def _a_year_later(day: date) -> date:
    return day.replace(year=day.year + 1, day=min(day.day, 28))
