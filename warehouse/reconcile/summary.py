"""What a leader reads of a reconciliation: one page (A4), the most serious first, and what has to be done."""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sources.system.html_page import html_templates
from warehouse.reconcile.memo import together
from warehouse.reconcile.numeral_marks import Gravity, gravity_of
from warehouse.reconcile.reading.printed_figure import number_in
from warehouse.reconcile.verdicts import Reconciliation

TEMPLATES = Path(__file__).parent
WRONG_SHOWN, UNDECIDED_SHOWN = 7, 3
LONGEST_REASON = 80
"""Characters; with so many rows of so many characters the page stays one."""
LONGEST_LABEL, LONGEST_NUMBER, PLACES_SHOWN = 30, 16, 2
SAID_BESIDE = re.compile("^印为[^：]*应为[^：]*：")
"""The beginning of a reason that repeats what stands in the cells beside it."""


@dataclass(frozen=True, slots=True)
class Matter:
    """Something that has to be put right or decided, in all places where it is printed."""

    label: str
    printed: str
    right: str
    reason: str
    places: str


def summary_page(result: Reconciliation) -> str:
    """Writes the summary (摘要) as an HTML page that prints on one sheet."""
    rows = list(result.frame.iter_rows(named=True))
    counts = Counter(map(gravity_of, rows))
    wrong = sorted(together([row for row in rows if gravity_of(row) is Gravity.WRONG]), key=_seriousness, reverse=True)
    undecided = together([row for row in rows if gravity_of(row) is Gravity.UNDECIDED])
    return (
        html_templates(TEMPLATES)
        .get_template("summary.html.j2")
        .render(
            owner=result.owner,
            year=result.report_year,
            source=_short(result.source, LONGEST_LABEL),
            numerals=len(rows),
            counts=counts,
            judged=sum(counts[each] for each in Gravity if each not in (Gravity.UNREAD, Gravity.OTHER)),
            wrong=[_matter(group) for group in wrong[:WRONG_SHOWN]],
            more_wrong=len(wrong[WRONG_SHOWN:]),
            undecided=[_matter(group) for group in undecided[:UNDECIDED_SHOWN]],
            more_undecided=len(undecided[UNDECIDED_SHOWN:]),
            origin_note=result.origin_note,
        )
    )


def _seriousness(group: list[dict[str, Any]]) -> tuple[float, int]:
    """How sure it is times how far the print is from what is right (a number twice as large as it should be counts as
    far as any), then in how many places it is printed."""
    row = group[0]
    printed, right = (number_in(row[name] or "") for name in ("printed", "suggested"))
    far = 1.0 if printed is None or right is None or not right else min(1.0, float(abs(printed - right) / abs(right)))
    return float(row["confidence"] or 0) * far, len(group)


def _matter(group: list[dict[str, Any]]) -> Matter:
    row = group[0]
    right = (
        f"{row['suggested']}{row['unit']}" if row["suggested"] and not row["unit"].startswith(":") else row["suggested"]
    )
    shown = "、".join(f"{each['figure_id']}（{each['section'] or '前言'}）" for each in group[:PLACES_SHOWN])
    whose = f"（{row['subject']}，{row['figure_year']}年）" if row["subject"] and row["figure_year"] else ""
    return Matter(
        label=_short(f"{row['label']}{whose}", LONGEST_LABEL),
        printed=_short(row["printed"], LONGEST_NUMBER),
        right=_short(right or "", LONGEST_NUMBER),
        reason=_short(SAID_BESIDE.sub("", row["explanation"] or ""), LONGEST_REASON),
        places=f"{shown}等{len(group)}处" if len(group) > PLACES_SHOWN else shown,
    )


def _short(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 2]}……"
