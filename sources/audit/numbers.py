"""The numbers of many submissions in one long frame, each with the judgement that its column names."""

from collections.abc import Mapping
from functools import lru_cache

import polars as pl

from sources.declarations.contract import Column, Contract, load_contracts
from sources.declarations.judgement import Range, load_judgements
from sources.declarations.pack import Pack
from sources.submission.cell import FORM_RECORD

ITEM = ("sheet", "column", "row")
"""What numbers of several respondents and years have in common: the row is the key of a record, '' of a form."""
NUMBERS_SCHEMA: dict[str, pl.DataType] = {
    "submission_id": pl.String(),
    "report_year": pl.Int64(),
    "respondent_code": pl.String(),
    "sheet": pl.String(),
    "record": pl.Int64(),
    "row": pl.String(),
    "column": pl.String(),
    "position": pl.Int64(),
    "judgement": pl.String(),
    "value": pl.Float64(),
}
"""`position` is the column's place in its sheet. Numbers that only label something are left out, and so are blanks."""


def judged_numbers(pack: Pack, frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """NUMBERS_SCHEMA of typed frames, by contract name: a row a number that is filled in."""
    parts = [
        _of_sheet(pack, contract, frames[contract.name])
        for contract in load_contracts(pack)
        if contract.name in frames and not frames[contract.name].is_empty() and judged_columns(pack, contract)
    ]
    return pl.concat([pl.DataFrame(schema=NUMBERS_SCHEMA), *parts])


def judged_columns(pack: Pack, contract: Contract) -> list[Column]:
    """The columns of a sheet that count or measure something."""
    judgements = load_judgements(pack)
    return [column for column in contract.columns if column.judged and not judgements[column.judged].is_label]


def _of_sheet(pack: Pack, contract: Contract, frame: pl.DataFrame) -> pl.DataFrame:
    judgements = load_judgements(pack)
    columns = [column for column in judged_columns(pack, contract) if column.name in frame.columns]
    names = [column.name for column in columns]
    identity = ["submission_id", "report_year", "respondent_code", "record"]
    row = pl.concat_str(
        [pl.col(name).cast(pl.String).fill_null("") for name in contract.key if name in frame.columns], separator="|"
    )
    long = (
        frame.select(
            *identity,
            (row if contract.shape == "records" else pl.lit("")).alias("row"),
            *(pl.col(name).cast(pl.Float64) for name in names),
        )
        .unpivot(names, index=[*identity, "row"], variable_name="column", value_name="value")
        .drop_nulls("value")
    )
    plain = {column.name: column.judged or "" for column in columns}
    of_rows = pl.lit(None, dtype=pl.String)
    for column in columns:
        if rows := judgements[column.judged or ""].rows:
            by_row = pl.col("row").replace_strict(dict(rows), default=column.judged, return_dtype=pl.String)
            of_rows = pl.when(pl.col("column") == column.name).then(by_row).otherwise(of_rows)
    return long.select(
        *identity[:3],
        pl.lit(contract.name).alias("sheet"),
        pl.col("record").fill_null(FORM_RECORD),
        "row",
        "column",
        pl.col("column")
        .replace_strict({name: n for n, name in enumerate(names)}, return_dtype=pl.Int64)
        .alias("position"),
        pl.coalesce(of_rows, pl.col("column").replace_strict(plain, return_dtype=pl.String)).alias("judgement"),
        "value",
    ).select(list(NUMBERS_SCHEMA))


@lru_cache
def own_bounds(pack: Pack) -> pl.DataFrame:
    """judgement, possible_low, possible_high, usual_low, usual_high, last_ratio, last_step, peer_ratio, peer_spreads,
    peer_step, peer_base: what each judgement says of a number by itself, its year before, its peers."""
    rows = [
        {
            "judgement": each.name,
            **_ends("possible", each.possible.between if each.possible else (None, None)),
            **_ends("usual", each.usual.between if each.usual else (None, None)),
            "last_ratio": _float(each.last_year and each.last_year.ratio),
            "last_step": _float(each.last_year and each.last_year.step),
            "peer_ratio": _float(each.peers and each.peers.ratio),
            "peer_spreads": _float(each.peers and each.peers.spreads),
            "peer_step": _float(each.peers and each.peers.step),
            "peer_base": each.peers.base if each.peers else None,
        }
        for each in load_judgements(pack).values()
    ]
    numbers = ("possible", "usual")
    ends = [f"{what}_{end}" for what in numbers for end in ("low", "high")]
    others = ["last_ratio", "last_step", "peer_ratio", "peer_spreads", "peer_step"]
    schema = {"judgement": pl.String, **dict.fromkeys([*ends, *others], pl.Float64), "peer_base": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


@lru_cache
def base_bounds(pack: Pack) -> pl.DataFrame:
    """judgement, base, possible_low, possible_high, usual_low, usual_high: a row a base."""
    rows = [
        {"judgement": each.name, "base": base.base, **_ends("possible", base.possible), **_ends("usual", base.usual)}
        for each in load_judgements(pack).values()
        for base in each.per
    ]
    ends = [f"{what}_{end}" for what in ("possible", "usual") for end in ("low", "high")]
    return pl.DataFrame(
        rows, schema={"judgement": pl.String, "base": pl.String, **dict.fromkeys(ends, pl.Float64)}, orient="row"
    )


@lru_cache
def wholes(pack: Pack) -> pl.DataFrame:
    """judgement, base: a row a number of which another is usually a part."""
    rows = [(each.name, whole) for each in load_judgements(pack).values() for whole in each.within]
    return pl.DataFrame(rows, schema={"judgement": pl.String, "base": pl.String}, orient="row")


def with_base(numbers: pl.DataFrame, every: pl.DataFrame, base: str = "base") -> pl.DataFrame:
    """The numbers with `base_value`, `base_sheet` and `base_column` of the column that `base` names (null: none).

    `every` are all numbers among which the bases are.
    """
    is_far = pl.col(base).str.contains(".", literal=True)
    parts = pl.col(base).str.split(".")
    named = numbers.with_columns(
        base_sheet=pl.when(is_far).then(parts.list.first()).otherwise("sheet"),
        base_column=parts.list.last(),
        base_record=pl.when(~is_far).then("record").otherwise(FORM_RECORD),
    )
    values = every.select(
        "submission_id",
        base_sheet="sheet",
        base_record="record",
        base_column="column",
        base_value="value",
    ).unique(["submission_id", "base_sheet", "base_record", "base_column"], keep="first")
    return named.join(
        values, on=["submission_id", "base_sheet", "base_record", "base_column"], how="left", maintain_order="left"
    )


def _ends(what: str, between: Range) -> dict[str, float | None]:
    return {f"{what}_low": _float(between[0]), f"{what}_high": _float(between[1])}


def _float(number: object) -> float | None:
    return None if number is None else float(str(number))
