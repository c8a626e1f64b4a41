"""Commands about a city's configuration."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from orchestration.cli.console import CANNOT, AsJson, Panel, app, console, fail, print_json
from sources.system.settings import CITIES_ROOT, load_settings


@app.command(name="check-city", rich_help_panel=Panel.KEEP)
def check_city(
    folder: Annotated[
        str | None, typer.Argument(help="城市的文件夹，或 sources/cities/ 下的代码；不给时为本库的城市")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """检查一个城市的全部配置，一次列出所有问题：文件、行、键和最接近的正确写法。有问题时返回码为 2。"""
    from warehouse.catalogue.catalogue import load_catalogue
    from warehouse.catalogue.city_references import city_problems

    place = CITIES_ROOT / folder if folder and (CITIES_ROOT / folder).is_dir() else Path(folder or "")
    city_dir = place.resolve() if folder else load_settings().city_dir
    if not city_dir.is_dir():
        fail(f"没有这个文件夹：{city_dir}")
    problems = city_problems(city_dir, load_catalogue())
    if as_json:
        print_json([asdict(problem) for problem in problems])
    elif problems:
        for problem in problems:
            console.print(str(problem), markup=False, highlight=False, soft_wrap=True)
        console.print(f"共 {len(problems)} 个问题")
    else:
        console.print(f"配置没有问题：{city_dir}", soft_wrap=True)
    if problems:
        raise typer.Exit(CANNOT)
