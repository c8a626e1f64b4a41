"""Shows what has changed in the city's folder, such as a new report year, without anybody restarting anything.

Dagster reads the definitions when the code starts. A thread of the page looks at the city's files, and when they have
changed and are right it has the code read again, as the button “Reload definitions” does; runs under way go on to their
end, and the daemon sees the new code by itself.
"""

import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

SECONDS = 3
SOUND = (0, 3)
"""Exit codes of `check-city` with which a folder can be used: nothing is wrong; nothing, but something is undecided."""
DECLARING = (".yml", ".yaml")
Seen = tuple[tuple[str, int, int], ...]


def watch(city_dir: Path, reload: Callable[[], None], stop: Event) -> Thread:
    """Starts the thread; it ends when `stop` is set."""
    thread = Thread(target=_watch, args=(city_dir, reload, stop), name="watch-city", daemon=True)
    thread.start()
    return thread


def _watch(city_dir: Path, reload: Callable[[], None], stop: Event) -> None:
    seen = files_of(city_dir)
    while not stop.wait(SECONDS):
        now = files_of(city_dir)
        if now == seen:
            continue
        seen = now
        if not _is_sound(city_dir):
            continue  # somebody is writing; when it is right it will be other files again
        try:
            reload()
        except Exception:
            logging.getLogger(__name__).exception("the definitions could not be read again")


def files_of(city_dir: Path) -> Seen:
    """What the declaring files of a city look like from outside; a file that goes away meanwhile is not in it."""
    found = []
    for path in sorted(city_dir.glob("*")):
        try:
            if path.suffix in DECLARING and not path.name.startswith("."):
                found.append((path.name, path.stat().st_size, path.stat().st_mtime_ns))
        except OSError:  # it has gone away meanwhile
            continue
    return tuple(found)


def _is_sound(city_dir: Path) -> bool:
    """Whether nothing is wrong in the folder; asked of a process of its own, which reads it all anew."""
    program = Path(sys.executable).with_name("nianbao")
    asked = subprocess.run([program, "check-city", str(city_dir)], capture_output=True, check=False)
    return asked.returncode in SOUND
