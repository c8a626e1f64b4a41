"""Nothing unfinished and no foreign word stands in what a reader reads; the gate says in which file and where."""

import io
import shutil
from pathlib import Path

import docx
import openpyxl
import pytest
from docx.shared import Pt

from sources.declarations.city import City
from tests.release.conftest import RELEASED_ON, render, template_with
from tests.release.test_pdf import squeezed, text_of
from warehouse.release.documents.pdf import write_pdf
from warehouse.release.documents.report_draft import HINT_STYLE
from warehouse.release.documents.write_documents import FOR_AUTHORS
from warehouse.release.proofread.pdf_words import pdf_pages
from warehouse.release.proofread.proofread import (
    UnfinishedTextError,
    refuse_unfinished_text,
    said_by_others,
    strays,
    whole_words,
)


def found_in(folder: Path, quoted: str = "", own: frozenset[str] = frozenset()) -> list[tuple[str, str, str]]:
    return [(each.passage.file, each.passage.place, each.text) for each in strays(folder, own, quoted)]


def test_the_documents_of_a_release_are_finished_and_the_authors_draft_is_not(made, database, tmp_path):
    for path in made.documents.paths:
        shutil.copy(path, tmp_path)
    assert found_in(tmp_path, said_by_others(database)) == []
    draft = render(made.figures)
    (tmp_path / FOR_AUTHORS).write_bytes(draft.for_authors)
    assert {text for _, _, text in found_in(tmp_path, said_by_others(database))} >= {"【编写提示】"}


def test_hints_are_in_the_draft_for_authors_alone_and_nothing_else_differs(made):
    draft = render(made.figures)
    released, for_authors = (docx.Document(io.BytesIO(data)) for data in (draft.data, draft.for_authors))
    assert not any(p.style.name == HINT_STYLE for p in released.paragraphs)
    hints = [p.text for p in for_authors.paragraphs if p.style.name == HINT_STYLE]
    assert len(hints) > 5
    assert [p.text for p in released.paragraphs] == [p.text for p in for_authors.paragraphs if p.text not in hints]


def word_file(path: Path, text: str) -> None:
    document = docx.Document()
    document.core_properties.author = document.core_properties.comments = "一"
    document.add_paragraph("第一段。")
    document.add_paragraph(text)
    document.save(str(path))


def workbook(path: Path, text: str) -> None:
    book = openpyxl.Workbook()
    book.properties.creator, book.active.title = "一", "表一"
    book.active["C3"] = text
    book.save(path)


def page(path: Path, text: str) -> None:
    path.write_text(f"<html>\n<body>\n<p>一</p>\n<p>{text}</p>\n<code>{text}</code></body></html>", "utf-8")


def pdf(path: Path, text: str) -> None:
    source = io.BytesIO()
    document = docx.Document()
    for said in ("第一页", text):
        document.add_paragraph(said).runs[0].font.size = Pt(12)
    document.paragraphs[1].paragraph_format.page_break_before = True
    document.save(source)
    path.write_bytes(write_pdf(source.getvalue(), RELEASED_ON))


FILES = {
    "a.docx": (word_file, "正文第 2 段"),
    "a.xlsx": (workbook, "表一 C3"),
    "a.html": (page, "第 4 行"),
    "a.pdf": (pdf, "第 2 页"),
}


@pytest.mark.parametrize("text", ["【编写提示】请写", "见 {{ 值 }}", "TODO", "【待补】", "of the students"])
@pytest.mark.parametrize("name", FILES)
def test_what_must_not_be_released_is_found_in_every_kind_of_file_with_its_place(name, text, tmp_path):
    write, place = FILES[name]
    write(tmp_path / name, text)
    found = found_in(tmp_path)
    assert found
    assert {(file, where) for file, where, _ in found} == {(name, place)}
    write(tmp_path / name, "2023年的 PDF 和 Excel 文件，编号 students_full_time-2023-450700-all-value，以bac91876为准")
    assert found_in(tmp_path) == []


def test_what_others_said_what_the_city_allows_and_what_machines_read_is_let_through(tmp_path):
    page(tmp_path / "a.html", "VR实训室，PLC应用技术，备注【待补】")
    assert {text for _, _, text in found_in(tmp_path)} == {"VR", "PLC", "【待补】"}
    assert found_in(tmp_path, "PLC应用技术\n【待补】", frozenset({"VR"})) == []
    (tmp_path / "data").mkdir()
    shutil.move(tmp_path / "a.html", tmp_path / "data")
    assert found_in(tmp_path) == []


def test_the_refusal_names_file_place_and_text_and_what_to_do(database, city: City, tmp_path):
    workbook(tmp_path / "汇总表.xlsx", "students per teacher")
    with pytest.raises(UnfinishedTextError) as refused:
        refuse_unfinished_text(database, tmp_path, city, ())
    told = str(refused.value)
    for part in ("汇总表.xlsx", "表一 C3", "students", "publication.yml"):
        assert part in told


def test_the_text_of_a_pdf_is_what_pdftotext_reads(made, tmp_path):
    odd = '(((括号))) \\ "引号" A(B)C 【一】'
    for data in (
        made.path(".pdf").read_bytes(),
        write_pdf(render(made.figures, template_with(tmp_path, "# 概况", odd)).data, RELEASED_ON),
    ):
        read, other = "".join(pdf_pages(data)), text_of(data)
        assert sorted(squeezed(read).replace("\u2060", "")) == sorted(squeezed(other).replace("\u2060", ""))


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        (["Mbp", "s"], ["Mbps"]),
        (["M", "bp", "s", "xlsx"], ["Mbps", "xlsx"]),
        (["Mbp", "t"], ["Mbp", "t"]),
        (["ab", "Mb", "ps"], ["ab", "Mbps"]),
    ],
)
def test_a_word_that_a_page_draws_in_pieces_is_one_word_and_only_if_it_is_known(pieces, words):
    assert list(whole_words(pieces, {"mbps", "xlsx"})) == words
