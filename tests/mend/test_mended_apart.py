"""Done in a process of its own, a correction is the same; what a file exceeds is told, from several threads at once."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime

import pytest

from sources.check import check_apart
from sources.check_workbook import check_workbook
from sources.mend.corrected_workbook import Correction, CorrectionError, corrected
from sources.mend.explained_workbook import explained
from sources.mend.mended_apart import corrected_apart, explained_apart, viewed_apart
from sources.read.read_workbook import read_workbook
from sources.read.sheet_view import view_sheets
from sources.system import apart
from sources.system.apart import keep_idle
from sources.system.settings import Limits
from tests.mend.test_corrected_workbook import ITEM, STUDENTS, sample
from tests.mend.test_explained_workbook import answers, findings_of, warned

AT = datetime(2024, 1, 2)


def test_apart_the_file_is_the_same():
    book, asked = sample(), [Correction(STUDENTS, ITEM, "2600")]
    assert corrected_apart(book.data, asked, book.city, Limits(), AT) == corrected(book.data, asked, book.city, AT)
    assert viewed_apart(book.data, book.city, Limits()) == view_sheets(book.data, book.city)
    found = findings_of(warned())
    both = (
        make(warned().data, found, answers(found), book.city, limits=Limits()) for make in (explained_apart, explained)
    )
    readings = [read_workbook(each, "", "", book.city).explanations for each in both]
    assert readings[0] == readings[1] != ()


def test_a_refusal_is_told_in_the_same_words():
    book = sample()
    with pytest.raises(CorrectionError, match="不是填数的格"):
        corrected_apart(book.data, [Correction(STUDENTS, "Z9", "1")], book.city, Limits())
    asked = [replace(answers(findings_of(warned()))[0], author="")]
    with pytest.raises(CorrectionError, match="原因和说明人"):
        explained_apart(warned().data, findings_of(warned()), asked, book.city, Limits())


def test_what_a_file_exceeds_is_a_refusal_and_shows_nothing():
    book, tight = sample(), Limits(result_bytes=1_000)
    with pytest.raises(CorrectionError, match="读出的内容超过"):
        corrected_apart(book.data, [Correction(STUDENTS, ITEM, "1")], book.city, tight)
    assert viewed_apart(book.data, book.city, tight) == ()


def test_threads_have_their_files_judged_at_the_same_time_and_the_processes_stay():
    book = sample()
    bad = corrected(book.data, [Correction(STUDENTS, ITEM, "很多")], book.city)
    files = [book.data, bad] * 2
    expected = [check_workbook(data, "f.xlsx", book.city, Limits()).is_acceptable for data in files[:2]]
    keep_idle(2)
    try:
        with ThreadPoolExecutor(2) as threads:
            judged = list(threads.map(lambda data: check_apart(data, "f.xlsx", book.city, Limits()), files))
        assert [each.is_acceptable for each in judged] == expected * 2
        assert expected == [True, False]
        assert len(apart._idle) == 2
    finally:
        keep_idle(1)
        apart._let_go()
