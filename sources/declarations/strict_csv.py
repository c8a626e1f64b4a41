"""Strict reading of the CSV that people edit: headings known, lines as long as the head, values typed."""

import csv
from collections.abc import Iterator, Sequence
from io import StringIO
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from sources.declarations.misfit import Misfit, misfits
from sources.declarations.problem import DeclarationError, Problem, meant, shown_path

SEPARATORS = ("；", "，", ";", "\t")
Model = TypeVar("Model", bound=BaseModel)
Numbered = tuple[int, Model]
"""A line of a file with its number, from 1, the headings included."""


def read_lines_as(path: Path, model: type[Model]) -> list[Numbered[Model]]:
    """The lines of a CSV file, one model each. Raises DeclarationError, in Chinese, with everything that is wrong."""
    lines: list[Numbered[Model]] = []
    problems: list[Problem] = []
    needed = [name for name, field in model.model_fields.items() if field.is_required()]
    others = [name for name in model.model_fields if name not in needed]
    for number, values in read_strictly(path, needed, others):
        try:
            lines.append((number, model.model_validate(values)))
        except ValidationError as error:
            problems += [line_problem(path, number, misfit) for misfit in misfits(error, model, "zh")]
    if problems:
        raise DeclarationError(problems)
    return lines


def read_strictly(
    path: Path, headings: Sequence[str], optional: Sequence[str] = ()
) -> Iterator[tuple[int, dict[str, Any]]]:
    """(number, heading → text) of each line of a file that must have these headings, in any order; `optional`: may.

    Raises DeclarationError: no UTF-8, a heading that is unknown, missing or there twice, a line too short or too long.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        told = "不是 UTF-8 编码；请另存为“CSV UTF-8（逗号分隔）”"
        raise DeclarationError([Problem(shown_path(path), None, "", told)]) from None
    except IsADirectoryError:
        raise DeclarationError([Problem(shown_path(path), None, "", "这是文件夹，不是文件")]) from None
    if not text.strip():
        raise DeclarationError([Problem(shown_path(path), None, "", "是空的，什么也没有写")])
    if "\0" in text:
        raise DeclarationError(
            [Problem(shown_path(path), None, "", "有看不见的控制字符；请另存为“CSV UTF-8（逗号分隔）”")]
        )
    rows = csv.reader(StringIO(text, newline=""))
    head = next(rows, [])
    if problems := [line_problem(path, 1, misfit) for misfit in _wrong_headings(head, headings, optional)]:
        raise DeclarationError(problems)
    lines = [(rows.line_num, row) for row in rows if row]
    wrong = [
        line_problem(path, number, Misfit((), f"有 {len(row)} 项，表头有 {len(head)} 项；请检查逗号和引号"))
        for number, row in lines
        if len(row) != len(head)
    ]
    if wrong:
        raise DeclarationError(wrong)
    yield from ((number, dict(zip(head, row, strict=True))) for number, row in lines)


def _wrong_headings(head: Sequence[str], needed: Sequence[str], optional: Sequence[str]) -> Iterator[Misfit]:
    known = [*needed, *optional]
    if len(head) == 1 and (found := [each for each in SEPARATORS if each in head[0]]):
        yield Misfit((), f"各列之间要用英文逗号，这里用了“{found[0]}”")
        return
    missing = [name for name in needed if name not in head]
    for position, name in enumerate(head):
        if name not in known:
            yield Misfit((name,), f"没有“{name}”这一列{meant(name, missing or known)}")
        elif name in head[:position]:
            yield Misfit((name,), f"“{name}”一列写了两次")
    if not any(name not in known for name in head):
        for name in missing:
            yield Misfit((name,), f"缺少“{name}”一列")


def line_problem(path: Path, number: int, misfit: Misfit) -> Problem:
    return Problem(shown_path(path), number, misfit.key, misfit.text)
