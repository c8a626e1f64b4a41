"""What is told of drafts that come back: what became of their words, and what changed between two of them."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from orchestration.cli.console import ACTION_NEEDED, console, fail, notices, print_json, print_lines, print_records

if TYPE_CHECKING:
    from sources.declarations.city import City
    from sources.system.settings import Settings
    from warehouse.release.coming_home.merge_home import BroughtHome

DIFF_HEADINGS = {"heading": "节", "kind": "变的是", "change": "变化"}


def take_home(
    settings: "Settings", city: "City", year: int, paths: Sequence[Path], is_tried: bool, as_json: bool
) -> None:
    """Reads drafts that come back, and writes their words; ends with 3 where somebody has to decide something."""
    from sources.system.faults import ToldError
    from warehouse.release.coming_home.merge_home import bring_home
    from warehouse.release.coming_home.take_home import read_returned

    try:
        with notices.status("读……"):
            returned = [read_returned(path, city, year, settings.home) for path in paths]
    except (ToldError, OSError) as error:
        fail(str(error))
    done = bring_home(returned, settings.city_dir, settings.today, is_tried)
    if as_json:
        print_json(asdict(done))
    else:
        _print_home(done, is_tried)
        if done.written and not is_tried:
            console.print(f"新的一版里有没有要改的（直接写的数字、太短、太长），请看：nianbao narrative {year}")
    if done.notes or done.comments:
        raise typer.Exit(ACTION_NEEDED)


def _print_home(done: "BroughtHome", is_tried: bool) -> None:
    from warehouse.release.coming_home.take_home import NOTE_KINDS

    for each in done.written:
        before = f"；原来的一版在 {each.earlier}" if each.earlier else ""
        console.print(
            f"{'会写' if is_tried else '写了新的一版'}：{each.file}（据 {'、'.join(each.by)}{before}）", soft_wrap=True
        )
        print_lines("　改动", each.told)
    print_lines("已经一样", done.same)
    for note in done.notes:
        print_lines(NOTE_KINDS[note.kind], [str(note)])
    print_lines("批注", [f"{file} {told}" for file, told in done.comments])
    print_lines("批注留在", [f"{file}；处理完的删去那一行，其余的下一稿里再印出" for file in done.comment_files])
    if not (done.written or done.same or done.notes or done.comments):
        console.print("稿上没有改动。")


def print_diff(old: Path, new: Path, as_json: bool) -> None:
    """What changed between two drafts; ends with 3 where something did."""
    from sources.system.faults import ToldError
    from warehouse.release.coming_home.draft_diff import diff_of, told

    try:
        with notices.status("对照……"):
            sections = diff_of(old, new)
    except (ToldError, OSError) as error:
        fail(str(error))
    if as_json:
        print_json([asdict(each) for each in sections])
    elif sections:
        rows = [{"heading": heading, "kind": kind, "change": change} for heading, kind, change in told(sections)]
        print_records(f"{len(sections)} 节有变化", DIFF_HEADINGS, rows)
    else:
        console.print("两份草稿的文字和数字都一样。")
    if sections:
        raise typer.Exit(ACTION_NEEDED)
