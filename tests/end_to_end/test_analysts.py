"""docs/analysts.md: every question is answered by its SQL, on the sample and another city, also while a run writes."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import duckdb
import pytest

from sources.system.settings import Settings
from tests.any_city.worlds import CITY, YEARS, pour
from tests.conftest import run_all
from tests.end_to_end.by_hand import BY_HAND, lay_out
from warehouse.catalogue.notebook import NOTEBOOK, PAGE, questions
from warehouse.store.connection import open_published, open_working

QUESTIONS = questions()
ON_SAMPLE = {"{year}": "2023", "{all}": "all"}
IN_HUAILING = {"2023": str(YEARS[1]), "'all'": "'every_school'", "'without_technician'": "'no_technician'"}
EMPTY_IN_HUAILING = {6, 9, 10}
"""A school of the sample, no warnings, no printed report."""
OF_SAMPLE_ALONE = {2, 5, 6, 9}
"""The scopes that the city chose, what its bureau is asked, and the above."""


@dataclass(frozen=True)
class Asked:
    """A published database, and what the questions' words are there."""

    connection: duckdb.DuckDBPyConnection
    words: dict[str, str]
    by_hand: dict[str, str]

    def answer(self, sql: str) -> list[tuple]:
        return self.connection.execute(_with(self.words, sql)).fetchall()

    def agrees(self, number: int, sql: str) -> None:
        """What is compared of the answer is what is there by hand, and something is."""
        hand = BY_HAND[number]
        asked = _with(self.by_hand, hand.asked)
        mine = self.connection.execute(f"with answer as ({_with(self.words, sql)}) {asked}").fetchall()
        theirs = self.connection.execute(_with(self.by_hand, hand.sql)).fetchall()
        assert _plain(mine) == _plain(theirs), number
        assert mine or number == 19, number


def _with(words: dict[str, str], text: str) -> str:
    for word, there in words.items():
        text = text.replace(word, there)
    return text


def _plain(rows: list[tuple]) -> list[tuple]:
    """Rows in order, numbers as they are written with six decimals at most."""
    number = (int, float, Decimal)
    return sorted(
        (tuple(round(float(cell), 6) if isinstance(cell, number) else cell for cell in row) for row in rows), key=repr
    )


@pytest.fixture(scope="module")
def sample(city_run: Settings) -> Iterator[Asked]:
    connection = lay_out(city_run.published_database)
    yield Asked(connection, {}, ON_SAMPLE)
    connection.close()


@pytest.fixture(scope="module")
def huailing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """A made-up city of another province, after two years."""
    settings = Settings(home=tmp_path_factory.mktemp("huailing"), city_dir=CITY.city_dir)
    for year in YEARS:
        pour(CITY, year, settings.inbox)
    run_all(settings, CITY.city, YEARS)
    connection = lay_out(settings.published_database)
    yield Asked(connection, IN_HUAILING, {"{year}": str(YEARS[1]), "{all}": "every_school"})
    connection.close()


def test_there_are_twenty_questions():
    assert [each.number for each in QUESTIONS] == list(range(1, 21))


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda each: str(each.number))
def test_the_question_is_answered(sample, question):
    assert sample.answer(question.sql), question.text


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda each: str(each.number))
def test_the_answer_is_that_of_sql_by_hand(sample, question):
    if question.number in BY_HAND:
        sample.agrees(question.number, question.sql)


def test_the_split_of_a_rate_is_that_of_the_formula_by_hand(sample):
    splits_agree(sample)


@pytest.mark.deep
def test_another_city_gets_its_own_answers(huailing):
    for question in QUESTIONS:
        assert huailing.answer(question.sql) or question.number in EMPTY_IN_HUAILING, question.text
        if question.number in BY_HAND.keys() - OF_SAMPLE_ALONE:
            huailing.agrees(question.number, question.sql)
    splits_agree(huailing)


def splits_agree(asked: Asked) -> None:
    """Question 11 by hand: the mean of both orders, of floating-point numbers of the sheets."""
    (question,) = (each for each in QUESTIONS if each.number == 11)
    year = int(asked.by_hand["{year}"])
    cells = {
        (row[0], row[1]): row[2:]
        for row in asked.connection.execute(
            "select report_year, respondent_code, graduates, placed, further_study from hand.outcomes"
        ).fetchall()
    }
    scopes = asked.connection.execute(
        "select scope_code, report_year, school_code from core.brg_scope_school"
    ).fetchall()
    found = asked.connection.execute(f"select * from ({_with(asked.words, question.sql)})").fetchall()
    assert found
    for scope, indicator, _, _, part, _, _, region_change, school in found:
        column = {"placement_rate": 1, "further_study_rate": 2}[indicator]

        def both(of_year: int, schools: set[str], column: int = column) -> tuple[int, int]:
            told = [cells[of_year, each] for each in schools if (of_year, each) in cells]
            return sum(row[column] for row in told), sum(row[0] for row in told)

        (n0, d0), (n1, d1) = (
            both(each, {code for name, of_year, code in scopes if name == scope and of_year == each})
            for each in (year - 1, year)
        )
        (m0, e0), (m1, e1) = (
            both(each, {school} if (scope, each, school) in scopes else set()) for each in (year - 1, year)
        )
        more, wider = m1 - m0, e1 - e0
        by_hand = 50 * ((more - wider * n1 / d1) / d0 + (more - wider * n0 / d0) / d1)
        assert float(part) == pytest.approx(by_hand, abs=1e-9)
        assert float(region_change) == pytest.approx(100 * n1 / d1 - 100 * n0 / d0, abs=1e-9)


def test_the_notebook_runs(city_run, monkeypatch):
    """Every cell, in order, without a kernel: what stands last in it is what a notebook shows."""
    monkeypatch.setenv("NIANBAO_DATABASE", str(city_run.published_database))
    cells = [cell for cell in json.loads(NOTEBOOK.read_text("utf-8"))["cells"] if cell["cell_type"] == "code"]
    names: dict[str, object] = {}
    exec("".join(cells[0]["source"]), names)
    shown = [eval("".join(cell["source"]), names).fetchall() for cell in cells[1:]]
    names["db"].close()
    assert len(shown) == len(QUESTIONS)
    assert all(shown)


def test_what_was_known_on_a_day_is_asked_in_one_line(city_run, published):
    published.execute(f"attach '{city_run.history_database}' as history (read_only)")
    lines = re.findall(r"`(from history\.as_of[^`]+)`", PAGE.read_text("utf-8"))
    assert len(lines) == 2
    for line in lines:
        assert published.execute(line).fetchall() == [], "before there was a history"
    now = lines[0].replace("2024-03-15", "2099-01-01")
    assert (
        published.execute(now).fetchall()
        == published.execute(f"from core.fct_measure where{now.split('where')[1]}").fetchall()
    )
    published.execute("detach history")  # other tests of this process have the same file open, and would see it


def test_a_reader_reads_while_a_run_writes(fresh_copy):
    with open_published(fresh_copy) as reader, open_working(fresh_copy) as writer:
        writer.execute("create table raw.being_written as select 1 as number")
        assert reader.execute(QUESTIONS[0].sql).fetchall()
