"""The benchmark: what a city, a province or the nation costs on this machine."""

from enum import StrEnum
from typing import Annotated

import typer

from orchestration.cli.console import Panel, app


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
) -> None:
    """Developers: measure a run cold, warm and with one school changed, beside the floor (calamine and bare SQL).

    Works in a scratch folder; nothing of this installation is touched.
    """
    from orchestration.benchmark.benchmark_page import told
    from orchestration.benchmark.runner import measure

    print(told(measure(schools or SCHOOLS[size], runs)))
