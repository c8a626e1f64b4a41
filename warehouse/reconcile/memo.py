"""This module writes the result of a reconciliation as a memo and as a page."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from sources.system.html_page import html_templates
from sources.system.plain_text import as_markdown
from warehouse.reconcile.answers import Answer
from warehouse.reconcile.judging.causes import DIAGNOSES
from warehouse.reconcile.numeral_marks import GRAVITIES, gravity_of, marked_text
from warehouse.reconcile.verdicts import VERDICTS, Reconciliation

TEMPLATES = Path(__file__).parent
SHOWN_IN_MEMO = 1_000
CODES = ("verdict", "indicator_code", "subject_code", "scope_code", "kind")
"""Columns by which the templates decide, and which they do not print."""


def memo(
    frame: pl.DataFrame,
    owner: str,
    source: str,
    report_year: int,
    origin_note: str = "",
    answers: Sequence[Answer] = (),
) -> str:
    """Writes the result as a memo (核对备忘录) in Markdown; what the report of the `owner` says is text in it."""
    texts = pl.selectors.string() - pl.selectors.by_name(CODES)
    shown = frame.with_columns(texts.map_elements(_in_memo, return_dtype=pl.String))
    facts = _facts(shown, _in_memo(owner), _in_memo(source), report_year, origin_note)
    return markdown_templates().get_template("memo.md.j2").render(facts | _answered(answers, _in_memo))


def markdown_templates() -> Environment:
    """The templates in Markdown (*.md.j2); the filter `shown` makes plain text of what a report says."""
    templates = Environment(  # Markdown, no page  # nosec B701
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True,
    )  # fmt: skip
    templates.filters["shown"] = _in_memo
    return templates


def page(result: Reconciliation) -> str:
    """Writes the memo, the report's text in colours, and every figure as one HTML page that needs no other file."""
    facts = _facts(result.frame, result.owner, result.source, result.report_year, result.origin_note)
    gravity_counts = Counter(map(gravity_of, result.frame.iter_rows(named=True)))
    text = {"text": marked_text(result), "gravities": GRAVITIES, "gravity_counts": gravity_counts}
    return html_templates(TEMPLATES).get_template("page.html.j2").render(facts | text | _answered(result.answers, str))


def _answered(answers: Sequence[Answer], shown: Callable[[str], str]) -> dict[str, object]:
    """What the templates print of answers to comments: those that were answered or settled, and how many were not."""
    told = [each for each in answers if each.replies or each.is_done]
    return {
        "answered": [
            {
                "at": shown(each.at),
                "said": shown(each.said),
                "replies": [f"{shown(author)}：{shown(text)}" for author, text in each.replies],
                "is_done": each.is_done,
            }
            for each in told
        ],
        "unanswered": len(answers) - len(told),
    }


def _in_memo(text: str) -> str:
    return as_markdown(text, SHOWN_IN_MEMO)


def _facts(frame: pl.DataFrame, owner: str, source: str, report_year: int, origin_note: str) -> dict[str, object]:
    """The values that the templates print."""
    rows = frame.to_dicts()
    wrong = [row for row in rows if row["is_suspected"]]
    undecided = [row for row in rows if not row["is_suspected"] and row["broken_relations"]]
    shown = {id(row) for row in (*wrong, *undecided)}
    rest = [row for row in rows if id(row) not in shown]
    others = [row for row in rest if row["verdict"] == "other_kind"]
    return {
        "owner": owner,
        "source": source,
        "year": report_year,
        "origin_note": origin_note,
        "rows": rows,
        "verdicts": VERDICTS,
        "diagnoses": DIAGNOSES,
        "counts": {verdict: sum(row["verdict"] == verdict for row in rows) for verdict in VERDICTS},
        "wrong": together(wrong),
        "undecided": together(undecided),
        "differing": [row for row in rest if row["verdict"] in ("differs", "truncated", "contradicts")],
        "notes": [row for row in rest if row["explanation"] and row["verdict"] in ("consistent", "supported")],
        "understood": (understood := sum(row["indicator_code"] is not None for row in rows)),
        "not_understood": (unread := sum(row["verdict"] == "not_matched" for row in rows)),
        "of_others": len(rows) - understood - unread,
        "others": _by_reason([row for row in others if row["figure_year"] is not None]),
        "numerals": _by_reason([row for row in others if row["figure_year"] is None]),
        "unmatched": [row for row in rows if row["verdict"] == "not_matched"],
        "unverifiable": [row for row in rest if row["verdict"] == "not_verifiable"],
    }


def _by_reason(rows: Sequence[dict[str, object]]) -> dict[object, list[dict[str, object]]]:
    """The rows by the reason why they are not the city's own of the year."""
    groups: dict[object, list[dict[str, object]]] = {}
    for row in rows:
        groups.setdefault(row["explanation"], []).append(row)
    return groups


def together(rows: Sequence[dict[str, object]]) -> list[list[dict[str, object]]]:
    """The rows in groups: prints that say the same of the same thing, and the terms of one breach."""
    groups: dict[tuple[object, ...], list[dict[str, object]]] = {}
    for row in rows:
        known = row["indicator_code"] or f"{row['section']} {row['label']}"
        fact = (known, row["subject_code"], row["scope_code"], row["figure_year"], row["kind"])
        key = (row["broken_relations"],) if not row["is_suspected"] else (*fact, row["suggested"])
        groups.setdefault(key, []).append(row)
    return list(groups.values())
