"""A virus scanner of the machine, asked about a file that nobody vouches for before anything of ours opens it.

The program gets the file on its standard input and ends with 0 (nothing found), 1 (found, and it says what) or another
code (it could not look), as ClamAV's programs do.
"""

import re
import shlex
import subprocess
from collections.abc import Sequence
from shutil import which

from sources.system.faults import ToldError
from sources.system.plain_text import legible

KNOWN = (("clamdscan", "--no-summary", "-"), ("clamscan", "--no-summary", "-"))
"""What is used where nothing is declared, the first that the machine has; the first asks a service and is quick."""
NO_SCANNER = "none"
SECONDS = 120
FOUND = re.compile(r": (\S.*) FOUND\b")
SHOWN = 120


PROBE = b"nianbao"
"""What every scanner can look at: whether it is the scanner or the file that is at fault."""


class ScanFailedError(ToldError):
    """The scanner looks at nothing; nobody knows whether anything is in the file."""


class NotScannableError(ToldError):
    """The scanner looks at other files and not at this one: it is too large for it, or made so that it finds no end."""


def scanner_of(declared: str | None) -> tuple[str, ...]:
    """The command that scans: the declared one, else one that the machine has; () where there is none."""
    if declared == NO_SCANNER:
        return ()
    if declared:
        return tuple(shlex.split(declared))
    return next((command for command in KNOWN if which(command[0])), ())


def virus_in(data: bytes, scanner: Sequence[str]) -> str:
    """The name of what the scanner finds in a file; '' where it finds nothing, and where there is no scanner.

    Raises ScanFailedError where it looks at nothing, and NotScannableError where it does not look at this file: one
    sender's file must not hold up everybody's.
    """
    if not scanner:
        return ""
    try:
        return _found(data, scanner)
    except ScanFailedError as error:
        _found(PROBE, scanner)
        raise NotScannableError(str(error)) from None


def _found(data: bytes, scanner: Sequence[str]) -> str:
    try:
        done = subprocess.run(scanner, input=data, capture_output=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        raise ScanFailedError(f"查毒程序 {scanner[0]} 过了 {SECONDS} 秒没有答") from None
    except OSError as error:
        raise ScanFailedError(f"查毒程序 {scanner[0]} 没有运行：{error.strerror}") from None
    said = legible(" ".join((done.stdout + b" " + done.stderr).decode("utf-8", "replace").split()))
    if done.returncode == 1:
        named = FOUND.search(said)
        return (named.group(1) if named else said)[:SHOWN] or "没有说是什么"
    if done.returncode:
        raise ScanFailedError(f"查毒程序 {scanner[0]} 返回 {done.returncode}：{said[:SHOWN] or '没有说为什么'}")
    return ""
