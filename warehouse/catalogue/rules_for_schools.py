"""The rules of a report year as schools get them before they bind: one page, one CSV."""

import re
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from pathlib import Path

from sources.declarations.city import City
from sources.declarations.contract import Contract, contract_respondents, load_contracts
from sources.declarations.listed_rule import SCOPE_LABELS, ListedRule, listed_rules
from sources.declarations.pack import Pack
from sources.declarations.rule import RowRule
from sources.submission.finding import SEVERITY_LABELS
from sources.system.csv_file import write_csv
from sources.system.html_page import html_templates
from sources.system.whole_file import whole_file

TEMPLATE = "rules_for_schools.html.j2"
HEADINGS = ("规则", "填报单位", "表", "比对范围", "级别", "条件", "问题说明", "处理办法", "与上年相比")
RESPONDENTS = {"school": "学校", "bureau": "教育局", "common": "所有单位"}
NEW, STOPPED = "新增", "不再要求"
SHOWN = re.compile(r"\{(\w+)[^{}]*\}")
TEXTS_OF_SQL = re.compile(r"'[^']*'|\w+")


@dataclass(frozen=True, slots=True)
class RuleForSchools:
    """One rule in words, in the order of HEADINGS."""

    id: str
    respondents: str
    sheet: str
    scope: str
    severity: str
    condition: str
    message: str
    fix: str
    change: str


def rules_for_schools(pack: Pack, report_year: int) -> list[RuleForSchools]:
    """The rules that bind in the year, and those that did in the year before and do no more."""
    contracts = {contract.name: contract for contract in load_contracts(pack)}
    folder = contract_respondents(pack)
    rows = []
    for listed in listed_rules(pack):
        binds, bound = (_binds(listed, contracts, year) for year in (report_year, report_year - 1))
        if binds or bound:
            change = NEW if not bound else "" if binds else STOPPED
            rows.append(_row(listed, contracts, folder.get(listed.sheet, "common"), change))
    return rows


def new_rules(pack: Pack, report_year: int) -> frozenset[str]:
    """The rules that bind from this year on, by the name of their findings."""
    return frozenset(each.id for each in listed_rules(pack) if each.rule.life.binds and each.rule.since == report_year)


def _binds(listed: ListedRule, contracts: Mapping[str, Contract], year: int) -> bool:
    contract = contracts.get(listed.sheet)
    has_columns = contract is None or (
        contract.is_valid_in(year) and set(listed.columns) <= {column.name for column in contract.columns_in(year)}
    )
    return listed.rule.life.binds and listed.rule.is_valid_in(year) and has_columns


def _row(listed: ListedRule, contracts: Mapping[str, Contract], respondents: str, change: str) -> RuleForSchools:
    rule, contract = listed.rule, contracts.get(listed.sheet)
    own = {column.name: column.label for column in contract.columns} if contract else {}
    labels = {column.name: column.label for each in contracts.values() for column in each.columns} | own
    return RuleForSchools(
        id=listed.id,
        respondents=RESPONDENTS[respondents],
        sheet=contract.title if contract else "",
        scope=SCOPE_LABELS[listed.scope],
        severity=SEVERITY_LABELS[rule.severity],
        condition=_in_words(rule.expr, labels) if isinstance(rule, RowRule) else "",
        message=SHOWN.sub(lambda name: f"〔{labels.get(name[1], '…')}〕", rule.message),
        fix=SHOWN.sub(lambda name: f"〔{labels.get(name[1], '…')}〕", rule.fix),
        change=change,
    )


def _in_words(expr: str, labels: Mapping[str, str]) -> str:
    """A condition with the columns' labels for their names."""
    return TEXTS_OF_SQL.sub(lambda found: labels.get(found[0], found[0]), expr)


def write_rules_for_schools(city: City, report_year: int, folder: Path) -> tuple[Path, Path]:
    """Writes the page and the CSV, each whole; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = rules_for_schools(city.pack, report_year)
    stem = f"{report_year}年度审核规则"
    page, table = folder / f"{stem}.html", folder / f"{stem}.csv"
    template = html_templates(Path(__file__).parent).get_template(TEMPLATE)
    text = template.render(city=city.in_year(report_year).name, year=report_year, headings=HEADINGS, rows=rows)
    with whole_file(page) as partial:
        partial.write_text(text, encoding="utf-8")
    with whole_file(table) as partial:
        write_csv([HEADINGS, *map(astuple, rows)], partial)
    return page, table
