"""The reference pages of docs/reference, from contracts, rules and catalogue."""

from collections.abc import Iterable

from sources.declarations.codelist import load_codelists
from sources.declarations.contract import contract_respondents, load_contracts
from sources.declarations.rule import load_cross_rules, load_intake_rules
from sources.submission.finding import SEVERITY_LABELS
from sources.system.settings import PROJECT_ROOT
from warehouse.catalogue.catalogue import Catalogue
from warehouse.catalogue.generated_models import NOTE, measure_value
from warehouse.catalogue.indicator import Indicator
from warehouse.catalogue.labels import TIME_BASES
from warehouse.store.ddl import sql_type

REFERENCE = PROJECT_ROOT / "docs" / "reference"


def _table(headings: Iterable[str], rows: Iterable[Iterable[object]]) -> list[str]:
    heads = list(headings)
    body = ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in rows]
    return ["| " + " | ".join(heads) + " |", "|" + " --- |" * len(heads), *body, ""]


def _page(title: str, lines: Iterable[str]) -> str:
    return "\n".join([f"<!-- {NOTE} -->", "", f"# {title}", "", *lines]).rstrip() + "\n"


def sheets_page() -> str:
    folder = contract_respondents()
    respondents = {"school": "学校", "bureau": "教育局", "common": "所有单位"}
    shapes = {"form": "表单：项目竖排，每项一格", "records": "表格：一行一条记录"}
    blanks = {"error": "必填", "warning": "应填，空缺警告", "missing": "可空，空缺即未报告"}
    lines = []
    for contract in load_contracts():
        lines += [f"## {contract.title}（`{contract.name}`）", ""]
        lines += [f"- 填报单位：{respondents[folder[contract.name]]}；{shapes[contract.shape]}"]
        lines += [f"- 填报说明：{contract.instructions}"]
        lines += [f"- 用途：{'、'.join(contract.needed_by)}", ""]
        lines += _table(
            ("列", "名称", "类型", "单位", "空缺", "代码表", "填报说明"),
            (
                (
                    f"`{c.name}`",
                    c.label,
                    sql_type(c),
                    c.unit or "",
                    blanks[c.blank],
                    c.codelist or "",
                    c.hint,
                )
                for c in contract.columns
            ),
        )
    lines += ["## 代码表", ""]
    for codelist in load_codelists().values():
        lines += [f"### {codelist.title}（`{codelist.name}`）", ""]
        lines += _table(("代码", "名称"), ((f"`{code.code}`", code.label) for code in codelist.codes))
    return _page("填报表", lines)


def rules_page() -> str:
    lines = ["## 适用于所有表的规则", ""]
    lines += _table(
        ("规则", "级别", "问题说明", "处理办法"),
        ((f"`{r.id}`", SEVERITY_LABELS[r.severity], r.message, r.fix) for r in load_intake_rules().values()),
    )
    for contract in load_contracts():
        if contract.rules:
            lines += [f"## {contract.title}", ""]
            lines += _table(
                ("规则", "级别", "条件", "问题说明", "处理办法"),
                (
                    (
                        f"`{contract.name}.{rule.id}`",
                        SEVERITY_LABELS[rule.severity],
                        f"`{rule.expr}`",
                        rule.message,
                        rule.fix,
                    )
                    for rule in contract.rules
                ),
            )
    levels = {"submission": "同一工作簿各表之间", "city": "与上年、教育局和其他学校比对（只警告）"}
    for level, title in levels.items():
        lines += [f"## {title}", ""]
        lines += _table(
            ("规则", "级别", "单元格", "问题说明", "处理办法"),
            (
                (f"`{r.id}`", SEVERITY_LABELS[r.severity], f"`{r.sheet}.{r.column}`", r.message, r.fix)
                for r in load_cross_rules()
                if r.level == level
            ),
        )
    return _page("审核规则", lines)


def indicators_page(catalogue: Catalogue) -> str:
    # Long: the three tables of one page, column by column.
    lines = []
    for chapter in catalogue.chapters:
        lines += [f"## {chapter.title}（`marts.{chapter.chapter}`）", "", chapter.description, ""]
        lines += _table(
            ("指标", "名称", "单位", "层级", "时间", "公式", "定义", "出处"),
            (
                (
                    f"`{i.code}`",
                    i.label,
                    i.unit,
                    "学校、地区" if catalogue.level(i) == "school" else "地区",
                    TIME_BASES[i.time_basis],
                    _formula(i),
                    i.definition + "".join(f"另有定义 `{name}`：{f.definition}" for name, f in i.alternatives.items()),
                    i.source,
                )
                for i in chapter.indicators
            ),
        )
    lines += ["## 办学标准", ""]
    lines += _table(
        ("指标", "学校类别", "版本", "标准", "出处"),
        (
            (
                f"`{s.indicator}`",
                s.category,
                s.edition,
                f"{'≥' if s.comparison == 'at_least' else '≤'} {s.bound}",
                s.source,
            )
            for s in catalogue.standards
        ),
    )
    lines += ["## 度量", ""]
    lines += _table(
        ("度量", "名称", "单位", "来源表", "取值"),
        (
            (f"`{m.code}`", m.label, m.unit, f"`{m.sheet}`", f"`{m.value or measure_value(m)}`")
            for m in catalogue.measures.values()
        ),
    )
    return _page("指标", lines)


def _formula(indicator: Indicator) -> str:
    if indicator.counts:
        return f"`{indicator.counts.of}` 低于 {indicator.counts.below} 的学校数"
    upper = " + ".join(f"`{code}`" for code in indicator.numerator)
    if not indicator.denominator:
        return upper
    lower = " + ".join(f"`{code}`" for code in indicator.denominator)
    upper = f"({upper})" if len(indicator.numerator) > 1 else upper
    return f"{upper} ÷ {lower}" + (f" × {indicator.scale}" if indicator.scale != 1 else "")


def tables_page(catalogue: Catalogue) -> str:
    lines = []
    for table in catalogue.tables.values():
        title = table.title.format(city="", year="", last_year="", first_year="").lstrip("年—")
        lines += [f"## {table.name} {title}（`report.{table.model}`）", ""]
        if table.rows:
            lines += _table(
                ("行", "分组", "项目", "指标"),
                ((n, row.group, row.label, f"`{row.indicator}`") for n, row in enumerate(table.rows, 1)),
            )
        else:
            lines += _table(("列", "表头"), ((f"`{name}`", text) for name, text in table.columns.items()))
    return _page("报告表格", lines)
