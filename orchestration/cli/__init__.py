"""`nianbao …`: the command line, in Chinese. Thin: a command calls one function of `sources`, `warehouse` or Dagster.

Dagster, dbt and DuckDB are imported by the commands that need them, because their import takes longer than most
commands.

Exit codes: 0 done; 1 the run failed, what is published stays as it was; 2 the command cannot be carried out as
given; 3 done, and somebody has to act (errors found, somebody overdue or rejected).
"""

# ruff: noqa: E402
import gc
import sys

# Before anything is imported: looking for garbage while Dagster is imported, and once more at the end in all that it
# leaves, takes as long as building the models of a city.
gc.set_threshold(200_000, 20, 100)

# importing registers the commands
from orchestration.cli import answer, bench, exchange, look, maintain, publish, run, spark  # noqa: F401
from orchestration.cli.common import RUN_FAILED, notices
from orchestration.cli.common import app as commands
from sources.system.faults import told


def app() -> None:
    """Carries out a command; what the machine is at fault for is told in a sentence, without a traceback."""
    try:
        commands()
    except Exception as error:
        message = told(error)
        if message is None:
            raise
        notices.print(message, style="red", markup=False)
        sys.exit(RUN_FAILED)
    finally:
        gc.freeze()
