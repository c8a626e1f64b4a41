"""Which number is meant: a figure of a printed report, a key, or an indicator by its code or in people's words."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import duckdb

from sources.system.called import Names, called, names_by_code, nearest_called, spelled, the_one_called
from warehouse.catalogue.catalogue import Catalogue
from warehouse.figures.fact import CHANGE, SCHOOL_SCOPE, Kind, Reference
from warehouse.figures.regions import find_region, region_names

PUBLISHED_ID = re.compile(r"[A-Z]{0,2}\d{1,5}")
YEAR_SAID = re.compile(r"(\d{4})年(?:度)?")
CHANGE_SAID = re.compile(r"(?:[比较与]上年|同比).*$|的?(?:年度)?变化(?:情况)?$")
WHOLE_SAID = re.compile(r"^(?:全[国省区市州盟县旗域]|[我本][国省区市州盟县旗])(?=.{2})")
LEFT_OVER = re.compile(r"^的|的$|\(\)|[“”\"《》]")
AN_EXAMPLE = "students_full_time"


@dataclass(frozen=True, slots=True)
class _Said:
    """What is left of a phrase when year, region, school and scope are taken out of it; the empty ones it left open."""

    words: str
    year: int | None = None
    region: str | None = None
    school: str | None = None
    scope: str | None = None
    kind: Kind | None = None


def find_reference(
    connection: duckdb.DuckDBPyConnection,
    catalogue: Catalogue,
    number: str,
    report_year: int,
    scope: str | None = None,
    school: str | None = None,
    kind: Kind = "value",
    region: str | None = None,
) -> Reference:
    """The number that is meant: a figure of a published report (F064), a key, or an indicator of a region or school.

    Indicator, region, school and scope go by code or name, the indicator also in a phrase (2023年钦州市毕业去向落实率,
    专任教师数比上年). Without a school or a region, it is the installation's own region.

    Raises LookupError when nothing of the kind is there, several may be meant, or the figure is no value (a standard, a
    target); with the nearest names.
    """
    if (figure := _published(connection, number, report_year)) is not None:
        return figure
    if number.count("-") == 4:
        try:
            return Reference.parse(number)
        except ValueError as error:
            raise LookupError(str(error)) from None
    said = _understood(connection, catalogue, number)
    indicator = _indicator(catalogue, said.words)
    year, kind = said.year or report_year, said.kind or kind
    if school or said.school:
        code = find_school(connection, school) if school else said.school
        return Reference(indicator, year, code or "", SCHOOL_SCOPE, kind)
    of = find_region(connection, region or said.region).code
    wanted = find_scope(connection, scope) if scope else said.scope
    return Reference(indicator, year, of, wanted or _chosen_scope(connection, indicator, year, of), kind)


def _published(connection: duckdb.DuckDBPyConnection, number: str, report_year: int) -> Reference | None:
    """The figure of that id in the city's list for the year; None for what is no id.

    Raises LookupError for a figure that is no value, and for an id that is in no list.
    """
    figure_id = unicodedata.normalize("NFKC", number).strip().upper()
    figure = connection.execute(
        "select indicator_code, figure_year, subject_code, scope_code, kind, label, printed from report.figure"
        " where figure_id = ? and report_year = ?",
        [figure_id, report_year],
    ).fetchone()
    if figure is None:
        if PUBLISHED_ID.fullmatch(figure_id):
            raise LookupError(_no_such_id(connection, figure_id, report_year))
        return None
    code, year, subject, scope_code, figure_kind, label, printed = figure
    if figure_kind not in ("value", "change"):
        raise LookupError(f"{number} {label}（印为 {printed}）是标准或目标，由声明文件给出，不由填报数据算出。")
    is_school = subject not in region_names(connection)
    return Reference(code, year, subject, SCHOOL_SCOPE if is_school else scope_code, figure_kind)


def _no_such_id(connection: duckdb.DuckDBPyConnection, figure_id: str, report_year: int) -> str:
    listed = names_by_code(
        connection.execute(
            "select figure_id, label from report.figure where report_year = ? order by figure_id", [report_year]
        ).fetchall()
    )
    if listed:
        near = "、".join(f"{each} {listed[each][0]}" for each in nearest_called(figure_id, listed))
        return f"{report_year} 年的数字清单中没有编号 {figure_id}；最接近的：{near}。"
    years = connection.execute("select distinct report_year from report.figure order by 1").fetchall()
    others = f"（有清单的年度：{'、'.join(str(year) for (year,) in years)}）" if years else ""
    example = connection.execute(
        "select label from core.dim_indicator where indicator_code = ?", [AN_EXAMPLE]
    ).fetchone()
    hint = f"，例如 nianbao trace {example[0]} --year {report_year}" if example else ""
    return (
        f"编号 {figure_id} 属于已发布报告的数字清单，本库没有 {report_year} 年的清单{others}"
        f"（城市文件夹的 published/{report_year}.csv）；请写指标的名称或代码{hint}。"
    )


def _understood(connection: duckdb.DuckDBPyConnection, catalogue: Catalogue, phrase: str) -> _Said:
    """A phrase taken apart, unless all of it is the name of an indicator."""
    plain = re.sub(r"\s+", "", unicodedata.normalize("NFKC", phrase))
    names = indicator_names(catalogue)
    if any(spelled(plain) in map(spelled, (code, *of)) for code, of in names.items()):
        return _Said(plain)
    year = YEAR_SAID.search(plain)
    rest = plain.replace(year[0], "") if year else plain
    is_change = CHANGE_SAID.search(rest) is not None
    rest, school = _without(CHANGE_SAID.sub("", rest), school_names(connection))
    rest, region = _without(rest, region_names(connection))
    rest, scope = _without(rest, scope_names(connection))
    words = WHOLE_SAID.sub("", LEFT_OVER.sub("", rest))
    return _Said(words, int(year[1]) if year else None, region, school, scope, CHANGE if is_change else None)


def _without(words: str, known: Names) -> tuple[str, str | None]:
    """The words without the longest name that they hold, and whose it is."""
    named = [(len(name), name, code) for code, names in known.items() for name in names if name in words]
    if not named:
        return words, None
    _, name, code = max(named)
    return words.replace(name, "", 1), code


def _indicator(catalogue: Catalogue, words: str) -> str:
    """The code of the indicator that is meant. Raises LookupError, with the nearest."""
    names = indicator_names(catalogue)
    own = {code: of[:1] for code, of in names.items()}
    found = called(words, own)
    return found[0] if len(found) == 1 else the_one_called("指标", words, names)


def indicator_names(catalogue: Catalogue) -> dict[str, list[str]]:
    """Code → what an indicator is called: its label, then the words of the report's tables."""
    names = {code: [indicator.label] for code, indicator in catalogue.indicators.items()}
    for code, label in _row_labels(catalogue):
        if label not in names[code]:
            names[code].append(label)
    return names


