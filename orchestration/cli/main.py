"""`nianbao …`: carries out a command; the modules beside this one hold the commands.

Exit codes: 0 done; 1 the run failed, what is published stays as it was; 2 the command cannot be carried out as
given; 3 done, and somebody has to act (errors found, somebody overdue or rejected).
"""

import sys

from sources.system import garbage

garbage.collect_seldom()  # before the imports below: they are what it is about

from orchestration.cli import answer, bench, cities, engines, exchange, look, maintain, releases, run_year  # noqa: E402, F401
from orchestration.cli.console import RUN_FAILED, Panel, app, notices  # noqa: E402
from sources.system.faults import told  # noqa: E402

# the help lists panels in the order of their first command
app.registered_commands.sort(key=lambda command: list(Panel).index(Panel(command.rich_help_panel or Panel.DEVELOP)))


def main() -> None:
    """Carries out a command; what the machine is at fault for is told in a sentence, without a traceback."""
    try:
        app()
    except Exception as error:
        message = told(error)
        if message is None:
            raise
        notices.print(message, style="red", markup=False)
        sys.exit(RUN_FAILED)
    finally:
        garbage.freeze()
