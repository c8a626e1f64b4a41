"""The other end of `apart`: a process that does one piece of work after the other, within limits, until it is let go.

It reads messages from its standard input and answers on its standard output (each is its length in eight bytes, then
a pickle). What it exceeds, it dies of, or says; what its death means is told by `apart`.
"""

import importlib
import os
import pickle
import resource
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Any

from sources.system.faults import ToldError
from sources.system.settings import Limits

LENGTH = 8
OUT_OF_MEMORY = "memory allocation of"
"""What Rust prints before it aborts; Python and expat raise MemoryError instead."""
LOG_BYTES = 1_000_000


def serve(folder: str) -> None:
    """Does what it is told until its standard input ends, and leaves nothing in its folder, or of it: whoever began it
    may have been killed, or be a process that ends without a word.

    Messages: ("import", name of a module), ("work", function, limits), ("do", item). Answers, to the last kind only:
    ("done", result), or ("memory" | "output" | "raise" | "fault", what was found).
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the run; the worker ends when the run does
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not be taken for an answer
    work: Callable[[Any], Any] = _nothing
    limits = Limits()
    try:
        while (kind := receive(sys.stdin.buffer)) is not None:
            if kind[0] == "import":
                importlib.import_module(kind[1])
            elif kind[0] == "work":
                work, limits = kind[1:]
                _limit(limits)
            else:
                _give_seconds(limits.seconds)
                send(answers, _answer(work, kind[1], limits))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def send(pipe: Any, message: bytes) -> None:
    """Writes a pickled message behind its length."""
    pipe.write(len(message).to_bytes(LENGTH, "big") + message)
    pipe.flush()


def receive(pipe: Any) -> Any:
    """The next message; None when there is none any more."""
    length = pipe.read(LENGTH)
    if len(length) < LENGTH:
        return None
    message = pipe.read(int.from_bytes(length, "big"))
    return pickle.loads(message)  # of whoever started us  # nosec B301


def _answer(work: Callable[[Any], Any], item: Any, limits: Limits) -> bytes:
    """The pickled outcome; what is too much, or went wrong, is an outcome too."""
    try:
        done = pickle.dumps(("done", work(item)), pickle.HIGHEST_PROTOCOL)
    except MemoryError:
        return pickle.dumps(("memory", ""))
    except (OSError, ToldError) as error:
        plain = error if isinstance(error, OSError) else ToldError(str(error))  # made anew from its text elsewhere
        return pickle.dumps(("raise", plain))
    except Exception as error:  # noqa: BLE001 - told as the outcome of this item; the others go on
        traceback.print_exc()
        return pickle.dumps(("fault", type(error).__name__))
    return done if len(done) <= limits.result_bytes else pickle.dumps(("output", ""))


def _limit(limits: Limits) -> None:
    """Sets what the kernel holds: memory, the size of a file (openpyxl puts sheets into some), no core file."""
    for what, most in (
        (resource.RLIMIT_DATA, limits.memory_bytes),
        (resource.RLIMIT_FSIZE, limits.expanded_bytes),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _give_seconds(seconds: int) -> None:
    """Lets the kernel end this process when the next piece of work takes more seconds of a processor."""
    spent = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    most = int(spent.ru_utime + spent.ru_stime) + 1 + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _nothing(_: Any) -> None:
    return None
