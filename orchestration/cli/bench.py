"""The benchmark: what a city, a province or the nation costs on this machine."""

import importlib
from enum import StrEnum
from typing import Annotated

import typer

from orchestration.cli.console import app, fail


class Size(StrEnum):
    CITY = "city"
    PROVINCE = "province"
    NATION = "nation"


@app.command()
def bench(
    size: Annotated[Size, typer.Option(help="12, 300 or 10,000 schools")] = Size.CITY,
    schools: Annotated[int | None, typer.Option(min=1, help="that many schools instead")] = None,
    runs: Annotated[int, typer.Option(min=1, help="how often; medians are told")] = 1,
) -> None:
    """Developers: measure a run cold, warm and with one school changed, beside the floor and its alternatives.

    Works in a scratch folder; nothing of this installation is touched.
    """
    try:
        measuring = importlib.import_module("tests.bench.__main__")
    except ModuleNotFoundError as error:
        fail(f"the benchmark needs a clone with tests/, and `make test` to have installed its tools: no {error.name}")
    measuring.bench(size.value, runs, schools or 0, is_kept=False)
