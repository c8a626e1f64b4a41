"""The leader's brief as two pages of PDF, and as a message: the same sentences in both."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from sources.system.kept_parts import NOTHING_KEPT, KeptParts
from sources.system.plain_text import as_typst
from warehouse.catalogue.labels import VERDICT
from warehouse.figures.brief import Brief, BriefFigure, Fallen
from warehouse.figures.printed_table import NOT_COMPARED
from warehouse.figures.rounding import trimmed_text
from warehouse.figures.table_notes import NOT_REPORTED
from warehouse.release.documents.pdf import set_pages
from warehouse.release.documents.words import direction, unit_word

LAYOUT = Path(__file__).parent / "templates" / "brief.typ"
HEADINGS = ("指标", "单位", "本年", "上年", "变化", "标准")
COLUMNS = "(2.1fr, 0.95fr, 0.9fr, 0.9fr, 0.9fr, 1.9fr, 2fr)"
MISSED = VERDICT["missed"]
MOST_DECISIONS = 8


def write_brief_pdf(brief: Brief, made_on: date, kept: KeptParts = NOTHING_KEPT) -> bytes:
    """The brief on A4; the same brief gives the same bytes."""
    return set_pages(lambda _: _lines(brief, made_on), LAYOUT, made_on, kept)


def title_of(brief: Brief) -> str:
    return f"{brief.region}{brief.report_year}年度中等职业教育简报"


def message_of(brief: Brief) -> tuple[str, str]:
    """The brief as a message: its title, and a body of lines."""
    lines = [f"数据完整度：{brief.coverage}"] if brief.coverage else []
    lines += ["【主要数字】", *(_figure_line(figure) for figure in brief.figures)]
    for heading, told in _parts(brief):
        lines += [f"【{heading}】", *told]
    return title_of(brief), "\n".join(lines)


def _figure_line(figure: BriefFigure) -> str:
    """全日制在校生人数 35205人（上年 36360，1155↓）"""
    against = f"上年 {figure.previous}，{figure.change}" if figure.previous else ""
    standard = f"标准{figure.standard}，{figure.verdict}" if figure.standard else ""
    more = "；".join(filter(None, (against, standard, figure.scope)))
    value = "没有数" if figure.value == NOT_REPORTED else f"{figure.value}{unit_word(figure.unit)}"
    return f"{figure.label} {value}" + (f"（{more}）" if more else "")


def _parts(brief: Brief) -> Iterator[tuple[str, list[str]]]:
    """What stands below the figures: heading and sentences; a part that has nothing to say says so."""
    yield (
        "变差的，和影响最大的学校",
        [
            *(_fallen_line(each) for each in brief.fallen),
            *([f"另有 {brief.fallen_more} 项"] if brief.fallen_more else []),
        ]
        or ["没有"],
    )
    calls = f"先催：{'、'.join(brief.to_call)}" if brief.to_call else ""
    yield (
        "还缺的数，和可能的范围",
        [
            *(f"{each.label}：{each.told}" for each in brief.lacking),
            *([f"另有 {brief.lacking_more} 项"] if brief.lacking_more else []),
            *([calls] if calls else []),
        ]
        or ["没有"],
    )
    shown = list(brief.decisions[:MOST_DECISIONS])
    more = len(brief.decisions) - len(shown)
    yield "等待决定的事", [*shown, *([f"另有 {more} 件"] if more else [])] or ["没有"]


def _fallen_line(fallen: Fallen) -> str:
    schools = "；".join(f"{name} {part}" for name, part in fallen.schools)
    whose = schools or "不是按学校统计的，或有学校缺报，分不到学校"
    by = f"{direction(fallen.change, fallen.unit)}{trimmed_text(abs(fallen.change))}{unit_word(fallen.unit)}"
    return f"{fallen.label}{by}（{fallen.previous} → {fallen.value}）：{whose}"


def _lines(brief: Brief, made_on: date) -> Iterator[str]:
    """The brief as typst markup."""
    day = f"datetime(year: {made_on.year}, month: {made_on.month}, day: {made_on.day})"
    told_on = f"{made_on.year}年{made_on.month}月{made_on.day}日"
    yield f'#import "{LAYOUT.name}": *'
    yield f"#set document(title: {as_typst(title_of(brief))}, date: {day})"
    yield f"#show: brief.with(header: {as_typst(f'{title_of(brief)}　{told_on}')})"
    coverage = f"数据完整度：{brief.coverage}" if brief.coverage else ""
    yield f"#title({as_typst(title_of(brief))}, {as_typst('　'.join(filter(None, (told_on, coverage))))})"
    heads = "".join(f"head-cell({as_typst(text)}), " for text in (*HEADINGS, brief.peers))
    yield f"#figures({COLUMNS}, table.header({heads}), {' '.join(_row(figure) for figure in brief.figures)})"
    scopes = [f"{figure.label}为{figure.scope}" for figure in brief.figures if figure.scope]
    notes = [
        *([f"统计口径：{'；'.join(scopes)}。"] if scopes else []),
        f"“{NOT_REPORTED}”为没有数；“{NOT_COMPARED}”为两年口径或定义不同。"
        f"每个数字的来历：nianbao trace 指标 --year {brief.report_year}。",
        *([brief.origin_note] if brief.origin_note else []),
    ]
    yield from (f"#line-of(note({as_typst(text)}))" for text in notes)
    for heading, told in _parts(brief):
        yield f"#part({as_typst(heading)})"
        yield from (f"#line-of({as_typst(text)})" for text in told)


def _row(figure: BriefFigure) -> str:
    standard = as_typst(f"{figure.standard} {figure.verdict}".strip())
    shown = f"missed({standard})" if figure.verdict == MISSED else standard
    texts = (figure.label, figure.unit, figure.value, figure.previous, figure.change)
    return ", ".join([*map(as_typst, texts), shown, as_typst(figure.peers)]) + ","
