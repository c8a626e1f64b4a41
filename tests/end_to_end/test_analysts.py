"""docs/analysts.md: every question is answered by its SQL, on the sample, also while a run writes."""

import re

import pytest

from sources.system.settings import PROJECT_ROOT
from warehouse.store.connection import open_published, open_working

QUESTIONS = re.findall(
    r"^(\d+)\. (.+?)\n\n```sql\n(.+?)```", (PROJECT_ROOT / "docs" / "analysts.md").read_text(), re.M | re.S
)


def test_there_are_ten_questions():
    assert [int(number) for number, _, _ in QUESTIONS] == list(range(1, 11))


@pytest.mark.parametrize(("number", "question", "sql"), QUESTIONS)
def test_the_question_is_answered(published, number, question, sql):
    assert published.execute(sql).fetchall(), question


def test_a_reader_reads_while_a_run_writes(fresh_copy):
    with open_published(fresh_copy) as reader, open_working(fresh_copy) as writer:
        writer.execute("create table raw.being_written as select 1 as number")
        assert reader.execute(QUESTIONS[0][2]).fetchall()
