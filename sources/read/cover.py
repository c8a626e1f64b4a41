"""The cover (封面): who sends the workbook, and for which year."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from sources.declarations.city import City, Respondent
from sources.declarations.contract import template_version
from sources.declarations.headings import TOKEN_LABEL, normalise_label
from sources.declarations.pack import Pack
from sources.submission.cell import Cell, CellAddress
from sources.submission.finding import Finding, intake_finding

YEAR = re.compile(r"[0-9]{4}")
TOKEN = re.compile(r"[0-9A-Z]{4}(?:-[0-9A-Z]{4}){2}")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who sends, for which year and, of a late revision, why; None where the cover does not say."""

    respondent: Respondent | None = None
    report_year: int | None = None
    revision_reason: str | None = None
    findings: tuple[Finding, ...] = ()


def tokens_of(of_property: str, cover_texts: Iterable[str]) -> tuple[str, ...]:
    """The template's tokens in a workbook: its property's, and the cover's if that is another.

    Programs drop properties, so the cover's is enough.
    """
    label = normalise_label(TOKEN_LABEL)
    said = [text for text in cover_texts if normalise_label(text).startswith(label)]
    found = (TOKEN.search(_as_written(text)) for text in (of_property, *said))
    return tuple(dict.fromkeys(match.group() for match in found if match))


def _as_written(token: str) -> str:
    return "".join(unicodedata.normalize("NFKC", token).split()).upper()


def identity_of(cells: Iterable[Cell], meta: Mapping[str, str], city: City, place: CellAddress) -> Identity:
    """Who sends, and for which year: the cover's cells say it, and must agree with what the template was made for.

    Codes and names are those of the year; those of another year are told as such.
    """
    stated = {cell.column_name: cell for cell in cells}
    text = {column: cell.raw_text for column, cell in stated.items()}
    findings: list[Finding] = []

    def report(rule_id: str, column: str, expected: str = "") -> None:
        at = replace(place, cell=stated[column].cell if column in stated else None, column_name=column)
        findings.append(intake_finding(rule_id, at, text.get(column, ""), expected=expected))

    year_text = unicodedata.normalize("NFKC", text.get("stated_year", "")).removesuffix("度").removesuffix("年")
    report_year = int(year_text) if YEAR.fullmatch(year_text) else None
    of_year = city.in_year(report_year if report_year in city.calendar.years else max(city.calendar.years))
    code, name = text.get("stated_code", ""), normalise_label(text.get("stated_name", ""))
    respondent = of_year.respondent_stated(code)
    other = None if respondent else _of_other_year(city, of_year, code)
    issued_to = of_year.respondent_stated(meta.get("respondent_code", ""))
    if other is not None:
        respondent = other
        report("cover.code_of_other_year", "stated_code", of_year.stated_code(other))
    elif respondent is None:
        report("cover.respondent_unknown", "stated_code")
    elif issued_to and issued_to.code != respondent.code:
        report("cover.respondent_mismatch", "stated_code", f"{issued_to.name}（{of_year.stated_code(issued_to)}）")
    elif name != normalise_label(respondent.name):
        year = next((year for year in city.calendar.years if _name_in(city, respondent.code, year) == name), None)
        rule_id = "cover.name_mismatch" if year is None else "cover.name_of_other_year"
        report(rule_id, "stated_name", respondent.name)
    if report_year not in city.calendar.years:
        report("cover.year_not_open", "stated_year", "、".join(map(str, city.calendar.years)))
        report_year = None
    elif meta.get("report_year", year_text) != year_text:
        report("cover.year_mismatch", "stated_year", meta["report_year"])
    return Identity(respondent, report_year, text.get("revision_reason") or None, tuple(findings))


def _of_other_year(city: City, of_year: City, code: str) -> Respondent | None:
    """The respondent that states a code in some other year, as it is called in this one."""
    others = (city.in_year(year).respondent_stated(code) for year in city.calendar.years)
    return next((of_year.respondent_by_code[other.code] for other in others if other), None)


def _name_in(city: City, code: str, report_year: int) -> str:
    return normalise_label(city.in_year(report_year).respondent_by_code[code].name)


def template_findings(
    pack: Pack, version: str | None, respondent: Respondent, report_year: int, file: CellAddress
) -> list[Finding]:
    """Findings about the template that was used; none when it is today's."""
    current = template_version(pack, respondent.kind, report_year)
    if version is None:
        return [intake_finding("template.unknown", file)]
    if version != current:
        return [intake_finding("template.outdated", file, version, expected=current)]
    return []
