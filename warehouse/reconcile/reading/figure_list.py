"""A list of printed figures (CSV), read."""

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from warehouse.figures.fact import KINDS, VALUE, Reference
from warehouse.reconcile.reading.chinese_numbers import number_in_words
from warehouse.reconcile.reading.printed_figure import MULTIPLIERS, NUMBER, YEARS, PrintedFigure, number_in, plain


def read_list(path: Path) -> list[PrintedFigure]:
    """The figures of a CSV in either form, in order, one for each row.

    Raises ValueError that names the file when it has no such columns.
    """
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("gb18030")
    rows = csv.DictReader(io.StringIO(text))
    columns = set(rows.fieldnames or ())
    if {"figure_id", "kind", "indicator", "printed", "printed_value"} <= columns:
        return [_own_form(row) for row in rows]
    if {"figure_id", "indicator", "value", "as_printed"} <= columns:
        return [_plain_form(row) for row in rows]
    raise ValueError(
        f"{path}：不是印刷数字清单，应有列 figure_id、section、year、subject、indicator、value、unit、as_printed、scope"
    )


def _own_form(row: Mapping[str, str]) -> PrintedFigure:
    figure = _figure(row, row["label"] or "", row["printed"] or "", row["printed_value"] or "")
    kind = next((known for known in KINDS if known == (row["kind"] or VALUE)), None)
    if figure.year is None or kind is None:
        return figure
    return replace(
        figure,
        codes=Reference(row["indicator"] or "", figure.year, figure.subject, figure.scope, kind),
    )


def _plain_form(row: Mapping[str, str]) -> PrintedFigure:
    return _figure(row, row["indicator"] or "", row["as_printed"] or row["value"] or "", row["value"] or "")


def _figure(row: Mapping[str, str], label: str, printed: str, listed: str) -> PrintedFigure:
    """The printed text decides; the list's own number gives the sign where the print has no arrow."""
    year, unit = row.get("year") or "", row.get("unit") or ""
    value, number = _decimal(listed), number_in(printed)
    if number is None:
        number = number_in_words(plain(printed).removesuffix(unit))
    if number is not None and (prefix := _multiplier_in(printed)) and not unit.startswith(prefix):
        unit = prefix + unit
        value = value / MULTIPLIERS[prefix] if value is not None else None
    if number is not None and value is not None and value < 0 < number and "↑" not in printed:
        number = -number
    return PrintedFigure(
        figure_id=row["figure_id"] or "",
        section=row.get("section") or "",
        year=int(year) if re.fullmatch("[0-9]{4}", year) and int(year) in YEARS else None,
        subject=row.get("subject") or "",
        label=label,
        scope=row.get("scope") or "",
        unit=unit,
        printed=printed,
        value=value if number is None else number,
        listed=value if number is not None and value is not None and value != number else None,
    )


def _multiplier_in(printed: str) -> str:
    match = re.search(r"\d(百万|千万|万|亿)", plain(printed))
    return match[1] if match else ""


def _decimal(text: str) -> Decimal | None:
    bare = plain(text)
    return number_in(bare) if NUMBER.fullmatch(bare) else None
