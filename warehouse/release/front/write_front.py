"""The first page of a release, its feed and its description for catalogues."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from sources.system.atom_feed import FeedEntry, atom_feed
from sources.system.fingerprint import sha256_of
from sources.system.html_page import data_block, html_templates
from warehouse.release.front.described import Offered, described
from warehouse.release.imprint import FIRST_PAGE, Imprint

TEMPLATES = Path(__file__).parent / "templates"
FEED, CATALOGUE_ENTRY = "发布消息.xml", "dcat.jsonld"
SHOWN_CORRECTIONS = 50
FOR_WHOM = (
    ("）.pdf", "年度报告，排好版的", "读报告、打印"),
    ("）.docx", "年度报告，Word 文档", "引用文字、继续编辑"),
    ("汇总表.xlsx", "报告里的全部表，按印出的样子", "打印、核对"),
    ("数据表.xlsx", "报告里的全部表，一个工作表一张，可筛选", "再利用、读屏软件"),
    (".zip", "全部数据，CSV 和 Parquet 格式，附说明", "用程序分析"),
    ("修订表.csv", "本版改了哪些已发布的数，为什么", "引用过上一版的人"),
    ("数据模型.html", "数据怎样一步步算出来（技术说明）", "做分析的技术人员"),
)
"""How a file's name ends, what it is, and for whom."""


@dataclass(frozen=True, slots=True)
class EarlierVersion:
    """A version of the same year that was released before."""

    version: str
    released_on: date


def write_front(
    folder: Path,
    imprint: Imprint,
    files: Sequence[Path],
    before: Sequence[EarlierVersion],
    corrections: pl.DataFrame | None,
) -> list[Path]:
    """Writes 请先打开.html, the feed and the catalogue's entry into a release's folder; returns their paths.

    `files` are those for people, in the folder itself; `before` the year's earlier versions, oldest first;
    `corrections` the table of revisions, with its headings as columns, where there is one.
    """
    offered = [_offered(path) for path in files]
    offered.sort(key=lambda each: next((i for i, (end, *_) in enumerate(FOR_WHOM) if each.name.endswith(end)), 99))
    about = described(imprint, offered)
    rows = corrections.rows() if corrections is not None else []
    page = html_templates(TEMPLATES).get_template("first_page.html.j2")
    text = page.render(
        imprint=imprint,
        offered=offered,
        before=list(reversed(before)),
        headings=corrections.columns if corrections is not None else [],
        corrections=rows[:SHOWN_CORRECTIONS],
        more=len(rows) - SHOWN_CORRECTIONS,
        feed=FEED,
        about=data_block(about),
    )
    paths = {name: folder / name for name in (FIRST_PAGE, FEED, CATALOGUE_ENTRY)}
    paths[FIRST_PAGE].write_text(text, encoding="utf-8", newline="\n")
    paths[FEED].write_bytes(_feed(imprint, before, len(rows)))
    paths[CATALOGUE_ENTRY].write_text(f"{data_block(about)}\n", encoding="utf-8", newline="\n")
    return list(paths.values())


def _offered(path: Path) -> Offered:
    what, whom = next(((what, whom) for end, what, whom in FOR_WHOM if path.name.endswith(end)), ("文件", ""))
    content = path.read_bytes()
    return Offered(path.name, what, whom, path.suffix, len(content), sha256_of(content))


def _feed(imprint: Imprint, before: Sequence[EarlierVersion], corrected: int) -> bytes:
    told = f"改动了 {corrected} 个已发布的数，见{FIRST_PAGE}的“更正”。" if corrected else "没有改动已发布的数。"
    entries = [_entry(imprint, imprint.version, imprint.released_on, told if before else "第一次发布。")]
    entries += [_entry(imprint, each.version, each.released_on, "已有新的版本。") for each in reversed(before)]
    name = f"nianbao:{imprint.city_code}:{imprint.report_year}"
    return atom_feed(name, imprint.title, imprint.publisher, imprint.address_of(FEED), entries)


def _entry(imprint: Imprint, version: str, day: date, summary: str) -> FeedEntry:
    name = f"nianbao:{imprint.city_code}:{version}"
    return FeedEntry(name, f"{imprint.title}，版本 {version}", summary, day, imprint.address_of(FIRST_PAGE, version))
