"""`nianbao …`: carries out a command; the modules beside this one hold the commands.

Exit codes: 0 done; 1 the run failed, and it says what stands (doctor: something is damaged); 2 the command cannot be
carried out as given; 3 done, and somebody has to act (errors found, somebody overdue or rejected); 4 done, but a file
in the inbox was not read; 5 done, but some workbook, table, page or chart could not be made; 130 ended by Ctrl-C or
SIGTERM.
"""

import os
import sys
from pathlib import Path

from typer import Abort
from typer.exceptions import TyperException

from sources.system import garbage, interrupt

garbage.collect_seldom()  # before the imports below: they are what it is about

from orchestration.cli import (  # noqa: E402, F401
    answer,
    bench,
    cities,
    clerk,
    desk,
    engines,
    exchange,
    keep,
    keys,
    look,
    mail,
    maintain,
    narrative,
    past,
    query,
    releases,
    rules,
    run_year,
    years,
)
from orchestration.cli.console import CANNOT, RUN_FAILED, Panel, app, console, notices  # noqa: E402
from orchestration.cli.usage import speak_chinese, told_usage  # noqa: E402
from sources.system.allowance import take_files  # noqa: E402
from sources.system.disk import with_disks  # noqa: E402
from sources.system.faults import ToldError, told  # noqa: E402
from sources.system.settings import load_settings  # noqa: E402

# the help lists panels in the order of their first command
app.registered_commands.sort(key=lambda command: list(Panel).index(Panel(command.rich_help_panel or Panel.DEVELOP)))


def main() -> None:
    """Carries out a command; what the machine is at fault for is told in a sentence, without a traceback."""
    if len(sys.argv) == 1 or "--help" in sys.argv:
        speak_chinese(app)
    try:
        with interrupt.told_to_work():
            try:
                code = _carried_out()
            except BaseException:  # a library may make another error of it
                if not interrupt.is_ending():
                    raise
                code = interrupt.INTERRUPTED
        if interrupt.is_ending() and code != 0:
            notices.print(interrupt.SAID, style="red")
            code = interrupt.INTERRUPTED
        sys.exit(code)
    finally:
        console.say_left_out()
        garbage.freeze()


def _carried_out() -> int:
    """The exit code of the command."""
    try:
        take_files()
        return int(app(standalone_mode=False) or 0)
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else RUN_FAILED
    except TyperException as error:
        notices.print(told_usage(error), style="red")
        return CANNOT
    except (Abort, KeyboardInterrupt):  # also the answer to a question was not given
        return interrupt.INTERRUPTED
    except Exception as error:
        message = told(error)
        if message is None:
            raise
        notices.print(with_disks(message, _home()), style="red", soft_wrap=True)
        return RUN_FAILED


def _home() -> Path:
    """Where the installation lies; somewhere that is not there when its settings cannot be read."""
    try:
        return load_settings().home
    except ToldError:
        return Path(os.devnull)
