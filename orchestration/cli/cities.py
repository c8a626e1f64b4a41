"""Commands about a city's configuration."""

import os
import re
import shutil
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from orchestration.cli.console import (
    ACTION_NEEDED,
    CANNOT,
    SHOWN_RECORDS,
    AsJson,
    Panel,
    app,
    console,
    fail,
    print_json,
    print_lines,
    say_more,
)
from sources.declarations.city import RegionLevel, load_city
from sources.declarations.problem import Problem
from sources.declarations.strict_yaml import fault_of_name
from sources.declarations.undecided import load_undecided, told_undecided
from sources.system.access import DROPPED_INTO, prepare_home
from sources.system.settings import Settings, city_folder, load_settings
from sources.system.together import recover
from sources.system.whole_file import PARTIAL
from sources.write.new_city import NewCity, level_of, placeholder_of, report_year_of, write_folder


@app.command(name="check-city", rich_help_panel=Panel.KEEP)
def check_city(
    folder: Annotated[
        str | None, typer.Argument(help="城市的文件夹，或 sources/cities/ 下的代码；不给时为本库的城市")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """检查一个城市的全部配置，一次列出所有问题：文件、行、键和最接近的写法。

    有问题时返回码为 2，有事项没定、或有地方可疑时为 3。
    """
    from warehouse.catalogue.city_references import city_doubts, city_problems

    city_dir = city_folder(folder) if folder else load_settings().city_dir
    if not city_dir.is_dir():
        fail(f"没有这个文件夹：{city_dir}")
    recover(city_dir)
    problems = city_problems(city_dir)
    strange = () if problems else city_doubts(city_dir)
    if as_json:
        print_json([asdict(problem) for problem in problems or strange])
    elif problems:
        _print_problems(problems)
    else:
        console.print(f"配置没有问题：{city_dir}", soft_wrap=True)
    if problems:
        raise typer.Exit(CANNOT)
    undecided = load_undecided(city_dir)
    if strange and not as_json:
        print_lines("可以使用，但请看是否写错", [str(each) for each in strange])
    if undecided and not as_json:
        print_lines("还没有定", told_undecided(undecided))
    if strange or undecided:
        raise typer.Exit(ACTION_NEEDED)


def _print_problems(problems: tuple[Problem, ...]) -> None:
    for problem in problems[:SHOWN_RECORDS]:
        console.print(str(problem), highlight=False, soft_wrap=True)
    say_more(len(problems) - SHOWN_RECORDS)
    console.print(f"共 {len(problems)} 个问题")


@app.command(name="new-city", rich_help_panel=Panel.KEEP)
def new_city(
    code: Annotated[str, typer.Argument(help="行政区划代码（GB/T 2260，六位）")],
    folder: Annotated[Path | None, typer.Argument(help="建在哪里；不给时为当前文件夹下以代码命名的文件夹")] = None,
    name: Annotated[str | None, typer.Option(help="全称，如 河池市；不给时先写“某市”，以后再改")] = None,
    level: Annotated[RegionLevel | None, typer.Option(help="级别；不给时按代码判断")] = None,
) -> None:
    """给一个新的城市（或县区、省）建好带说明的配置文件夹和自己的数据文件夹，并说下一步做什么。"""
    if not re.fullmatch(r"[1-9][0-9]{5}", code):
        fail(f"行政区划代码应当是六位数字（GB/T 2260），如 451200；不能是“{code}”")
    if name is not None and (fault := fault_of_name(name.strip())):
        fail(f"--name：{fault}")
    place = (folder or Path(code)).resolve()
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        fail(f"已经有 {place}，不能建在那里：请换一个文件夹，或先把它移开。什么也没有写")
    is_of = level or level_of(code)
    called = name.strip() if name else placeholder_of(code, is_of)
    year = report_year_of(load_settings().today)
    _build(NewCity(code, called, is_of, year), place)
    console.print(f"已建好 {code} {called} 的文件夹，配置检查没有问题：{place}", soft_wrap=True, highlight=False)
    for step in _next_steps(place, year, is_named=name is not None):
        console.print(step, soft_wrap=True, highlight=False)


def _build(new: NewCity, place: Path) -> None:
    """Writes the folder and its home whole, or nothing: made beside its place, moved there once it is right."""
    from warehouse.catalogue.city_references import city_problems
    from warehouse.store.owner import note_owner

    place.parent.mkdir(parents=True, exist_ok=True)
    partial = place.with_name(f".{place.name}.{os.getpid()}{PARTIAL}")
    partial.mkdir()
    try:
        write_folder(new, partial)
        if problems := city_problems(partial):
            _print_problems(problems)
            raise typer.Exit(CANNOT)
        settings = Settings(partial / "data", partial)
        prepare_home(settings.home, (DROPPED_INTO,))
        note_owner(settings, load_city(partial))
        partial.replace(place)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _next_steps(place: Path, year: int, is_named: bool) -> list[str]:
    program = "nianbao" if shutil.which("nianbao") else sys.argv[0]
    named = "" if is_named else "打开 city.yml，把名称改成全称；"
    return [
        "接下来三步：",
        f"1. {named}打开 respondents.yml，把学校一行一所写上；看一遍 calendar.yml 的日期。每一项的意思写在文件里。",
        f"2. 进入这个文件夹，检查配置：cd {place}，然后 {program} check-city。有问题时按提示改，改完再查一遍。",
        f"3. 生成空白工作簿发给各单位：{program} template --year {year}（在 data/templates/{year}/）。"
        f"收到的放进 data/inbox/，运行 {program} run --year {year}。",
        "从头到尾的例子见 docs/new_city.zh.md。以后都在这个文件夹里运行，不用另外设置。",
    ]
