"""Where the CPU of one command of nianbao goes: its main thread's stack is looked at every two milliseconds.

`python sampling.py OUT run --year 2023` does what `nianbao run --year 2023` does, and writes what was seen to OUT.
"""

import atexit
import json
import resource
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path

EVERY_SECONDS = 0.002
SWITCH_SECONDS = 0.0005
"""How long the sampler waits at most for the interpreter's lock."""
Stack = tuple[str, ...]
"""Outermost first: `file:function`."""


class _Sampler(threading.Thread):
    """Adds the CPU that the process has used since the last look to the stack that is seen now."""

    def __init__(self, of_thread: int) -> None:
        super().__init__(daemon=True)
        self.of_thread = of_thread
        self.seconds: defaultdict[Stack, float] = defaultdict(float)
        self.over = threading.Event()

    def run(self) -> None:
        used = time.process_time()
        while not self.over.wait(EVERY_SECONDS):
            frame, stack = sys._current_frames().get(self.of_thread), list[str]()
            while frame is not None:
                stack.append(f"{frame.f_code.co_filename}:{frame.f_code.co_name}")
                frame = frame.f_back
            now = time.process_time()
            self.seconds[tuple(reversed(stack))] += now - used
            used = now


def _write(sampler: _Sampler, out: Path, before: float) -> None:
    sampler.over.set()
    sampler.join()
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    seen = {
        "before": before,
        "children": children.ru_utime + children.ru_stime,
        "stacks": [[list(stack), seconds] for stack, seconds in sampler.seconds.items()],
    }
    out.write_text(json.dumps(seen), encoding="utf-8")


def main() -> None:
    """Carries out the rest of the command line as nianbao."""
    out = Path(sys.argv[1]).absolute()
    sys.argv = ["nianbao", *sys.argv[2:]]
    sampler = _Sampler(threading.get_ident())
    atexit.register(_write, sampler, out, time.process_time())
    sys.setswitchinterval(SWITCH_SECONDS)
    sampler.start()
    from orchestration.cli.program import main as carry_out

    carry_out()


if __name__ == "__main__":
    main()
