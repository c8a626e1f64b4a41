"""The page of docs/reference with every bound of every number: what is possible, what is usual, and who says so."""

from collections.abc import Iterator
from decimal import Decimal

from sources.declarations.agreement import cross_rules
from sources.declarations.contract import Column, Contract, load_contracts
from sources.declarations.judgement import BaseBound, Judgement, Range, bound_sources, load_judgements
from sources.declarations.pack import Pack
from warehouse.catalogue.catalogue import Catalogue
from warehouse.catalogue.markdown import page_text, table_lines

KINDS = {"law": "法律法规", "standard": "标准", "policy": "政策", "distribution": "数据分布", "meaning": "含义"}


def bounds_page(catalogue: Catalogue) -> str:
    """Every number of every sheet with its bounds, each with its source and date; the sources; the related rules."""
    pack = catalogue.pack
    sources = bound_sources(pack)
    lines = [
        "每个数字都先判断再采信。超出“可能”的范围是错误，文件退回；超出“通常”的范围是警告，改正或说明即可。",
        "空格、零和小的变动不判断。限值写在 `sources/rules/plausibility.yml`，每列用 `judged` 指明取哪一项。",
        "",
        "## 来源",
        "",
    ]
    lines += table_lines(
        ("来源", "类别", "名称", "日期"), ((f"`{s.id}`", KINDS[s.kind], s.title, s.date) for s in sources.values())
    )
    for contract in load_contracts(pack):
        numbers = [column for column in contract.columns if column.judged]
        if numbers:
            lines += [f"## {contract.title}（`{contract.name}`）", ""]
            rows = [row for column in numbers for row in _rows(pack, contract, column)]
            lines += table_lines(("列", "名称", "判断", "范围", "来源", "日期"), rows)
    return page_text("数字的限值", lines)


def _rows(pack: Pack, contract: Contract, column: Column) -> Iterator[tuple[str, ...]]:
    judgements, sources = load_judgements(pack), bound_sources(pack)
    judgement = judgements[column.judged or ""]
    named = {"": judgement} | {f"（{code}）": judgements[name] for code, name in judgement.rows.items()}
    head = (f"`{column.name}`", column.label)
    if column.ge is not None or column.le is not None:
        yield (*head, "可能", _range((column.ge, column.le), column.unit), "填报约定", "")
    for row, each in named.items():
        if row or not judgement.rows:
            for what, bound, source in _bounds(each, column):
                yield (*head, what + row, bound, f"`{source}`", sources[source].date)
    if related := _related_rules(pack, contract, column):
        yield (*head, "相关的列", "、".join(f"`{rule}`" for rule in related), "[规则](rules.md)", "")


def _bounds(judgement: Judgement, column: Column) -> Iterator[tuple[str, str, str]]:
    """What is judged, the bound in words, its source."""
    for what, bound in (("可能", judgement.possible), ("通常", judgement.usual)):
        if bound:
            yield what, _range(bound.between, column.unit), bound.source
    for base in judgement.per:
        yield from ((what, text, base.source) for what, text in _by_base(base))
    for whole in judgement.within:
        yield "通常", f"不大于 `{whole}`", judgement.within_source or ""
    if change := judgement.last_year:
        yield "与上年比", f"{change.ratio} 倍以内，或相差不到 {change.step}", change.source
    if peers := judgement.peers:
        base_text = f"按每 `{peers.base}` 折算，" if peers.base else ""
        text = f"{base_text}中位数的 {peers.ratio} 倍以内（{peers.spreads} 个稳健离差以内），或相差不到 {peers.step}"
        yield "与同类学校比", text, peers.source


def _by_base(bound: BaseBound) -> Iterator[tuple[str, str]]:
    for what, between in (("可能", bound.possible), ("通常", bound.usual)):
        if between != (None, None):
            yield what, f"每 `{bound.base}` {_range(between, None)}"


def _range(between: Range, unit: str | None) -> str:
    low, high = (None if each is None else f"{_plain(each)}{f' {unit}' if unit else ''}" for each in between)
    if low is None:
        return f"不大于 {high}"
    return f"不小于 {low}" if high is None else f"{low} 至 {high}"


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


def _related_rules(pack: Pack, contract: Contract, column: Column) -> list[str]:
    """The rules that hold the number against others."""
    own = [f"{contract.name}.{rule.id}" for rule in contract.rules if column.name in rule.columns]
    return own + [rule.id for rule in cross_rules(pack) if (rule.sheet, rule.column) == (contract.name, column.name)]
