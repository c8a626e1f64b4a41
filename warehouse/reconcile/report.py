"""Reconciling a file: the result with its memo, its page, and its place in the warehouse."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from sources.declarations.city import City
from warehouse.connection import insert, transaction
from warehouse.ddl import create_tables, declared
from warehouse.reconcile.diagnose import DIAGNOSES
from warehouse.reconcile.figures import Figure, read_list
from warehouse.reconcile.frame import VERDICTS, reconcile
from warehouse.reconcile.match import load_names
from warehouse.reconcile.text import read_report
from warehouse.reconcile.witnesses import Listing, usual_scopes

REPORTS = (".txt", ".docx")
TEMPLATES = Path(__file__).parent


@dataclass(frozen=True)
class Reconciliation:
    """`frame` has a row for every printed figure (frame.SCHEMA); `memo` is Markdown in Chinese."""

    source: str
    report_year: int
    frame: pl.DataFrame
    memo: str


def reconcile_file(
    connection: duckdb.DuckDBPyConnection | None,
    city: City,
    path: Path,
    report_year: int,
    published: Sequence[Path] = (),
) -> Reconciliation:
    """Reconciles a list of printed figures (.csv) or a report's own text (.txt, .docx) of a report year.

    `connection` is the warehouse, or None to compare the printed figures with each other only; `published` are the
    city's own lists of printed figures, whose names help to match. Raises ValueError that names the file when it
    cannot be read.
    """
    figures, listings = _read(connection, city, path, report_year, tuple(published))
    frame = reconcile(connection, city, figures, published, listings)
    return Reconciliation(path.name, report_year, frame, memo(frame, city, path.name, report_year))


def _read(
    connection: duckdb.DuckDBPyConnection | None, city: City, path: Path, report_year: int, published: tuple[Path, ...]
) -> tuple[list[Figure], list[Listing]]:
    if path.suffix.lower() not in REPORTS:
        return read_list(path), []
    reading = read_report(path, city, report_year, load_names(published), usual_scopes(connection, city, report_year))
    return reading.figures, reading.listings


def save(connection: duckdb.DuckDBPyConnection, result: Reconciliation) -> None:
    """Writes the result into `reconciliation.figure` of the working database, in place of an earlier one of it."""
    create_tables(connection, declared("reconciliation"))
    with transaction(connection):
        connection.execute(
            "delete from reconciliation.figure where report_year = ? and source = ?",
            [result.report_year, result.source],
        )
        named = result.frame.with_columns(report_year=pl.lit(result.report_year), source=pl.lit(result.source))
        insert(connection, "reconciliation.figure", named)


# --- words ---------------------------------------------------------------------------------------------------------


def memo(frame: pl.DataFrame, city: City, source: str, report_year: int) -> str:
    """What was found, as a memo (核对备忘录) in Markdown."""
    return _environment(escaped=False).get_template("memo.md.j2").render(_facts(frame, city, source, report_year))


def page(result: Reconciliation, city: City) -> str:
    """The same with every figure, as one HTML page that needs no other file."""
    facts = _facts(result.frame, city, result.source, result.report_year)
    return _environment(escaped=True).get_template("page.html.j2").render(facts)


def _environment(escaped: bool) -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=escaped, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip


def _facts(frame: pl.DataFrame, city: City, source: str, report_year: int) -> dict[str, object]:
    """Everything that the templates print."""
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
    """Prints that say the same of the same thing, and terms of one breach, stand together."""
    groups: dict[tuple[object, ...], list[dict[str, object]]] = {}
    for row in rows:
        fact = (row["indicator_code"], row["subject_code"], row["scope_code"], row["figure_year"], row["kind"])
        key = (row["broken_relations"],) if not row["is_suspected"] else (*fact, row["suggested"])
        groups.setdefault(key, []).append(row)
    return list(groups.values())
