"""The written reports of the bench: what is planted stands in the text, and every numeral finds its row."""

from decimal import Decimal

import polars as pl

from tests.bench.written_reports import HALVES, Numeral, decided, rows_of, text_of
from warehouse.reconcile.reading.printed_figure import PrintedFigure


def numeral(printed: str, words: tuple[str, str] = ("", "")) -> Numeral:
    return Numeral(PrintedFigure("", "", 2025, "", "", "", "人", printed, Decimal(printed)), words)


def test_an_error_is_printed_in_place_of_the_number_and_turns_its_word():
    report = ("教师", numeral("940"), "，比上年", numeral("20", ("增加", "减少")), "。")
    assert text_of(report, {}) == ("教师940人，比上年增加20人。", ["940", "20"])
    assert text_of(report, {0: Decimal(490), 1: Decimal(-20)}) == ("教师490人，比上年减少20人。", ["490", "20"])


def test_a_numeral_finds_the_next_row_with_its_digits():
    frame = pl.DataFrame({"printed": ["2025年", "940人", "20人", "940人"]})
    found = rows_of(frame, ["940", "940", "7"])
    assert [row and row["printed"] for row in found] == ["940人", "940人", None]


def test_what_tunes_and_what_judges_share_nothing():
    tuning, judging = HALVES["tuning"], HALVES["judging"]
    assert all(getattr(tuning, name) != getattr(judging, name) for name in ("world", "wording", "seed"))


def test_a_target_is_met_only_if_the_whole_interval_says_so():
    assert [decided(*each) for each in ((1000, 1000, 0.97), (29, 30, 0.97), (20, 30, 0.97))] == [
        "met",
        "not decided",
        "**not met**",
    ]
