"""This module writes the result of a reconciliation as a memo and as a page."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from sources.declarations.city import City
from warehouse.reconcile.judging.causes import DIAGNOSES
from warehouse.reconcile.verdicts import VERDICTS, Reconciliation

TEMPLATES = Path(__file__).parent


def memo(frame: pl.DataFrame, city: City, source: str, report_year: int) -> str:
    """Writes the result as a memo (核对备忘录) in Markdown."""
    return _environment(escaped=False).get_template("memo.md.j2").render(_facts(frame, city, source, report_year))


def page(result: Reconciliation, city: City) -> str:
    """Writes the memo and every figure as one HTML page that needs no other file."""
    facts = _facts(result.frame, city, result.source, result.report_year)
    return _environment(escaped=True).get_template("page.html.j2").render(facts)


def _environment(escaped: bool) -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=escaped, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip


def _facts(frame: pl.DataFrame, city: City, source: str, report_year: int) -> dict[str, object]:
    """The values that the templates print."""
    rows = frame.to_dicts()
    wrong = [row for row in rows if row["is_suspected"]]
    undecided = [row for row in rows if not row["is_suspected"] and row["broken_relations"]]
    shown = {id(row) for row in (*wrong, *undecided)}
    rest = [row for row in rows if id(row) not in shown]
    return {
        "city": city.name,
        "source": source,
        "year": report_year,
        "rows": rows,
        "verdicts": VERDICTS,
        "diagnoses": DIAGNOSES,
        "counts": {verdict: sum(row["verdict"] == verdict for row in rows) for verdict in VERDICTS},
        "wrong": _together(wrong),
        "undecided": _together(undecided),
        "differing": [row for row in rest if row["verdict"] in ("differs", "truncated", "contradicts")],
        "notes": [row for row in rest if row["explanation"] and row["verdict"] in ("consistent", "supported")],
        "unmatched": [row for row in rows if row["verdict"] == "not_matched"],
        "unverifiable": [row for row in rest if row["verdict"] == "not_verifiable"],
    }


def _together(rows: Sequence[dict[str, object]]) -> list[list[dict[str, object]]]:
    """Groups prints that say the same of the same thing, and the terms of one breach."""
    groups: dict[tuple[object, ...], list[dict[str, object]]] = {}
    for row in rows:
        fact = (row["indicator_code"], row["subject_code"], row["scope_code"], row["figure_year"], row["kind"])
        key = (row["broken_relations"],) if not row["is_suspected"] else (*fact, row["suggested"])
        groups.setdefault(key, []).append(row)
    return list(groups.values())
