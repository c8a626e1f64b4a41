"""Whether this machine's day can be right: it is held against the day of the last run that was published, and against
the last day on which the sensors looked: between two collections of data they look each minute, and nobody runs.

From the day follows who is late and which year is frozen. A clock that jumps cannot be told from a machine that was
off, so nothing is refused to a person; but nobody is said to be late, and nothing begins by itself, before a person who
has been told of the day has run.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from sources.system.settings import Settings
from sources.system.whole_file import whole_file
from warehouse.store.connection import open_published
from warehouse.store.notes import CLOCK_STATE, get_state

LONGEST = 330
"""Days between two runs that are believed: more than between two collections of data, less than a year."""
AHEAD = (
    "这台机器的日期是 {today}，距上一次运行（{last}）有 {days} 天：请看看日期对不对。"
    "谁逾期、哪一年冻结，都按这个日期判断。对的，由人运行一次（在界面上启动，或 nianbao run），以后照常；"
    "不对，先改正日期。"
)
BACK = (
    "这台机器的日期是 {today}，比上一次运行的日期（{last}）还早：两个日期有一个不对，请看看。"
    "谁逾期、哪一年冻结，现在按 {today} 重新判断；收件的先后次序不受影响；"
    "日期不对时收到的文件，收件日期也不对，其中待确认的见 nianbao status。"
)


@dataclass(frozen=True, slots=True)
class DoubtOfDay:
    """Why the day may be wrong, in words; `is_ahead`: it may be too late, so that somebody seems late who is not."""

    told: str
    is_ahead: bool


def doubt_of_day(last: date | None, today: date) -> DoubtOfDay | None:
    """What speaks against a day, as far as the day of the last run tells. A day back is a time zone's."""
    days = (today - last).days if last else 0
    if -1 <= days <= LONGEST:
        return None
    is_ahead = days > 0
    return DoubtOfDay((AHEAD if is_ahead else BACK).format(today=today, last=last, days=days), is_ahead)


def doubt_of_today(settings: Settings) -> DoubtOfDay | None:
    """What speaks against today. None when nothing is published, or when it cannot be read: that is told elsewhere."""
    try:
        with open_published(settings) as connection:
            doubt = doubt_of_day(day_of_last_run(connection), settings.today)
    except (FileNotFoundError, duckdb.Error):  # whoever reads the database next says so
        return None
    return None if doubt and doubt.is_ahead and _was_looked_lately(settings) else doubt


def note_look(settings: Settings) -> None:
    """Notes today as a day on which somebody looked for work; the caller has seen that nothing speaks against it."""
    note = _look_note(settings)
    if _day_of_last_look(settings) == settings.today or not note.parent.exists():
        return
    with suppress(OSError), whole_file(note) as partial:  # a full disk keeps nobody from looking; the run says it
        partial.write_text(settings.today.isoformat(), encoding="ascii")


def _was_looked_lately(settings: Settings) -> bool:
    last = _day_of_last_look(settings)
    return last is not None and 0 <= (settings.today - last).days <= LONGEST


def _day_of_last_look(settings: Settings) -> date | None:
    try:
        return date.fromisoformat(_look_note(settings).read_text("ascii"))
    except (OSError, ValueError):  # nobody has looked yet, or the note is broken: then the last run tells
        return None


def _look_note(settings: Settings) -> Path:
    return settings.working_database.with_name("looked.txt")


def day_of_last_run(connection: duckdb.DuckDBPyConnection) -> date | None:
    """The day on which the last run took place, as it was noted."""
    noted = get_state(connection, CLOCK_STATE)
    return date.fromisoformat(noted) if noted else None
