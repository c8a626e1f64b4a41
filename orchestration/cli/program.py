"""The program `nianbao`: listens for Ctrl-C and SIGTERM before anything else, also before the commands are imported."""

import os

from sources.system import interrupt

NO_PLUGINS = {"PYDANTIC_DISABLE_PLUGINS": "__all__"}
"""Pydantic looks through every installed package for plugins of its own; there are none that nianbao wants."""


def main() -> None:
    """Carries out the command line."""
    interrupt.listen()
    os.environ |= NO_PLUGINS
    from orchestration.cli.main import main as carry_out

    carry_out()
