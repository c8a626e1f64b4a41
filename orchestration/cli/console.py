"""What all commands share: the app, the console, the installation, output as text or JSON."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.table import Table

from orchestration.lib.terminal import SHOWN_LINES, Terminal
from sources.declarations.city import City
from sources.submission.finding import FINDING_HEADINGS, Finding
from sources.system.faults import ToldError
from sources.system.plain_text import SHOWN_IN_A_CELL, cut_short, visible
from sources.system.settings import Settings, load_settings

if TYPE_CHECKING:
    import duckdb


class Panel(StrEnum):
    """Where `nianbao --help` lists a command: by what somebody is about to do."""

    RUN = "运行"
    LOOK = "查看数据"
    SCHOOLS = "与学校往来"
    REPORT = "报告与发布"
    KEEP = "维护"
    DEVELOP = "开发"


app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="中等职业教育质量年度报告",
    epilog="返回码：0 完成；1 运行失败；2 命令不能执行；3 完成，有人要处理；"
    "4 完成，收件夹有文件没有读入（隔离）；5 完成，有的文件没有做成；130 被中断",
)
PIPED_WIDTH = 160
SHOWN_RECORDS, SHOWN_NAMES = 200, 40
"""Of one list, in a table and in a line."""
console = Terminal(SHOWN_LINES, width=None if sys.stdout.isatty() else PIPED_WIDTH)
notices = Terminal(stderr=True, width=None if sys.stderr.isatty() else PIPED_WIDTH)
RUN_FAILED, CANNOT, ACTION_NEEDED, SET_ASIDE, NOT_ALL_MADE = 1, 2, 3, 4, 5
"""Exit codes besides 0; docs/commands.md says what each means."""
Years = Annotated[list[int], typer.Option("--year", help="报告年度，可以重复给出")]
Year = Annotated[int, typer.Option("--year", help="报告年度")]
AnyYear = Annotated[int | None, typer.Option("--year", help="报告年度；不给时为最近有数据的一年")]
RegionCode = Annotated[str | None, typer.Option("--region", help="地区的行政区划代码或名称；不给时为本库所属地区")]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON，供程序读取")]


def installation() -> tuple[Settings, City]:
    """The settings and the city; stops, before anything is written, on a wrong configuration or another city's home."""
    from warehouse.catalogue.city_references import checked_city

    try:
        settings = load_settings()
        return settings, checked_city(settings)
    except ToldError as error:
        fail(str(error))


def check_years(city: City, years: Sequence[int]) -> None:
    unknown = [year for year in years if year not in city.calendar.years]
    if unknown:
        known = "、".join(map(str, sorted(city.calendar.years)))
        fail(f"采集日历中没有 {'、'.join(map(str, unknown))} 年；有：{known}")


def fail(message: str) -> NoReturn:
    lines = message.splitlines()
    more = [f"……另有 {len(lines) - SHOWN_RECORDS} 行没有列出"] if len(lines) > SHOWN_RECORDS else []
    notices.print("\n".join([*lines[:SHOWN_RECORDS], *more]), style="red")
    raise typer.Exit(CANNOT)


def fail_not_found(error: LookupError) -> NoReturn:
    """Tells what was not found. Raises the error itself where a key is missing somewhere: that is a mistake of ours."""
    if type(error) is not LookupError:
        raise error
    fail(str(error))


@contextmanager
def published(settings: Settings) -> Iterator["duckdb.DuckDBPyConnection"]:
    """The published database, or a message when there is none, or it is not what is asked for."""
    from warehouse.store.connection import open_published

    try:
        with open_published(settings) as connection:
            yield connection
    except (FileNotFoundError, ToldError) as error:
        fail(str(error))


def latest_year(connection: "duckdb.DuckDBPyConnection") -> int:
    """The last report year of which something stands; a message when there is none."""
    from warehouse.intake.versions import current_versions

    years = [year for _, year in current_versions(connection)]
    if not years:
        fail("数据库里还没有任何年度的数据。")
    return max(years)


def print_json(data: Any) -> None:
    print(visible(json.dumps(data, ensure_ascii=False, indent=2, default=str)))


def print_records(title: str, headings: Mapping[str, str], records: Sequence[Mapping[str, Any]]) -> None:
    """A table of records, of many the first; `headings` maps the keys to be shown to their labels."""
    shown = Table(title=title, title_justify="left", show_lines=any("message" in record for record in records))
    for label in headings.values():
        shown.add_column(label, overflow="fold")
    for record in records[:SHOWN_RECORDS]:
        shown.add_row(
            *("" if record[key] is None else cut_short(str(record[key]), SHOWN_IN_A_CELL) for key in headings)
        )
    console.print(shown)
    say_more(len(records) - SHOWN_RECORDS)


def print_lines(title: str, lines: Sequence[str]) -> None:
    """Lines under a title, each with it; the first of them when they are many."""
    for line in lines[:SHOWN_RECORDS]:
        console.print(f"{title}：{cut_short(line, SHOWN_IN_A_CELL)}", highlight=False, soft_wrap=True)
    say_more(len(lines) - SHOWN_RECORDS)


def joined(names: Sequence[str]) -> str:
    """Names in one line; of many the first, and how many there are."""
    more = f" 等 {len(names)} 个" if len(names) > SHOWN_NAMES else ""
    return "、".join(names[:SHOWN_NAMES]) + more


def say_more(count: int) -> None:
    """Says how many of a list were left out, if any."""
    if count > 0:
        console.print(f"……另有 {count} 项没有列出；--json 列出全部", highlight=False)


def print_findings(title: str, shown: Sequence[str], findings: Sequence[Finding], explained: str = "") -> None:
    """A table of findings; `shown` are names of FINDING_HEADINGS, severity first. `explained` marks those that are."""
    records = [dict(zip(shown, finding.shown(*shown), strict=True)) for finding in findings]
    for finding, record in zip(findings, records, strict=True):
        record["severity"] += explained if finding.explanation else ""
    print_records(title, {name: FINDING_HEADINGS[name] for name in shown}, records)
