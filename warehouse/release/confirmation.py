"""The code with which a person confirms a release that is launched from a page.

It is made from a secret in the installation's folder, so that no page and no text in a workbook can supply it, and from
what is about to be released, its list of items included, so that it confirms this release and no other.
`nianbao release --dry-run` shows it.
"""

import os
import re
import secrets
from collections.abc import Sequence
from typing import Any

from sources.system.access import OWNERS_FILE, prepare_home
from sources.system.fingerprint import sha256_of, signature_of
from sources.system.settings import Settings
from warehouse.release.item import Listed

KEY_FILE = "confirmation.key"
DIGITS, GROUP = 12, 4
CONFIRMED_INPUTS = ("current", "decisions", "declarations", "lock_file", "publication", "narrative")


class NotConfirmedError(RuntimeError):
    """The code that was typed is not the one of this release."""


def confirmation_code(settings: Settings, version: str, inputs: dict[str, Any], listed: Sequence[Listed]) -> str:
    """The code of this version, made from these inputs with this list, settled as it is: 3f9a-17c2-88e0.

    Makes the installation's secret when there is none.
    """
    what = sha256_of(repr([version, [inputs[name] for name in CONFIRMED_INPUTS], [each.row for each in listed]]))
    digits = sha256_of(signature_of(what, _secret(settings)))[:DIGITS]
    return "-".join(digits[start : start + GROUP] for start in range(0, DIGITS, GROUP))


def is_confirmed(typed: str, code: str) -> bool:
    """Whether a person has typed the code; several codes stand one after the other."""
    return code in re.findall(r"[0-9a-f]{4}(?:-[0-9a-f]{4}){2}", typed.lower())


def _secret(settings: Settings) -> str:
    """Of the service's user alone; whoever loses it gets another, and other codes."""
    path = settings.working_database.with_name(KEY_FILE)
    prepare_home(settings.home)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNERS_FILE)
    except FileExistsError:
        return path.read_text("ascii")
    with os.fdopen(descriptor, "w") as file:
        file.write(made := secrets.token_hex())
    return made