def _row_labels(catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    """(indicator, label) of the rows of tables; a part's label says little without its whole."""
    for table in catalogue.tables.values():
        for row in table.rows:
            if not row.part_of:
                yield row.indicator, re.sub(r"（[^（）]*）$", "", f"{row.group}{row.label}")


def _chosen_scope(connection: duckdb.DuckDBPyConnection, indicator: str, report_year: int, region: str) -> str:
    """The scope that the region's bureau chose for the indicator's part of the report, or else the first."""
    chosen = connection.execute(
        "select scope_code from core.dim_scope_choice inner join core.dim_indicator using (topic)"
        " where report_year = ? and indicator_code = ? and region_code = ? union all"
        " (select code from reference.scope order by sequence limit 1)",
        [report_year, indicator, region],
    ).fetchone()
    return str(chosen[0]) if chosen else ""


def find_school(connection: duckdb.DuckDBPyConnection, word: str) -> str:
    """The school of that code or name, of this or an earlier year. Raises LookupError, with the nearest."""
    return the_one_called("学校", word, school_names(connection))


def find_scope(connection: duckdb.DuckDBPyConnection, word: str) -> str:
    """The scope of that code or label. Raises LookupError, with the nearest."""
    return the_one_called("口径", word, scope_names(connection))


def school_names(connection: duckdb.DuckDBPyConnection) -> Names:
    """Code → the school's names, the newest first, and codes that it has stated since."""
    rows = connection.execute(
        "select school_code, school_name from core.dim_school order by report_year desc, sequence, school_code"
    ).fetchall()
    schools = {code for code, _ in rows}
    stated = connection.execute("select code, stated_code from reference.respondent_period order by all").fetchall()
    return names_by_code([*rows, *(pair for pair in stated if pair[0] in schools and pair[0] != pair[1])])


def scope_names(connection: duckdb.DuckDBPyConnection) -> Names:
    return names_by_code(
        connection.execute(
            "select scope_code, periods.label from core.dim_scope_period as periods"
            " inner join core.dim_scope using (scope_code) order by sequence, scope_code, from_year desc"
        ).fetchall()
    )
