"""The program `nianbao`: listens for Ctrl-C and SIGTERM before anything else, also before the commands are imported."""

import os
import sys

from sources.system import interrupt

NO_PLUGINS = {"PYDANTIC_DISABLE_PLUGINS": "__all__"}
"""Pydantic looks through every installed package for plugins of its own; there are none that nianbao wants."""

BEGUN_AT_ONCE = {"check": "sources.check_workbook"}
"""Command → what the process that handles its file needs: imported there while the command is imported here."""


def main() -> None:
    """Carries out the command line."""
    interrupt.listen()
    os.environ |= NO_PLUGINS
    if module := BEGUN_AT_ONCE.get(sys.argv[1] if len(sys.argv) > 1 else ""):
        from sources.system.apart import warm

        warm(module)
    from orchestration.cli.main import main as carry_out

    carry_out()
