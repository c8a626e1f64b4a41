"""What all commands share: the app, the console, the installation, output as text or JSON."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from sources.declarations.city import City
from sources.declarations.problem import DeclarationError
from sources.submission.finding import FINDING_HEADINGS, Finding
from sources.system.faults import ToldError
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
)
PIPED_WIDTH = 160
console = Console(width=None if sys.stdout.isatty() else PIPED_WIDTH)
notices = Console(stderr=True, width=None if sys.stderr.isatty() else PIPED_WIDTH)
RUN_FAILED, CANNOT, ACTION_NEEDED = 1, 2, 3
Years = Annotated[list[int], typer.Option("--year", help="报告年度，可以重复给出")]
Year = Annotated[int, typer.Option("--year", help="报告年度")]
RegionCode = Annotated[str | None, typer.Option("--region", help="行政区划代码；不给时为本库所属地区")]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON，供程序读取")]


def installation() -> tuple[Settings, City]:
    """The settings and the city; stops on what is wrong in its configuration, before anything is written."""
    from warehouse.catalogue.city_references import checked_city

    settings = load_settings()
    try:
        return settings, checked_city(settings)
    except DeclarationError as error:
        fail(str(error))


def check_years(city: City, years: Sequence[int]) -> None:
    unknown = [year for year in years if year not in city.calendar.years]
    if unknown:
        known = "、".join(map(str, sorted(city.calendar.years)))
        fail(f"采集日历中没有 {'、'.join(map(str, unknown))} 年；有：{known}")


def fail(message: str) -> NoReturn:
    notices.print(message, style="red", markup=False)
    raise typer.Exit(CANNOT)


@contextmanager
def published(settings: Settings) -> Iterator["duckdb.DuckDBPyConnection"]:
    """The published database, or a message when there is none, or it is not what is asked for."""
    from warehouse.store.connection import open_published

    try:
        with open_published(settings) as connection:
            yield connection
    except (FileNotFoundError, ToldError) as error:
        fail(str(error))


def print_json(data: Any) -> None:
    print(json.dumps(data, ensure_ascii=False, indent=2, default=str))


def print_records(title: str, headings: Mapping[str, str], records: Sequence[Mapping[str, Any]]) -> None:
    """A table of records; `headings` maps the keys to be shown to their labels."""
    shown = Table(title=title, title_justify="left", show_lines=any("message" in record for record in records))
    for label in headings.values():
        shown.add_column(label, overflow="fold")
    for record in records:
        shown.add_row(*("" if record[key] is None else str(record[key]) for key in headings))
    console.print(shown, markup=False)


def print_findings(title: str, shown: Sequence[str], findings: Sequence[Finding], explained: str = "") -> None:
    """A table of findings; `shown` are names of FINDING_HEADINGS, severity first. `explained` marks those that are."""
    records = [dict(zip(shown, finding.shown(*shown), strict=True)) for finding in findings]
    for finding, record in zip(findings, records, strict=True):
        record["severity"] += explained if finding.explanation else ""
    print_records(title, {name: FINDING_HEADINGS[name] for name in shown}, records)
