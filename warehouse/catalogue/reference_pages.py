"""The reference pages of docs/reference, from contracts, rules and catalogue."""

from collections.abc import Iterable

from sources.declarations.codelist import load_codelists
from sources.declarations.contract import contract_respondents, load_contracts
from sources.declarations.listed_rule import SCOPE_LABELS, ListedRule, condition_of, listed_rules, state_in_words
from sources.submission.finding import SEVERITY_LABELS
from sources.system.settings import PROJECT_ROOT
from warehouse.catalogue.catalogue import Catalogue
from warehouse.catalogue.generated_models import measure_value
from warehouse.catalogue.indicator import Indicator
from warehouse.catalogue.labels import ADDS, TIME_BASES
from warehouse.catalogue.markdown import page_text, table_lines
from warehouse.catalogue.movement import limit_in_words, load_movements, usual_movement
from warehouse.catalogue.small_group import SmallGroup, load_small_groups, small_group_of
from warehouse.catalogue.standard import UNVERIFIED, Exclusion
from warehouse.store.ddl import sql_type

REFERENCE = PROJECT_ROOT / "docs" / "reference"
MOVEMENT_KINDS = {"sum": "总数", "ratio": "比率", "school_count": "学校数"}


def sheets_page(catalogue: Catalogue) -> str:
    folder = contract_respondents(catalogue.pack)
    respondents = {"school": "学校", "bureau": "教育局", "common": "所有单位"}
    shapes = {"form": "表单：项目竖排，每项一格", "records": "表格：一行一条记录"}
    blanks = {"error": "必填", "warning": "应填，空缺警告", "missing": "可空，空缺即未报告"}
    lines = []
    for contract in load_contracts(catalogue.pack):
        lines += [f"## {contract.title}（`{contract.name}`）", ""]
        lines += [f"- 填报单位：{respondents[folder[contract.name]]}；{shapes[contract.shape]}"]
        lines += [f"- 填报说明：{contract.instructions}"]
        lines += [f"- 用途：{'、'.join(contract.needed_by)}", ""]
        lines += table_lines(
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
    for codelist in load_codelists(catalogue.pack).values():
        lines += [f"### {codelist.title}（`{codelist.name}`）", ""]
        lines += table_lines(("代码", "名称"), ((f"`{code.code}`", code.label) for code in codelist.codes))
    return page_text("填报表", lines)


def rules_page(catalogue: Catalogue) -> str:
    rules = listed_rules(catalogue.pack)
    titles = {contract.name: contract.title for contract in load_contracts(catalogue.pack)}
    lines = [
        "状态：拟议（还没有算）、试行（算，只有教育局看得到）、施行（从某年度起判定报送）、废止（到某年度为止）。"
        "各规则每年报了多少、误报多少：`nianbao rules --year 年度`。",
        "",
        "## 适用于所有表的规则",
        "",
    ]
    lines += _rules_table("", ((each, "") for each in rules if each.scope == "file"))
    for sheet, title in titles.items():
        if of_sheet := [each for each in rules if each.scope == "row" and each.sheet == sheet]:
            lines += [
                f"## {title}",
                "",
                *_rules_table("条件", ((each, f"`{condition_of(each.rule)}`") for each in of_sheet)),
            ]
    for scope, title in (("submission", SCOPE_LABELS["submission"]), ("city", SCOPE_LABELS["city"] + "（只警告）")):
        of_scope = [each for each in rules if each.scope == scope]
        lines += [f"## {title}", ""]
        lines += _rules_table("单元格", ((each, f"`{each.sheet}.{each.columns[0]}`") for each in of_scope))
    return page_text("审核规则", lines)


def _rules_table(beside: str, rules: Iterable[tuple[ListedRule, str]]) -> list[str]:
    """A table of rules; `beside` is the heading of a further column, which each rule is given with."""
    headings = ("规则", "级别", *([beside] if beside else []), "问题说明", "处理办法", "状态", "负责", "决定于")
    return table_lines(
        headings,
        (
            (
                f"`{each.id}`",
                SEVERITY_LABELS[each.rule.severity],
                *([text] if beside else []),
                each.rule.message,
                each.rule.fix,
                f"{state_in_words(each.rule)}：{each.rule.life.reason}",
                each.rule.life.owner,
                each.rule.life.decided_on.isoformat(),
            )
            for each, text in rules
        ),
    )


def indicators_page(catalogue: Catalogue) -> str:
    # Long: the three tables of one page, column by column.
    lines = []
    for chapter in catalogue.chapters:
        lines += [f"## {chapter.title}（`marts.{chapter.chapter}`）", "", chapter.description, ""]
        lines += table_lines(
            ("指标", "名称", "单位", "层级", "时间", "公式", "汇总", "定义", "出处"),
            (
                (
                    f"`{i.code}`",
                    i.label,
                    i.unit,
                    "学校、地区" if catalogue.level(i) == "school" else "地区",
                    TIME_BASES[i.time_basis],
                    _formula(i),
                    ADDS[catalogue.adds(i)],
                    i.definition + "".join(f"另有定义 `{name}`：{f.definition}" for name, f in i.alternatives.items()),
                    i.source,
                )
                for i in chapter.indicators
            ),
        )
    lines += _standards(catalogue)
    lines += ["## 与上年相比的限度", "", "全市数字比上年的变化超过限度的，发布前要有人逐项确认。", ""]
    own = [each for each in catalogue.indicators.values() if _has_own_movement(catalogue, each)]
    lines += table_lines(
        ("适用", "限度", "理由"),
        (
            *((f"`{i.code}`（{i.label}）", limit_in_words(i.movement, i.unit), i.movement.reason) for i in own),
            *(
                (
                    f"{'、'.join(each.units)}（{'、'.join(MOVEMENT_KINDS[kind] for kind in each.kinds)}）",
                    limit_in_words(each, each.units[0] if len(each.units) == 1 else ""),
                    each.reason,
                )
                for each in load_movements(catalogue.pack)
            ),
        ),
    )
    lines += _small_groups(catalogue)
    lines += ["## 度量", ""]
    lines += table_lines(
        ("度量", "名称", "单位", "来源表", "取值", "汇总"),
        (
            (f"`{m.code}`", m.label, m.unit, f"`{m.sheet}`", f"`{m.value or measure_value(m)}`", ADDS[m.adds])
            for m in catalogue.measures.values()
        ),
    )
    return page_text("指标", lines)


def _standards(catalogue: Catalogue) -> list[str]:
    """What schools must keep, of whom an edition does not speak, what share is to meet it, and what is not judged."""
    # Long: the five tables of one section, column by column.
    yes = {True: "是", False: UNVERIFIED}
    label_of = {each.code: each.label for each in catalogue.editions}
    return [
        "## 办学标准",
        "",
        f"“核实”一列为“是”的，标准值在要求的原文中读到；“{UNVERIFIED}”的在别处读到，使用前请与原文核对。"
        "一所学校一个版本的关键指标都达到，才算全部关键指标达标；哪些是关键指标，原文没有查到。",
        "",
        *table_lines(
            ("指标", "学校类别", "版本", "标准", "关键", "条款", "出处", "发布", "核实"),
            (
                (
                    f"`{s.indicator}`",
                    s.category
                    + (f"，不含 {'、'.join(s.but_not)}" if s.but_not else "")
                    + (f"，{s.founded_since} 年以后设立" if s.founded_since else ""),
                    s.edition,
                    f"{'≥' if s.comparison == 'at_least' else '≤'} {s.bound}",
                    "是" if s.key else "否",
                    s.clause or "",
                    s.source,
                    s.published,
                    yes[s.verified],
                )
                for s in catalogue.standards
            ),
        ),
        "不管的学校（学校页和学校年报写明原因，不计入达标学校的比例）：",
        "",
        *table_lines(
            ("版本", "哪些学校", "由什么决定", "出处", "核实"),
            (
                (label_of[edition.code], each.told, _decided_by(each), each.source, yes[each.verified])
                for edition in catalogue.editions
                for each in edition.exclusions
            ),
        ),
        "全部关键指标达标的学校应占的比例：",
        "",
        *table_lines(
            ("版本", "到哪年底", "比例", "出处", "核实"),
            (
                (label_of[edition.code], str(each.by), f"{each.share}%", each.source, yes[each.verified])
                for edition in catalogue.editions
                for each in edition.targets
            ),
        ),
        "没有用来判断的要求：",
        "",
        *table_lines(
            ("版本", "要求", "为什么"), ((label_of[each.edition], each.asks, each.why) for each in catalogue.not_judged)
        ),
    ]


def _decided_by(exclusion: Exclusion) -> str:
    if exclusion.category:
        return f"名册的学校类别 `{exclusion.category}`"
    if exclusion.founded_since:
        return f"respondents.yml 的 `founded` 不早于 {exclusion.founded_since}"
    return f"respondents.yml 的 `exempt: {exclusion.exempt}`"


def _small_groups(catalogue: Catalogue) -> list[str]:
    declared = load_small_groups(catalogue.pack)
    said = (
        f"比率和平均数所依据的人数不足下限的，学校和地区都不公开，表中印“{declared.sign}”；分子和它的各部分一并不公开。"
        "可以由合计和别的数推算出来的，再隐去另外的数，直到推算的范围不小于这里所定的；"
        "哪些数隐去、能推算到什么范围，在 `registry.hidden_value`（见 docs/decisions/0039-small-groups.md）。"
    )
    of_group: dict[SmallGroup, list[str]] = {group: [] for group in declared.groups}
    for indicator in catalogue.indicators.values():
        if group := small_group_of(catalogue.pack, indicator):
            of_group[group].append(f"`{indicator.code}`")
    return [
        "## 人数过少",
        "",
        said,
        "",
        *table_lines(
            ("适用", "至少几人", "推算的范围", "理由", "出处", "决定于", "指标"),
            (
                (
                    "、".join(group.indicators) or f"{'、'.join(group.units)}（分母为{'、'.join(group.of)}）",
                    str(group.minimum or "不限"),
                    group.interval.in_words if group.interval else "",
                    group.reason,
                    group.source,
                    group.decided_on.isoformat(),
                    "、".join(codes),
                )
                for group, codes in of_group.items()
            ),
        ),
    ]


def _has_own_movement(catalogue: Catalogue, indicator: Indicator) -> bool:
    usual = usual_movement(catalogue.pack, indicator.unit, indicator.kind)
    return usual is None or usual.reason != indicator.movement.reason


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
        title = table.title.format(city="", year="", last_year="", years="").lstrip("年—")
        lines += [f"## {table.name} {title}（`report.{table.model}`）", ""]
        if table.rows:
            lines += table_lines(
                ("行", "分组", "项目", "指标"),
                ((n, row.group, row.label, f"`{row.indicator}`") for n, row in enumerate(table.rows, 1)),
            )
        else:
            lines += table_lines(("列", "表头"), ((f"`{name}`", text) for name, text in table.columns.items()))
    return page_text("报告表格", lines)
