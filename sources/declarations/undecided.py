"""What of a new year nobody has decided yet (undecided.yml): `check-city` and every run tell it until it is."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from sources.declarations.strict_yaml import Declaration, read_document

UNDECIDED_FILE = "undecided.yml"
About = Literal["dates", "respondents", "scopes", "targets"]
ABOUT_LABELS: dict[About, str] = {"dates": "日期", "respondents": "填报单位", "scopes": "统计口径", "targets": "目标"}


class Undecided(Declaration):
    """Something of a new year that was carried on from the year before and that nobody has confirmed yet."""

    report_year: int = Field(description="哪个报告年度", examples=[2027])
    about: About = Field(
        description="关于什么：`dates` 日期，`respondents` 填报单位，`scopes` 统计口径，`targets` 目标",
        examples=["dates"],
    )
    what: str = Field(description="要定的是什么", examples=["照上年推算的日期还没有核对"])


class UndecidedList(Declaration):
    """undecided.yml: written by `nianbao new-year`; a line goes when the thing is decided."""

    undecided: tuple[Undecided, ...] = Field((), description="还没有定的事项，每项一行；定了就删去那一行")


def load_undecided(city_dir: Path) -> tuple[Undecided, ...]:
    """What is open in a city's folder. Raises DeclarationError for a file that cannot be read."""
    path = city_dir / UNDECIDED_FILE
    if not path.exists():
        return ()
    document = read_document(path, "zh")
    return document.parsed(UndecidedList, document.data).undecided


def told_undecided(points: tuple[Undecided, ...]) -> list[str]:
    """A line for each thing that is open."""
    return [f"{each.report_year} 年 {ABOUT_LABELS[each.about]}：{each.what}" for each in points]
