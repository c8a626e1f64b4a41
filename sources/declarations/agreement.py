"""Rules that derive from `adds: same_for_all`: who states something else than the others of a province is told."""

from collections.abc import Iterator
from functools import lru_cache

from sources.declarations.contract import Column, Contract, load_contracts
from sources.declarations.pack import Pack
from sources.declarations.rule import CrossRule, Fixtures, load_cross_rules

RESPONDENTS = ("respondent", ("respondent_code", "name", "province"))
"""The frame, and its columns, that says of each respondent its name and the province (or wider) that it lies in."""
SQL = """
with said as (
select sheet.submission_id, sheet.record, sheet.{column} as value, who.name, who.province
from {sheet} as sheet left join respondent as who on sheet.respondent_code = who.respondent_code),
of_province as (
select province, count(distinct value) as n_values,
array_to_string(array_agg(name || ' ' || cast(value as varchar) order by name), '、') as told
from said where value is not null group by province)
select said.submission_id, said.record, of_province.n_values = 1 as holds, of_province.told
from said left join of_province on said.province = of_province.province and said.value is not null
"""


@lru_cache
def cross_rules(pack: Pack) -> tuple[CrossRule, ...]:
    """All rules across sheets, years and respondents: those of the files, then those that derive from contracts."""
    return (*load_cross_rules(pack), *_agreement_rules(pack))


def _agreement_rules(pack: Pack) -> Iterator[CrossRule]:
    """A rule for each number of a form that must be the same for all respondents of a province."""
    for contract in load_contracts(pack):
        for column in contract.columns:
            if column.adds == "same_for_all":
                yield _rule(contract, column)


def _rule(contract: Contract, column: Column) -> CrossRule:
    def fixture(*values: int | None) -> dict[str, list[dict[str, object]]]:
        codes = ("a", "b")[: len(values)]
        return {
            RESPONDENTS[0]: [{"respondent_code": code, "name": code, "province": "p"} for code in codes],
            contract.name: [
                {"respondent_code": code, column.name: value} for code, value in zip(codes, values, strict=True)
            ],
        }

    return CrossRule(
        id=f"city.same_for_all_{column.name}",
        level="city",
        severity="warning",
        sheet=contract.name,
        column=column.name,
        sql=SQL.format(sheet=contract.name, column=column.name),
        message=f"“{column.label}”各单位填报的不一致：{{told}}。同一省内应当是同一个数，汇总时没有这个数。",
        fix="请与上级和其他填报单位核对，都按同一个数填报。",
        fixtures=Fixtures.model_validate(
            {"pass": fixture(3, 3), "fail": fixture(3, 4), "not_applicable": fixture(None)}
        ),
    )
