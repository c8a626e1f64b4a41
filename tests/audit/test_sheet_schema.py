"""What is asked of a sheet in one expression is what pandera asks check by check."""

from decimal import Decimal

import pandera.polars as pa
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.audit.sheet_schema import sheet_schema
from sources.declarations.contract import Column, Contract, load_contracts
from sources.submission.frames import polars_type
from tests.support.sample import PACK

YEAR = 2023
CONTRACTS = [contract for contract in load_contracts(PACK) if contract.is_valid_in(YEAR)]
CODES = ["91350100M000100Y43", "91350100M000100Y44", "123456", "12345", "甲"]
"""Right and wrong ones."""


def values(column: Column) -> st.SearchStrategy[object]:
    """Values inside and outside of what the column asks, and none."""
    if column.type == "integer":
        near = [int(each) + step for each in (column.ge, column.le) if each is not None for step in (-1, 0, 1)]
        return st.sampled_from([None, 0, 7, *near])
    if column.type == "decimal":
        near = [each + step for each in (column.ge, column.le) if each is not None for step in (-1, 0, 1)]
        return st.sampled_from([None, *(Decimal(each).quantize(Decimal(1)) for each in (0, 7, *near))])
    if column.type == "text":
        return st.sampled_from([None, *CODES, "长" * column.max_length, "长" * (column.max_length + 1)])
    return st.none()


@st.composite
def sheets(draw: st.DrawFn, contract: Contract) -> pl.DataFrame:
    """A typed frame of the sheet: up to three rows, of which two may be the same."""
    columns = contract.columns_in(YEAR)
    rows = draw(st.lists(st.fixed_dictionaries({each.name: values(each) for each in columns}), max_size=2))
    rows += rows[: draw(st.integers(0, 1))]
    schema = {"submission_id": pl.String(), "record": pl.Int64()} | {each.name: polars_type(each) for each in columns}
    return pl.DataFrame([{"submission_id": "s", "record": at, **row} for at, row in enumerate(rows)], schema=schema)


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_one_expression_says_whether_pandera_finds_anything(contract: Contract, data: st.DataObject):
    frame = data.draw(sheets(contract))
    sheet = sheet_schema(PACK, contract.name, YEAR)
    try:
        sheet.schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors:
        finds_something = True
    else:
        finds_something = False
    assert frame.select(sheet.nothing_fails).item() is not finds_something


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)
def test_a_sheet_without_rows_has_nothing_that_fails(contract: Contract):
    columns = contract.columns_in(YEAR)
    schema = {"submission_id": pl.String(), "record": pl.Int64()} | {each.name: polars_type(each) for each in columns}
    assert pl.DataFrame(schema=schema).select(sheet_schema(PACK, contract.name, YEAR).nothing_fails).item() is True
