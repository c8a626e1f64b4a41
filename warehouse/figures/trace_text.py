"""A trace as people read it at a terminal, and as programs read it."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from sources.declarations.origin import ORIGINS, SUBMITTED
from warehouse.catalogue.catalogue import Catalogue
from warehouse.catalogue.labels import COMPARABILITY, ROLE, STATUS
from warehouse.figures.fact import Reference
from warehouse.figures.recompute import recompute
from warehouse.figures.trace import Part, Term, Trace

SHOWN_CELLS = 6


def as_lines(trace: Trace, catalogue: Catalogue, all_cells: bool = False, indent: str = "") -> Iterator[str]:
    """Line by line, from the value down to the cells; long lists of cells are cut unless `all_cells`."""
    yield f"{indent}{trace.label} = {trace.display or '…'} {trace.unit}".rstrip()
    inner = indent + "  "
    yield f"{inner}{trace.subject_name}，{trace.reference.year} 年，口径：{trace.scope_label}"
    statuses = COMPARABILITY if trace.reference.kind == "change" else STATUS
    yield f"{inner}状态：{statuses[trace.status]}；应报 {trace.n_expected}，已报 {trace.n_reported}"
    yield f"{inner}定义：{trace.definition}"
    yield from (f"{inner}注意：{note}" for note in trace.notes)
    yield f"{inner}公式：{trace.formula}"
    yield f"{inner}由下列单元格重新计算：{recompute(trace, catalogue) or '…'}"
    for term in trace.terms:
        yield from _term_lines(term, all_cells, inner)
    for part in trace.parts:
        yield from as_lines(part, catalogue, all_cells, inner)
    for finding in trace.findings:
        answer = f"（已说明：{finding['explanation']}）" if finding["is_explained"] else ""
        yield f"{inner}审核：{finding['sheet']} {finding['cell']} {finding['message']}{answer}"


def _term_lines(term: Term, all_cells: bool, indent: str) -> Iterator[str]:
    yield f"{indent}{ROLE[term.role]}：{term.label}（{term.unit}），{term.how}"
    for part in term.parts:
        yield from _part_lines(part, all_cells, indent + "  ")


def _part_lines(part: Part, all_cells: bool, indent: str) -> Iterator[str]:
    value = "…" if part.value is None else f"{part.value.normalize():f}"
    left_out = "" if part.counts or part.value is None else "（另一项没有报告，不计入）"
    status = "" if part.value is not None else f"（{STATUS[part.status]}）"
    yield f"{indent}{part.subject_name}：{value}{status}{left_out}"
    shown = part.sources if all_cells else part.sources[:SHOWN_CELLS]
    for source in shown:
        origin = "" if source.origin == SUBMITTED else f"；来源：{ORIGINS[source.origin]}"
        yield (
            f"{indent}  {source.file_name} › {source.sheet} › {source.cell} “{source.raw_text}”"
            f"（{source.label}；sha256 {source.submission_id[:12]}{origin}）"
        )
    if len(part.sources) > len(shown):
        yield f"{indent}  ……另有 {len(part.sources) - len(shown)} 个单元格（--all 全部列出）"


def as_dict(trace: Trace, catalogue: Catalogue) -> dict[str, Any]:
    """Everything, as plain data."""
    return _plain(trace) | {"key": trace.reference.key, "recomputed": recompute(trace, catalogue)}


def _plain(trace: Trace) -> dict[str, Any]:
    return asdict(trace) | {"reference": _named(trace.reference), "parts": [_plain(part) for part in trace.parts]}


def _named(reference: Reference) -> dict[str, Any]:
    """The reference under the names that programs know, which are those of the database's columns."""
    return {
        "indicator_code": reference.indicator,
        "report_year": reference.year,
        "subject_code": reference.subject,
        "scope_code": reference.scope,
        "kind": reference.kind,
    }
