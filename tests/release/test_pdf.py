"""The PDF has what the Word file has, in a font of our own."""

import os
import re
import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import docx
import pytest

from tests.release.conftest import RELEASED_ON, render, template_with, texts
from warehouse.release.documents.pdf import write_pdf

NUMBER = re.compile(r"\d+(?:\.\d+)?")


def tool(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} 没有安装（poppler-utils 或 LibreOffice），不能检查页面")
    return path


def text_of(pdf: bytes) -> str:
    return subprocess.run(
        [tool("pdftotext"), "-layout", "-", "-"], input=pdf, capture_output=True, check=True
    ).stdout.decode()


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


def test_every_number_and_heading_of_the_word_file_is_in_the_pdf(made):
    text = text_of(made.path(".pdf").read_bytes())
    found = set(NUMBER.findall(text))
    assert {number for p in made.documents.printed for number in NUMBER.findall(p.text)} <= found
    document = docx.Document(str(made.path(".docx")))
    headings = [p.text for p in document.paragraphs if p.style.name.startswith(("Heading", "附录"))]
    assert len(headings) > 30
    assert [heading for heading in headings if squeezed(heading) not in squeezed(text)] == []
    assert "1.2发展规模" in squeezed(text)


def test_only_the_packages_font_is_used(made):
    listed = subprocess.run([tool("pdffonts"), str(made.path(".pdf"))], capture_output=True, check=True, text=True)
    fonts = {line.split()[0].partition("+")[2] for line in listed.stdout.splitlines()[2:]}
    assert {re.sub("-.*", "", font) for font in fonts} == {"NotoSansCJKsc"}


def test_what_staff_write_in_the_template_is_in_the_pdf_whatever_characters_it_has(made, tmp_path):
    odd = '本节由#let x=甲 $a$ _教务科_ *核对* \\ "引号" [括号] @某 <标签> 撰写。'
    draft = render(made.figures, template_with(tmp_path, "# 概况", odd))
    assert texts(draft.data)[-1] == odd
    assert squeezed(odd) in squeezed(text_of(write_pdf(draft.data, RELEASED_ON)))


def test_bold_runs_and_plain_tables_of_staff_are_set_too(made, tmp_path):
    path = template_with(tmp_path, "# 概况")
    document = docx.Document(str(path))
    document.add_paragraph("重要", "正文段落").add_run("提醒").bold = True
    table = document.add_table(2, 2)
    table.cell(0, 0).merge(table.cell(0, 1)).text = "合并"
    table.cell(1, 1).text = "{{ 值('专任教师数') }}"
    document.save(str(path))
    draft = render(made.figures, path)
    text = squeezed(text_of(write_pdf(draft.data, RELEASED_ON)))
    assert "重要提醒" in text
    assert "合并" in text
    assert "1664人" in text


@pytest.mark.deep
@pytest.mark.parametrize(("suffix", "pages"), [(".docx", 15), (".xlsx", 12)])
def test_an_office_suite_opens_the_files_and_lays_them_out(made, tmp_path: Path, suffix, pages):
    office = tool("soffice")
    subprocess.run(
        [office, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path), str(made.path(suffix))],
        env=os.environ | {"HOME": str(tmp_path)},
        check=True,
        capture_output=True,
    )
    (pdf,) = tmp_path.glob("*.pdf")
    listed = subprocess.run([tool("pdfinfo"), str(pdf)], capture_output=True, check=True, text=True).stdout
    assert int(re.search(r"Pages:\s+(\d+)", listed).group(1)) >= pages
    assert BytesIO(pdf.read_bytes()).read(5) == b"%PDF-"
