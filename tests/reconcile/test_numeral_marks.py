"""The report's own text comes back with its numbers coloured, and as a list for machines; a leader gets a page."""

import json
import random
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from lxml import html

from tests.reconcile.test_commented_word import HALF_WIDTH, reconciled, written
from warehouse.reconcile.machine_list import machine_list
from warehouse.reconcile.memo import page
from warehouse.reconcile.numeral_marks import GRAVITIES, Gravity, marked_text, marks_of, places
from warehouse.reconcile.reading.report_file import TextTable
from warehouse.reconcile.summary import UNDECIDED_SHOWN, WRONG_SHOWN, summary_page
from warehouse.reconcile.verdicts import SCHEMA, Reconciliation

SENTENCES = (
    "全市中职学校3所，其中公办2所，民办2所。",
    "全市中职学校3所，公办学校2所，民办学校1所；2031年9月1日开学，全省中职学校有 412 所。",
    "２０３１年，全市有中等职业学校 3 所（公办 2 所、民办 2 所）。",
    "全市组织教师培训12场，共1,205人次，详见第3章。",
)


def text_report(folder: Path, seed: int) -> Path:
    drawn = random.Random(seed)
    lines = ["1.2 学生规模", *(drawn.choice(SENTENCES) for _ in range(drawn.randint(2, 6))), SENTENCES[0]]
    drawn.shuffle(lines)
    path = folder / f"report 甲{seed}.txt"
    path.write_text("\n".join(lines), encoding=drawn.choice(["utf-8", "gb18030"]))
    return path


@pytest.mark.parametrize("seed", range(4))
def test_the_page_shows_the_text_as_it_is_with_each_judged_number_in_its_colour(seed: int, tmp_path: Path):
    for path in (text_report(tmp_path, seed), written(tmp_path, seed)):
        result = reconciled(path)
        for block, marked in zip(result.text, marked_text(result), strict=True):
            if isinstance(block, TextTable):
                assert [["".join(p.text for p in cell) for cell in row] for row in marked.rows] == [
                    list(row) for row in block.rows
                ]
            else:
                assert "".join(piece.text for piece in marked.paragraph) == block.text
        shown = html.fromstring(page(result))
        said = {mark.figure_id: mark for mark in marks_of(result) if mark.gravity in GRAVITIES}
        coloured = shown.xpath('//*[@class="text"]//a')
        assert [a.get("href") for a in coloured] == [f"#{figure_id}" for figure_id in said]
        for a, mark in zip(coloured, said.values(), strict=True):
            assert "".join(a.text.split()).replace(",", "").translate(HALF_WIDTH) == mark.printed.replace(",", "")
            assert (a.get("class"), a.get("title") or "") == (mark.gravity.value, mark.remark)
            assert shown.xpath(f'//tr[@id="{mark.figure_id}"]')
        assert {Gravity.WRONG, Gravity.UNDECIDED} & {mark.gravity for mark in said.values()}


@pytest.mark.parametrize("seed", range(4))
def test_machines_are_told_of_each_number_in_question_by_line_and_column(seed: int, tmp_path: Path):
    path = text_report(tmp_path, seed)
    result = reconciled(path)
    (run,) = json.loads(json.dumps(machine_list(path, result)))["runs"]
    data = path.read_bytes()
    try:
        lines = data.decode("utf-8").split("\n")
    except UnicodeDecodeError:
        lines = data.decode("gb18030").split("\n")
    in_question = [mark for mark in marks_of(result) if mark.remark]
    assert [each["properties"]["figure"] for each in run["results"]] == [mark.figure_id for mark in in_question]
    rules = {rule["id"]: rule["shortDescription"]["text"] for rule in run["tool"]["driver"]["rules"]}
    for each, mark in zip(run["results"], in_question, strict=True):
        (location,) = each["locations"]
        region = location["physicalLocation"]["region"]
        stands = lines[region["startLine"] - 1][region["startColumn"] - 1 : region["endColumn"] - 1]
        assert "".join(stands.split()).translate(HALF_WIDTH) == mark.printed
        assert each["ruleId"] in rules
        assert each["level"] in ("error", "warning", "note")
        assert mark.remark in each["message"]["text"]
        assert location["physicalLocation"]["artifactLocation"]["uri"].isascii()
    assert all(any("\u4e00" <= letter <= "\u9fff" for letter in text) for text in rules.values())


