"""How much room, and memory, a command will need: estimated from what the last one has left, and has taken."""

import tempfile
from pathlib import Path

from sources.archive.inbox import look_into
from sources.archive.seen import id_of, read_seen
from sources.system.allowance import most_taken, refuse_without_memory, take_files
from sources.system.disk import Need, refuse_without_room, size_below
from sources.system.settings import Settings
from sources.system.whereabouts import why_gone

FIRST_DATABASE = 80_000_000
"""Bytes of the database of an installation that has none yet."""
FIRST_DOCUMENTS = 30_000_000
GROWTH = 1.25
BOOKS_OF_A_RUN = 4_000_000
"""Dagster's own, of one run."""
TEMPORARY = 20_000_000
FIRST_MEMORY = 450_000_000
"""Bytes that a first run takes at most: a city's takes 600 million where it may."""
SURELY = 2 / 3
"""Of the memory that the last run took: with less it is not begun. DuckDB takes more where there is more."""


def refuse_without_means(settings: Settings) -> None:
    """Raises ToldError, before a run begins, when it may open too few files, or have too little memory or room."""
    take_files()
    refuse_without_memory(int(SURELY * _last_memory(settings)))
    refuse_without_room(needs_of_run(settings))


def note_memory(settings: Settings) -> None:
    """Notes how much memory the run has taken that ends now."""
    _memory_note(settings).write_text(str(most_taken()), encoding="ascii")


def _last_memory(settings: Settings) -> int:
    """The bytes that the last run took."""
    note = _memory_note(settings)
    noted = note.read_text("ascii", "replace") if note.exists() else ""
    return int(noted) if noted.isdecimal() else FIRST_MEMORY


def _memory_note(settings: Settings) -> Path:
    return settings.working_database.with_name("memory.txt")


def needs_of_run(settings: Settings) -> list[Need]:
    """What a run writes: the database is built beside itself, published beside the copy that stands."""
    database = int(GROWTH * (size_below(settings.working_database) or FIRST_DATABASE))
    new = _new_in(settings)
    return [
        Need(settings.working_database.parent, database, "工作数据库"),
        Need(settings.published_database.parent, database, "发布的数据库"),
        Need(settings.published_database.parent, int(GROWTH * size_below(settings.history_database)), "历次发布的历史"),
        Need(settings.archive, new, "存档"),
        Need(settings.feedback, 2 * new, "退回件"),
        Need(settings.dagster_home, BOOKS_OF_A_RUN, "运行记录"),
        Need(Path(tempfile.gettempdir()), TEMPORARY, "临时文件"),
    ]


def needs_of_rebuild(settings: Settings) -> list[Need]:
    """What a rebuild writes: as a run, while the old database is kept."""
    kept = Need(settings.working_database.parent, size_below(settings.working_database), "原来的工作数据库")
    return [kept, *needs_of_run(settings)]


def needs_of_documents(before: Path | None, target: Path) -> list[Need]:
    """What documents and site of a year write into a folder; `before` is where the last ones lie."""
    last = size_below(before) if before else 0
    return [
        Need(target, int(GROWTH * last) or FIRST_DOCUMENTS, "文档和网站"),
        Need(Path(tempfile.gettempdir()), TEMPORARY, "临时文件"),
    ]


def _new_in(settings: Settings) -> int:
    """The bytes of the files in the inbox that have not been received."""
    if why_gone(settings.inbox):  # whoever is going to look into it says so
        return 0
    seen = read_seen(settings.seen_file)
    files = (path for path in look_into(settings.inbox).files if id_of(path, seen) is None)
    return sum(min(size_below(path), settings.limits.file_bytes) for path in files)
