"""Tables of a PDF with rules across and none between their columns (三线表) read as written, by two writers."""

import random
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from tests.conftest import deep
from tests.reconcile.test_kinds_of_file import needs_office, typeset
from warehouse.reconcile.reading.report_file import Block, Paragraph, TextTable, read_document

LABELS = ("毕业生数", "升学人数", "毕业去向落实率", "专任教师数", "双师型教师数", "全日制在校生人数", "生均纸质图书")
Rows = Sequence[Sequence[str]]


def made_up(seed: int) -> list[Rows]:
    """Two or three tables of different sizes, with empty cells and numbers of all lengths."""
    chance = random.Random(seed)
    tables: list[Rows] = []
    for _ in range(chance.randint(2, 3)):
        years = [f"{2024 - back}年" for back in range(chance.randint(1, 4))]
        rows = [["指标", "单位", *years]]
        for label in chance.sample(LABELS, chance.randint(2, 6)):
            cells = [str(chance.randint(0, 99_999)) if chance.random() > 0.15 else "" for _ in years]
            rows.append([label, "人", cells[0] or "7", *cells[1:]])
        tables.append(rows)
    return tables


def in_typst(tables: Sequence[Rows], size: int, header: str = "") -> str:
    head = f", header: [{header} #line(length: 100%, stroke: 0.5pt)]" if header else ""
    lines = [f'#set page(paper: "a4"{head})', f'#set text(font: "Noto Sans CJK SC", size: {size}pt, lang: "zh")']
    for number, rows in enumerate(tables, 1):
        cells = [", ".join(f"[{text}]" for text in row) for row in rows]
        body = ", ".join(cells[1:])
        lines += [
            f"全市各校{number}月的情况如下，各项都由学校报送，经教育局审核以后汇总，没有报送的空着。",
            f"表{number} 情况",
            f"#table(columns: {len(rows[0])}, column-gutter: 2em, stroke: none, table.hline(), {cells[0]},"
            f" table.hline(), {body}, table.hline())",
        ]
    return "\n\n".join([*lines, "以上就是全部情况。"])


def tables_in(blocks: Sequence[Block]) -> list[Rows]:
    return [[list(row) for row in block.rows] for block in blocks if isinstance(block, TextTable)]


@pytest.mark.parametrize("header", ["", "某市年报"])
@pytest.mark.parametrize("seed", [1, 2, *deep(*range(3, 20))])
def test_three_rules_are_a_table_of_any_size_also_below_a_rule_of_the_page(seed: int, header: str, tmp_path: Path):
    tables = made_up(seed)
    blocks = read_document(typeset(in_typst(tables, 9 + seed % 4, header), tmp_path))
    assert tables_in(blocks) == tables
    said = [block.text for block in blocks if isinstance(block, Paragraph)]
    assert [text for text in said if text.startswith("全市各校")] == [text for text in said if "情况如下" in text]
    assert said[-1] == "以上就是全部情况。"


def test_a_rule_above_the_total_and_rules_below_each_row_part_no_table(tmp_path: Path):
    total = (
        "#table(columns: 3, column-gutter: 2em, stroke: none, table.hline(), [学校], [在校生], [教师], table.hline(),"
    )
    total += " [甲校], [100], [9], [乙校], [200], [11], table.hline(), [合计], [300], [20], table.hline())"
    each = "#table(columns: (1fr, 1fr, 1fr), stroke: (x, y) => (top: 0.5pt, bottom: 0.5pt),"
    each += " [学校], [在校生], [教师], [甲校], [100], [9], [乙校], [200], [11])"
    font = '#set text(font: "Noto Sans CJK SC", size: 11pt)'
    (first, second) = tables_in(read_document(typeset(f"{font}\n\n{total}\n\n说明。\n\n{each}", tmp_path)))
    assert first == [["学校", "在校生", "教师"], ["甲校", "100", "9"], ["乙校", "200", "11"], ["合计", "300", "20"]]
    assert second == first[:3]


def test_a_head_above_two_columns_is_the_head_of_each(tmp_path: Path):
    table = "#table(columns: 3, column-gutter: 2em, stroke: none, align: center, table.hline(),"
    table += " [], table.cell(colspan: 2)[毕业生人数和升学人数], [学校], [2022年], [2023年], table.hline(),"
    table += " [甲校], [10000], [20000], [乙校], [30000], [40000], table.hline())"
    (rows,) = tables_in(read_document(typeset(f'#set text(font: "Noto Sans CJK SC")\n\n{table}', tmp_path)))
    assert rows[0] == ["", "毕业生人数和升学人数", "毕业生人数和升学人数"]
    assert rows[2] == ["甲校", "10000", "20000"]


def test_prose_between_rules_is_no_table(tmp_path: Path):
    rule = "#line(length: 100%)"
    prose = "全市有中等职业学校十一所，全日制在校生三万五千人，其中女生一万六千人，比上年增加一百人。" * 4
    markup = "\n\n".join(['#set text(font: "Noto Sans CJK SC")', rule, "前言 2023", rule, prose, rule, prose, rule])
    blocks = read_document(typeset(markup, tmp_path))
    assert tables_in(blocks) == []


BORDER = '<w:{side} w:val="single" w:sz="8" w:space="0" w:color="000000"/>'


def as_pdf_of_an_office(tables: Sequence[Rows], folder: Path) -> Path:
    """Word tables with rules at top, below the head and at the foot, printed by LibreOffice."""
    document = docx.Document()
    for rows in tables:
        document.add_paragraph("下表是各项情况。")
        table = document.add_table(len(rows), len(rows[0]))
        for at, row in enumerate(rows):
            for cell, text in zip(table.rows[at].cells, row, strict=True):
                cell.text = text
                sides = [
                    side for side, is_there in (("top", at == 0), ("bottom", at in (0, len(rows) - 1))) if is_there
                ]
                borders = "".join(BORDER.format(side=side) for side in sides)
                cell._tc.get_or_add_tcPr().append(parse_xml(f"<w:tcBorders {nsdecls('w')}>{borders}</w:tcBorders>"))
    document.save(str(folder / "report.docx"))
    command = [shutil.which("soffice") or "soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless"]
    command += ["--convert-to", "pdf", "--outdir", str(folder), str(folder / "report.docx")]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return folder / "report.pdf"


@needs_office
@pytest.mark.parametrize("seed", [1, *deep(2, 3, 4)])
def test_an_offices_tables_of_three_rules_read_as_they_were_written(seed: int, tmp_path: Path):
    tables = made_up(seed)
    assert tables_in(read_document(as_pdf_of_an_office(tables, tmp_path))) == tables
