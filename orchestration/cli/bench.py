"""The benchmark: what a city, a province or the nation costs on this machine."""

from enum import StrEnum
from typing import Annotated

import typer

from orchestration.cli.console import ACTION_NEEDED, RUN_FAILED, Panel, app, console, notices


class Size(StrEnum):
    CITY = "city"
    PROVINCE = "province"
    NATION = "nation"


SCHOOLS = {Size.CITY: 12, Size.PROVINCE: 300, Size.NATION: 10_000}


@app.command(rich_help_panel=Panel.DEVELOP)
def bench(
    size: Annotated[Size, typer.Option(help="12, 300 or 10,000 schools")] = Size.CITY,
    schools: Annotated[int | None, typer.Option(min=1, help="that many schools instead")] = None,
    runs: Annotated[int, typer.Option(min=1, help="how often; medians are told")] = 1,
    quick: Annotated[bool, typer.Option("--quick", help="一分钟之内：这台机器是不是和预期相符")] = False,
) -> None:
    """Developers: measure a run cold, warm and with one school changed, beside the floor (calamine and bare SQL).

    Works in a scratch folder; nothing of this installation is touched.
    """
    if quick:
        raise typer.Exit(_quick())
    from orchestration.benchmark.benchmark_page import told
    from orchestration.benchmark.runner import measure

    print(told(measure(schools or SCHOOLS[size], runs)))


def _quick() -> int:
    """Says whether this machine is as expected; the exit code."""
    from orchestration.benchmark.outcome import WrongOutcomeError
    from orchestration.benchmark.process_cost import CommandFailedError
    from orchestration.benchmark.quick import judged, load_reference, look

    try:
        here, took = look(notices.print)
    except (CommandFailedError, WrongOutcomeError) as error:
        notices.print(f"没有测成：{error}\n请先运行 make run，它成功了再测。", style="red", highlight=False)
        return RUN_FAILED
    verdict = judged(here, load_reference())
    for line in verdict.lines:
        console.print(line, highlight=False, soft_wrap=True)
    console.print(f"用时 {took:.0f} 秒", highlight=False)
    return 0 if verdict.is_expected else ACTION_NEEDED
