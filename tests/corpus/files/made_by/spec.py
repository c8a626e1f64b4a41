"""Prints the small workbooks of some seeds as JSON for writers in other languages: `python -m … 6 > books.json`."""

import json
import sys
from datetime import date, datetime
from typing import Any

from tests.corpus.small_books import small_book
from tests.hostile.books import Failed, Formula, Percent, Shown


def told(value: Any) -> dict[str, Any]:
    """A cell's kind (n, s, b, d, t, f, e, p) and value; f has the result too, p the format."""
    if isinstance(value, Formula):
        return {"k": "f", "v": value.text, "result": value.result}
    if isinstance(value, Failed):
        return {"k": "e", "v": value.code}
    if isinstance(value, Percent):
        return {"k": "p", "v": value.number, "code": "0.00%"}
    if isinstance(value, Shown):
        return {"k": "p", "v": value.number, "code": value.code}
    if isinstance(value, bool):
        return {"k": "b", "v": value}
    if isinstance(value, datetime):
        return {"k": "t", "v": value.isoformat()}
    if isinstance(value, date):
        return {"k": "d", "v": value.isoformat()}
    return {"k": "s" if isinstance(value, str) else "n", "v": value}


def books(count: int) -> list[list[dict[str, Any]]]:
    """The sheets of the first small workbooks."""
    return [
        [
            {
                "title": sheet.title,
                "merged": sheet.merged,
                "cells": [{"r": row, "c": column, **told(value)} for (row, column), value in sheet.cells.items()],
            }
            for sheet in small_book(seed).sheets
        ]
        for seed in range(count)
    ]


if __name__ == "__main__":
    json.dump(books(int(sys.argv[1])), sys.stdout, ensure_ascii=False)
