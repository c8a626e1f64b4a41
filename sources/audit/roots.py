"""One root, one message: findings of a file that have the same cause become one, which lists their cells.

The causes are declared in rules/causes.yml; here is what each of them takes. What was found in a cell stays with the
cause (`members`), so that the cell can be marked with it.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from functools import partial

import polars as pl

from sources.audit.sheet_audit import BLANK_RULES
from sources.declarations.contract import load_contracts
from sources.declarations.pack import Pack
from sources.declarations.rule import load_intake_rules
from sources.submission.cell import STATUS_COLUMN
from sources.submission.finding import SEVERITIES, Finding, intake_finding

NO_NUMBER = ("value.not_integer", "value.not_decimal", "value.placeholder")
ADDRESS = re.compile(r"([A-Z]+)([0-9]+)")
Texts = Mapping[tuple[str, str, str], str]
"""(submission, sheet's title, address) → what stands there."""


@dataclass(frozen=True, slots=True)
class _Root:
    """What findings share that have the same root: the same cause in the same sheet, and what else it goes by."""

    cause: str
    submission_id: str
    sheet: str
    also: tuple[tuple[str, object], ...] = ()
    """What the message shows."""
    column: str = ""


def told_by_cause(pack: Pack, findings: Sequence[Finding], cells: pl.DataFrame) -> tuple[Finding, ...]:
    """The findings, those with one root as one; a cause stands where the first of its own stood.

    `cells`: CELL_SCHEMA, of the files. A file of the past has the causes that there were then, so that what was
    explained stays explained.
    """
    known = load_intake_rules(pack)
    with_suggestion = {each.address.submission_id for each in findings if each.suggested}
    texts = _texts(pack, cells.filter(pl.col("submission_id").is_in(with_suggestion)))
    left = list(findings)
    for root_of in (_blank, _same_text, _shifted, _unit):
        left = _grouped(left, partial(_known, root_of, known), texts)
    return tuple(left)


def _known(
    root_of: Callable[[Finding, Texts], _Root | None], known: Container[str], finding: Finding, texts: Texts
) -> _Root | None:
    """The root of a finding, if its cause is one of those that are known."""
    root = root_of(finding, texts)
    return root if root and root.cause in known else None


def caused(rule_id: str, members: Iterable[Finding], **texts: object) -> Finding:
    """The finding that stands for others: as grave as the worst of them, at the first one's cell."""
    taken = tuple(sorted(members, key=_by_place))
    listed = cells_in_words(taken)
    at = replace(taken[0].address, column_name=None, record_key="")
    number = len({each.address.cell for each in taken})
    return with_members(intake_finding(rule_id, at, listed, count=number, cells=listed, **texts), taken)


def with_members(cause: Finding, members: tuple[Finding, ...]) -> Finding:
    """The cause with what it takes, as grave as the worst of it."""
    severities = [cause.severity] if not members else [each.severity for each in members]
    return replace(cause, severity=min(severities, key=SEVERITIES.index), members=members)


def cells_in_words(findings: Iterable[Finding]) -> str:
    """E6—E18、G7: addresses in the order of the sheet, those below each other as one stretch."""
    places = sorted({_place(each.address.cell) for each in findings if each.address.cell})
    stretches: list[list[tuple[int, str, int]]] = []
    for place in places:
        if stretches and stretches[-1][-1][:2] == place[:2] and stretches[-1][-1][2] + 1 == place[2]:
            stretches[-1].append(place)
        else:
            stretches.append([place])
    ends = ((stretch[0], stretch[-1]) for stretch in stretches)
    return "、".join(f"{a[1]}{a[2]}" if a == b else f"{a[1]}{a[2]}—{b[1]}{b[2]}" for a, b in ends)


def _by_place(finding: Finding) -> tuple[str, tuple[int, str, int]]:
    return finding.address.sheet, _place(finding.address.cell)


def _place(cell: str | None) -> tuple[int, str, int]:
    """Column (its length before its letters, as the sheet has them) and row."""
    found = ADDRESS.fullmatch(cell or "")
    return (len(found[1]), found[1], int(found[2])) if found else (0, "", 0)


def _texts(pack: Pack, cells: pl.DataFrame) -> Texts:
    """What stands in the cells that people fill in: not in those of the template, nor in the sheet's status."""
    own = {
        (contract.name, column.name): contract.title
        for contract in load_contracts(pack)
        for column in contract.columns
        if not column.prefilled
    }
    rows = cells.filter(pl.col("column_name") != STATUS_COLUMN).select(
        "submission_id", "sheet", "column_name", "cell", "raw_text"
    )
    return {
        (submission, own[sheet, column], cell): text
        for submission, sheet, column, cell, text in rows.iter_rows()
        if (sheet, column) in own
    }


def _grouped(findings: list[Finding], root_of: Callable[[Finding, Texts], _Root | None], texts: Texts) -> list[Finding]:
    """The findings, those of a root with as many as its cause asks for as one."""
    roots = [root_of(each, texts) if not each.members else None for each in findings]
    members: dict[_Root, list[Finding]] = defaultdict(list)
    for root, each in zip(roots, findings, strict=True):
        if root:
            members[root].append(each)
    causes: dict[_Root, Finding | None] = {
        root: caused(root.cause, of_root, **dict(root.also))
        for root, of_root in members.items()
        if _are_enough(root, of_root)
    }
    told: list[Finding] = []
    for root, each in zip(roots, findings, strict=True):
        if root not in causes:
            told.append(each)
        elif cause := causes[root]:
            told.append(cause)
            causes[root] = None
    return told


def _are_enough(root: _Root, members: Sequence[Finding]) -> bool:
    return len({each.address.cell for each in members}) >= load_intake_rules()[root.cause].least


def _blank(finding: Finding, texts: Texts) -> _Root | None:
    """Cells of a sheet that nobody has filled in."""
    at = finding.address
    return (
        _Root("cause.cells_blank", at.submission_id, at.sheet) if finding.rule_id in BLANK_RULES and at.cell else None
    )


def _same_text(finding: Finding, texts: Texts) -> _Root | None:
    """The same words in cells of a sheet that ask for numbers."""
    at = finding.address
    if finding.rule_id not in NO_NUMBER or not at.cell or not finding.value:
        return None
    return _Root("cause.same_text", at.submission_id, at.sheet, (("text", finding.value),))


def _unit(finding: Finding, texts: Texts) -> _Root | None:
    """Numbers of a column (of a form: of the sheet) that all are the same power of ten of what is suggested."""
    at = finding.address
    suggested, typed = _own_suggestion(finding), _number(finding.value)
    if not suggested or not typed:
        return None
    times = typed / suggested
    if times == 1 or times.normalize().as_tuple().digits != (1,):
        return None
    shown = (("times", f"{times.normalize():f}"),)
    return _Root("cause.unit", at.submission_id, at.sheet, shown, (at.column_name or "") if at.record_key else "")


def _shifted(finding: Finding, texts: Texts) -> _Root | None:
    """Numbers for which the one that stands a row above, or below, is suggested."""
    at, suggested = finding.address, _own_suggestion(finding)
    if suggested is None or suggested == _number(finding.value):
        return None
    _, letters, row = _place(at.cell)
    for step, direction in ((1, "上"), (-1, "下")):
        beside = _number(texts.get((at.submission_id, at.sheet, f"{letters}{row + step}")))
        if beside == suggested:
            return _Root("cause.shifted", at.submission_id, at.sheet, (("direction", direction),))
    return None


def _own_suggestion(finding: Finding) -> Decimal | None:
    """The number that is suggested for the finding's own cell, if that is all that is suggested."""
    if len(finding.suggested) != 1 or finding.suggested[0].column_name != finding.address.column_name:
        return None
    value = finding.suggested[0].value
    return None if isinstance(value, str) else Decimal(value)


def _number(text: str | None) -> Decimal | None:
    try:
        return Decimal((text or "").replace(",", "").strip())
    except InvalidOperation:  # words stand there: what is no number is compared with none
        return None