def test_of_a_word_file_machines_are_told_the_place_in_words(tmp_path: Path):
    path = written(tmp_path, 1)
    (run,) = machine_list(path, reconciled(path))["runs"]
    assert run["results"]
    for each in run["results"]:
        assert "region" not in each["locations"][0]["physicalLocation"]
        assert each["locations"][0]["logicalLocations"][0]["fullyQualifiedName"].endswith(each["properties"]["figure"])


def test_a_number_is_found_after_the_one_before_and_not_within_a_longer_one():
    texts = ["12所，其中２所", "1,205 人次；2 所"]
    found = [
        place and texts[place.text][place.start : place.end] for place in places(texts, ["2所", "1205人次", "2所"])
    ]
    assert found == ["２所", "1,205 人次", "2 所"]
    assert places(texts, ["999人"]) == [None]


def test_a_leader_reads_the_most_serious_first_and_how_many_more_there_are(tmp_path: Path):
    result = wrong_everywhere(reconciled(text_report(tmp_path, 1)), WRONG_SHOWN + 3, 40)
    shown = html.fromstring(summary_page(result))
    first, second = shown.xpath("//tbody")
    rows = [[cell.text_content() for cell in row] for row in first]
    assert [row[1] for row in rows] == [f"{990 - WRONG_SHOWN - 2 + n}人" for n in range(WRONG_SHOWN)]
    assert rows[0][2] == "1000人"
    assert not rows[0][3].startswith("印为")
    assert len(second) == UNDECIDED_SHOWN
    text = shown.text_content()
    assert f"有 {WRONG_SHOWN + 3} 个数字判定为印错" in text
    assert "另有 3 处" in text
    assert f"另有 {40 - UNDECIDED_SHOWN} 组" in text


def wrong_everywhere(result: Reconciliation, wrong: int, undecided: int) -> Reconciliation:
    """A result with so many wrong numbers, the worst last, and so many groups that nobody can decide, in long words."""
    row = next(row for row in result.frame.to_dicts() if row["indicator_code"]) | {"section": "附表 1.2-2（续）"}
    row |= {"label": "受访毕业生中对学校教学条件" * 4, "proposal": None, "broken_relations": None}
    rows = [
        row | {
            "figure_id": f"W{n:03}", "figure_year": 3000 + n, "printed": f"{990 - n}人", "unit": "人",
            "suggested": "1000", "is_suspected": True, "confidence": Decimal("0.99"), "verdict": "differs",
            "explanation": f"印为 {n}人，应为 10：" + "按报送数据重算，与合计不符，" * 40,
        }
        for n in range(wrong)
    ] + [
        row | {
            "figure_id": f"U{n:03}", "figure_year": 3000 + n, "is_suspected": False, "confidence": None,
            "broken_relations": f"{n}", "explanation": "各项之和与合计不符，" * 40, "verdict": "contradicts",
        }
        for n in range(undecided)
    ]  # fmt: skip
    frame = pl.DataFrame([{**each, "position": n} for n, each in enumerate(rows, 1)], schema=SCHEMA, strict=False)
    return Reconciliation(result.source, result.report_year, frame, "", result.owner, origin_note=result.origin_note)


def test_a_report_without_an_error_says_so_to_the_leader(tmp_path: Path):
    path = tmp_path / "report.txt"
    path.write_text("全市中职学校3所，其中公办2所，民办1所。", encoding="utf-8")
    text = html.fromstring(summary_page(reconciled(path))).text_content()
    assert "没有发现印错的数字" in text
    assert "另有" not in text
