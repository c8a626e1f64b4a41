"""What a reconciliation says of each number as SARIF 2.1.0, which editors and checking services read.

A text or a list of figures (PLAIN) tells line and column; of other kinds of file the place is told in words.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from warehouse.reconcile.judging.causes import DIAGNOSES
from warehouse.reconcile.numeral_marks import GRAVITIES, Gravity, Stretch, mark_of, places
from warehouse.reconcile.reading.report_file import decoded
from warehouse.reconcile.verdicts import VERDICTS, Reconciliation

PLAIN = (".txt", ".md", ".csv")
LEVELS: Mapping[Gravity, str] = {
    Gravity.WRONG: "error", Gravity.UNDECIDED: "warning", Gravity.DIFFERS: "warning", Gravity.NOTE: "note",
}  # fmt: skip
"""What is told to machines, and how serious it is there."""


def machine_list(path: Path, result: Reconciliation) -> dict[str, Any]:
    """The SARIF log of a report: a result for every number of which something is to be said, ready to be written."""
    results = list(_results(path, result))
    known = {**VERDICTS, **DIAGNOSES}
    rules = list(dict.fromkeys(each["ruleId"] for each in results))
    driver = {
        "name": "nianbao reconcile",
        "rules": [{"id": rule, "shortDescription": {"text": known.get(rule) or rule}} for rule in rules],
    }
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "language": "zh-CN", "results": results}
    return {"version": "2.1.0", "runs": [run]}


def _results(path: Path, result: Reconciliation) -> Iterator[dict[str, Any]]:
    rows = list(result.frame.iter_rows(named=True))
    for row, stretch in zip(rows, _stretches(path, [row["printed"] for row in rows]), strict=True):
        mark = mark_of(0, row)
        if mark.gravity not in LEVELS:
            continue
        fact = [row[name] for name in ("indicator_code", "figure_year", "subject_code", "scope_code", "kind")]
        yield {
            "ruleId": row["diagnosis"] or row["verdict"],
            "level": LEVELS[mark.gravity],
            "message": {"text": f"{row['label']}：{mark.remark}"},
            "locations": [_location(path, row, stretch)],
            "partialFingerprints": {"nianbao/1": "/".join(map(str, [*fact, row["printed"]]))},
            "properties": {
                "figure": row["figure_id"],
                "gravity": GRAVITIES[mark.gravity],
                "printed": row["printed"],
                "recomputed": row["recomputed"],
                "suggested": row["suggested"],
                "confidence": None if row["confidence"] is None else float(row["confidence"]),
            },
        }


def _location(path: Path, row: Mapping[str, Any], stretch: Stretch | None) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": quote(path.name)}}
    if stretch is not None:
        columns = {"startColumn": stretch.start + 1, "endColumn": stretch.end + 1}
        physical["region"] = {"startLine": stretch.text + 1, **columns, "snippet": {"text": row["printed"]}}
    said = "，".join(part for part in (row["section"] or "前言", row["place"]) if part)
    return {"physicalLocation": physical, "logicalLocations": [{"fullyQualifiedName": f"{said}：{row['figure_id']}"}]}


def _stretches(path: Path, printed: Sequence[str]) -> list[Stretch | None]:
    """Line and columns of each number in a text; None of other kinds of file."""
    text = decoded(path.read_bytes()) if path.suffix.lower() in PLAIN else None
    return places(text.splitlines(), printed) if text else [None] * len(printed)
