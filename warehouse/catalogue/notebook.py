"""docs/analysts.md as a notebook: its questions are declared there, and nowhere else."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from sources.system.settings import PROJECT_ROOT

PAGE = PROJECT_ROOT / "docs" / "analysts.md"
NOTEBOOK = PROJECT_ROOT / "docs" / "notebook" / "analysts.ipynb"
QUESTION = re.compile(r"^(\d+)\. (.+?)\n\n```sql\n(.+?)```", re.M | re.S)
OPENING = """\
import os

import duckdb

published = "../../warehouse/data/published/nianbao.duckdb"
db = duckdb.connect(os.environ.get("NIANBAO_DATABASE", published), read_only=True)"""


@dataclass(frozen=True, slots=True)
class SqlQuestion:
    """A question of an analyst with the SQL that answers it."""

    number: int
    text: str
    sql: str


def questions(page: Path = PAGE) -> tuple[SqlQuestion, ...]:
    """The page's questions in order."""
    return tuple(SqlQuestion(int(number), text, sql) for number, text, sql in QUESTION.findall(page.read_text("utf-8")))


def notebook() -> str:
    """The text of the notebook (nbformat 4.5): a cell that opens the database, then two cells a question."""
    cells: list[dict[str, object]] = [
        _cell(
            "markdown",
            "about",
            "# 分析人员的二十个问题\n\n由 `nianbao generate` 根据 docs/analysts.md 写成，请勿改动。",
        ),
        _code("open", OPENING),
    ]
    for each in questions():
        cells += [
            _cell("markdown", f"question-{each.number}", f"## {each.number}. {each.text}"),
            _code(f"answer-{each.number}", f'db.sql("""\n{each.sql}""")'),
        ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    whole = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def _cell(kind: str, name: str, text: str) -> dict[str, object]:
    return {"cell_type": kind, "id": name, "metadata": {}, "source": text.splitlines(keepends=True)}


def _code(name: str, text: str) -> dict[str, object]:
    return _cell("code", name, text) | {"execution_count": None, "outputs": []}
