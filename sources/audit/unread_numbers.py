"""Numbers that a column cannot hold: with more decimals than it has, or a share where a count is asked for.

They are not read, but what was probably meant can be told from them.
"""

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal

import polars as pl

from sources.declarations.contract import Column
from sources.submission.cell import FORM_RECORD
from sources.submission.finding import Finding
from sources.submission.submission import NUMBER

UNREAD = ("value.not_integer", "value.not_decimal")
CellKey = tuple[str, str, int, str]


def is_unread_number(finding: Finding) -> bool:
    """Whether a finding says of a plain number that its column cannot hold it."""
    return finding.rule_id in UNREAD and bool(NUMBER.fullmatch(finding.value or ""))


def with_unread(frames: Mapping[str, pl.DataFrame], unread: Mapping[CellKey, float]) -> dict[str, pl.DataFrame]:
    """Typed frames, by contract name, in which these cells have their numbers; their columns are of floats then."""
    of_column: dict[tuple[str, str], list[tuple[str, int, float]]] = defaultdict(list)
    for (submission_id, sheet, record, column), value in unread.items():
        of_column[sheet, column].append((submission_id, record, value))
    filled = dict(frames)
    for (sheet, column), values in of_column.items():
        schema = {"submission_id": pl.String, "place": pl.Int64, "unread": pl.Float64}
        filled[sheet] = (
            filled[sheet]
            .with_columns(place=pl.col("record").fill_null(FORM_RECORD))
            .join(pl.DataFrame(values, schema=schema, orient="row"), on=["submission_id", "place"], how="left")
            .with_columns(pl.coalesce("unread", pl.col(column).cast(pl.Float64)).alias(column))
            .drop("place", "unread")
        )
    return filled


def share_told(column: Column, text: str) -> str | None:
    """The words for a share that stands where a count is asked for."""
    typed = text.strip().replace("％", "%")
    number = typed.removesuffix("%").strip()
    if column.type != "integer" or column.unit == "%" or not NUMBER.fullmatch(number):
        return None
    if typed.endswith("%") or 1 < Decimal(number) < 100:
        return f"很可能填的是百分数（占比）：这里要填{column.unit or '个'}数，不填占比"
    return f"很可能填的是占比（小数）：这里要填{column.unit or '个'}数，不填占比" if 0 < Decimal(number) < 1 else None
