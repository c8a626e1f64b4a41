"""What a release's own verify_release.py says of it, run as a stranger runs it."""

import subprocess
import sys
from pathlib import Path

from warehouse.release.evidence.verifier import VERIFIER

RIGHT, DIFFERS, CONSISTENT = 0, 1, 2
"""Right and signed; something differs; consistent, but nobody has signed."""


def told_by_its_own_program(folder: Path, *more: str) -> tuple[int, str]:
    """Its exit code, and what it prints."""
    command = [sys.executable, "-I", str(folder / VERIFIER), *more]
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)
    return done.returncode, done.stdout + done.stderr
