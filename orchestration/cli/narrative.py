"""The command about a report's own words: which sections are written, what is wrong in them, which marks there are."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.console import (
    ACTION_NEEDED,
    AsJson,
    Panel,
    RegionCode,
    app,
    check_years,
    console,
    fail,
    fail_not_found,
    installation,
    print_json,
    print_lines,
    print_records,
    published,
)
from orchestration.cli.drafts_back import take_home

if TYPE_CHECKING:
    from warehouse.release.documents.mark_list import MarkExample
    from warehouse.release.documents.own_words import JudgedWords

HEADINGS = {"chapter": "章", "heading": "节", "writer": "谁写", "length": "字数", "state": "状态", "asks": "要写"}
MARK_HEADINGS = {"mark": "写法", "prints": "印出", "section": "哪一节"}


@app.command(rich_help_panel=Panel.REPORT)
def narrative(
    year: Annotated[int, typer.Argument(help="报告年度")],
    marks: Annotated[bool, typer.Option("--marks", help="列出可以用的取数的词，每个带这一年印出的样子")] = False,
    region: RegionCode = None,
    of: Annotated[str | None, typer.Option("--of", help="与 --marks 一起：只列名称里有这几个字的，或这一节的")] = None,
    take: Annotated[
        list[Path] | None,
        typer.Option(
            "--take",
            help="读回改过的草稿（.docx）：改了的话写进各节的文件；可以重复给出，按节合并",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="与 --take 一起：只说会写什么，不写")] = False,
    as_json: AsJson = False,
) -> None:
    """报告里本市自己写的文字：各节写了没有、有什么要改，写在哪个文件；还没有写好时返回码为 3。

    --region 看下级地区的报告，文字放在 narrative/<年度>/regions/<行政区划代码>/。

    --take 读回在 Word 里改过的草稿：文字成为新的一版，改了的数字和生成的句子列出来，批注留着；有要定的事时返回码为 3。
    """
    # Long: three things that are asked of words, and what each needs.
    from warehouse.catalogue.catalogue import load_catalogue
    from warehouse.figures.regions import find_region
    from warehouse.figures.year_figures import load_figures
    from warehouse.release.documents.mark_list import mark_examples
    from warehouse.release.documents.own_words import judge
    from warehouse.release.documents.vocabulary import Vocabulary
    from warehouse.release.narrative.read_narrative import narrative_of, narrative_of_region
    from warehouse.release.narrative.written_files import region_files, words_of_no_region, written_files

    settings, city = installation()
    check_years(city, [year])
    if take:
        take_home(settings, city, year, take, dry_run, as_json)
        return
    if dry_run:
        fail("--dry-run 要与 --take 一起写。")
    catalogue = load_catalogue(city.pack)
    with published(settings) as connection:
        try:
            code = find_region(connection, region or city.code, year).code
        except LookupError as error:
            fail_not_found(error)
        figures = load_figures(connection, catalogue, year, code)
        vocabulary = Vocabulary(figures, settings.today, "")
    strange: tuple[str, ...] = ()
    if code == city.code:
        written = narrative_of(written_files(settings.city_dir, year), city, city.pack)
        strange = words_of_no_region(settings.city_dir, year, {each.code for each in city.in_year(year).regions})
    else:
        words = region_files(settings.city_dir, year, code)
        written = narrative_of_region(words, city.pack, [school.name for school in figures.schools])
    if marks:
        _print_marks(list(mark_examples(vocabulary, written.edition, of)), as_json)
        return
    judged = judge(vocabulary, written)
    if as_json:
        print_json(_as_json(judged) | {"strange": strange})
    else:
        _print_sections(judged, year)
        print_lines("要改", strange)
    if judged.unfinished or judged.problems or strange:
        raise typer.Exit(ACTION_NEEDED)


def _print_marks(examples: "list[MarkExample]", as_json: bool) -> None:
    rows = [{"mark": each.mark, "prints": each.prints, "section": each.section} for each in examples]
    if as_json:
        print_json(rows)
    else:
        print_records(f"取数的词 {len(rows)} 个", MARK_HEADINGS, rows)


def _rows(judged: "JudgedWords") -> Iterator[dict[str, str]]:
    from warehouse.release.documents.own_words import STATES
    from warehouse.release.documents.put_words import WRITERS

    chapters = {s.heading: chapter.heading for chapter in judged.narrative.edition.chapters for s in chapter.sections}
    for each in judged.sections:
        section = each.written.section
        yield {
            "chapter": chapters[section.heading],
            "heading": section.heading,
            "writer": WRITERS[section.writer],
            "length": f"{each.written.length}（{section.length[0]}—{section.length[1]}）",
            "state": STATES[each.state],
            "asks": section.asks,
        }


def _print_sections(judged: "JudgedWords", year: int) -> None:
    narrative = judged.narrative
    print_records(f"{year}年度报告的文字", HEADINGS, list(_rows(judged)))
    console.print(f"编制要求  {narrative.edition.told}", soft_wrap=True)
    console.print(f"案例      {len(narrative.cases)} 个")
    if not narrative.is_begun:
        console.print(f"还没有开始写：建文件夹 {narrative.written.shown}，每节一个文件，如 办学定位.md", soft_wrap=True)
    print_lines("要改", [str(problem) for each in judged.sections for problem in each.problems])
    print_lines("要改", [str(problem) for problem in judged.problems])
    print_lines("不印", [f"{each.written.file}：{told}" for each in judged.sections for told in each.unsaid])


def _as_json(judged: "JudgedWords") -> dict[str, object]:
    return {
        "edition": judged.narrative.edition.told,
        "folder": judged.narrative.written.shown,
        "begun": judged.narrative.is_begun,
        "cases": len(judged.narrative.cases),
        "sections": [
            row | {"problems": [str(problem) for problem in each.problems], "unsaid": list(each.unsaid)}
            for row, each in zip(_rows(judged), judged.sections, strict=True)
        ],
        "problems": [str(problem) for problem in judged.problems],
    }
