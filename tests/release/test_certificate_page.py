"""The printed certificate: one tagged page with number, file, findings, main numbers and who stands by them."""

from collections.abc import Sequence
from dataclasses import replace

import pypdfium2
import pytest

from sources.archive.archive import Receipt
from sources.archive.certificates import ROLES, Certificate, Signature
from sources.submission.explanation import GivenExplanation
from sources.submission.finding import Finding
from tests.mend.test_corrected_workbook import Book, of_district, sample
from tests.mend.test_explained_workbook import findings_of, warned
from warehouse.release.documents.certificate_page import CertificatePage, certificate_page, write_certificate_pdf

SHA = "0123456789abcdef" * 4


def page_of(book: Book, findings: Sequence[Finding] = ()) -> CertificatePage:
    reading = book.reading
    assert reading.respondent
    assert reading.report_year
    signed = tuple(
        Signature(role, name, "clerk", "2023-11-25T01:30:00+00:00")
        for role, name in zip(ROLES, ("张三", "李四", "欧阳王五"), strict=True)
    )
    year = reading.report_year
    certificate = Certificate(
        f"{year}-451200-0007", SHA, reading.respondent.code, year, signed, "2023-11-25T01:30:00+00:00"
    )
    receipt = Receipt(SHA, "f.xlsx", 1, "2023-11-24T16:05:00+00:00", "2023-11-25")
    named = replace(reading, file_name=f"{year}_{reading.respondent.name}.xlsx")
    return certificate_page(certificate, receipt, named, findings, book.city)


def words_of(pdf: bytes) -> str:
    with pypdfium2.PdfDocument(pdf) as opened:
        assert len(opened) == 1
        return "".join(opened[0].get_textpage().get_text_bounded().split())


def test_the_page_says_what_was_certified_by_whom_and_when():
    page = page_of(sample())
    words = words_of(write_certificate_pdf(page))
    for told in (
        "2023-451200-0007",
        page.respondent,
        "2023年11月25日00:05",
        "填报人张三",
        "审核人李四",
        "校长欧阳王五",
    ):
        assert told in words
    assert SHA in words.replace("\u200b", "")
    assert "全日制在校生数人2591" in words


def test_numbers_stand_beside_last_years_as_the_file_has_them():
    numbers = {each.label: (each.value, each.last_year) for each in page_of(sample()).numbers}
    assert numbers["全日制在校生数"] == ("2591", "—")
    reading = of_district().reading
    after = replace(reading, last_year={("students", "students_full_time"): "880"})
    book = of_district()
    book.__dict__["reading"] = after
    assert {each.label: each.last_year for each in page_of(book).numbers}["全日制在校生数"] == "880"


def test_findings_left_are_counted():
    found = [each for each in findings_of(warned()) if each.severity == "warning"]
    answered = [replace(found[0], explanation=GivenExplanation(found[0].question, "因", "人")), *found[1:]]
    page = page_of(warned(), answered)
    assert page.findings == f"错误 0 个；警告 {len(found)} 个，其中已说明 1 个"


def test_the_page_is_tagged_and_the_same_bytes_each_time():
    page = page_of(of_district())
    pdf = write_certificate_pdf(page)
    assert pdf == write_certificate_pdf(page)
    assert b"/MarkInfo" in pdf or b"/StructTreeRoot" in pdf


@pytest.mark.parametrize("name", ["很长的学校名称" * 12, '#table() *强调* \\ " $x$'])
def test_odd_and_long_texts_stay_on_one_page(name: str):
    page = replace(
        page_of(sample()),
        respondent=name,
        file_name=name * 3,
        signed=(("填报人", name[:40], "2023年11月25日 00:05"),) * 3,
    )
    assert name.split()[0][:20] in words_of(write_certificate_pdf(page)).replace("\u200b", "") or "#" in name


def test_a_bureau_has_no_table_of_a_schools_numbers():
    page = page_of(sample("450700"))
    assert page.numbers == ()
    assert "主要数字" not in words_of(write_certificate_pdf(page))
