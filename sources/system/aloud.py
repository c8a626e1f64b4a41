"""What is said while something takes long, for whoever sits before a terminal or reads what a timer's run printed."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Say = Callable[[str], None]


def say_aloud(sentence: str) -> None:
    """Says a sentence at once, beside the results of a command."""
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()


def span(seconds: float) -> str:
    """How long something has taken, in words."""
    return f"{seconds / 60:.0f} 分钟" if seconds >= 120 else f"{seconds:.0f} 秒"


@contextmanager
def told_when_slow(sentence: Callable[[str], str], every: float, say: Say = say_aloud) -> Iterator[None]:
    """While the body lasts, says a sentence every so many seconds; it is given how long it has lasted, in words."""
    has_ended = threading.Event()

    def watch() -> None:
        waited = every
        while not has_ended.wait(every):
            say(sentence(span(waited)))
            waited += every

    threading.Thread(target=watch, daemon=True, name="told when slow").start()
    try:
        yield
    finally:
        has_ended.set()
