"""The cover (封面): who sends the workbook, and for which year."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from sources.declarations.city import City, Respondent
from sources.declarations.contract import template_version
from sources.declarations.headings import normalise_label
from sources.submission.cell import Cell, CellAddress
from sources.submission.finding import Finding, intake_finding

YEAR = re.compile(r"[0-9]{4}")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who sends, for which year and, of a late revision, why; None where the cover does not say."""

    respondent: Respondent | None = None
    report_year: int | None = None
    revision_reason: str | None = None
    findings: tuple[Finding, ...] = ()


def identity_of(cells: Iterable[Cell], meta: Mapping[str, str], city: City, place: CellAddress) -> Identity:
    """Who sends, and for which year: the cover's cells say it, and must agree with what the template was made for."""
    stated = {cell.column_name: cell for cell in cells}
    text = {column: cell.raw_text for column, cell in stated.items()}
    findings: list[Finding] = []

    def report(rule_id: str, column: str, expected: str = "") -> None:
        at = replace(place, cell=stated[column].cell if column in stated else None, column_name=column)
        findings.append(intake_finding(rule_id, at, text.get(column, ""), expected=expected))

    respondent = city.respondent_by_code.get(text.get("stated_code", ""))
    issued_to = city.respondent_by_code.get(meta.get("respondent_code", ""))
    if respondent is None:
        report("cover.respondent_unknown", "stated_code")
    elif issued_to and issued_to != respondent:
        report("cover.respondent_mismatch", "stated_code", f"{issued_to.name}（{issued_to.code}）")
    elif normalise_label(text.get("stated_name", "")) != normalise_label(respondent.name):
        report("cover.name_mismatch", "stated_name", respondent.name)
    year_text = unicodedata.normalize("NFKC", text.get("stated_year", "")).removesuffix("度").removesuffix("年")
    report_year = int(year_text) if YEAR.fullmatch(year_text) else None
    if report_year not in city.calendar.years:
        report("cover.year_not_open", "stated_year", "、".join(map(str, city.calendar.years)))
        report_year = None
    elif meta.get("report_year", year_text) != year_text:
        report("cover.year_mismatch", "stated_year", meta["report_year"])
    return Identity(respondent, report_year, text.get("revision_reason") or None, tuple(findings))


def template_findings(
    version: str | None, respondent: Respondent, report_year: int, file: CellAddress
) -> list[Finding]:
    """Findings about the template that was used; none when it is today's."""
    current = template_version(respondent.kind, report_year)
    if version is None:
        return [intake_finding("template.unknown", file)]
    if version != current:
        return [intake_finding("template.outdated", file, version, expected=current)]
    return []
