"""Every number leads to cells, and the cells alone give the number again, as it is printed."""

from io import BytesIO

import openpyxl
import pytest

from sources.archive.archive import archived_path
from tests.conftest import NURSING_SCHOOL
from tests.support.sample import PACK
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.figures.fact import Reference
from warehouse.figures.find_figure import find_reference
from warehouse.figures.lineage import Lineage
from warehouse.figures.recompute import recompute


def references(connection, condition: str) -> list[tuple[Reference, str | None]]:
    rows = connection.execute(
        "select indicator_code, report_year, subject_code, scope_code, display from core.fct_indicator_value"
        f" where {condition} order by all"
    ).fetchall()
    return [(Reference(*row[:4]), row[4]) for row in rows]


@pytest.mark.parametrize(
    "condition",
    ["subject_kind = 'region' and scope_code in ('all', 'without_regional')", f"subject_code = '{NURSING_SCHOOL}'"],
)
def test_the_cells_alone_give_every_value_again(published, condition):
    lineage = Lineage(published, load_catalogue(PACK))
    wrong = {
        reference.key: (display, recompute(lineage.trace(reference)), load_catalogue(PACK))
        for reference, display in references(published, condition)
        if recompute(lineage.trace(reference), load_catalogue(PACK)) != display
    }
    assert wrong == {}


def test_the_cells_alone_give_every_change_again(published):
    lineage = Lineage(published, load_catalogue(PACK))
    rows = published.execute(
        "select indicator_code, report_year, subject_code, scope_code, change_display from core.fct_indicator_change"
        " where change_display is not null"
    ).fetchall()
    assert rows
    assert {row[4] for row in rows} > {"持平"}
    for *names, display in rows:
        assert recompute(lineage.trace(Reference(*names, "change")), load_catalogue(PACK)) == display, names


def test_every_printed_figure_of_the_report_can_be_traced(published):
    figures = published.execute("select figure_id, kind, status from report.figure where report_year = 2023").fetchall()
    lineage = Lineage(published, load_catalogue(PACK))
    for figure_id, kind, status in figures:
        if kind in ("standard", "target"):
            with pytest.raises(LookupError, match="声明文件"):
                find_reference(published, load_catalogue(PACK), figure_id, 2023)
            continue
        trace = lineage.trace(find_reference(published, load_catalogue(PACK), figure_id, 2023))
        assert list(trace.sources), (figure_id, status)


def test_the_cells_are_those_of_the_archived_workbooks(published, city_run):
    trace = Lineage(published, load_catalogue(PACK)).trace(Reference("employment_rate", 2023, "450700", "all"))
    sources = list(trace.sources)
    assert len({source.submission_id for source in sources}) == trace.n_reported
    for submission_id in {source.submission_id for source in sources}:
        data = archived_path(submission_id, city_run.archive).read_bytes()
        book = openpyxl.load_workbook(BytesIO(data), data_only=True)
        for source in sources:
            if source.submission_id == submission_id:
                assert str(book[source.sheet][source.cell].value) == source.raw_text


def test_a_number_that_is_zero_for_want_of_rows_leads_to_the_statement_that_there_are_none(published):
    reference, _ = next(
        (reference, display)
        for reference, display in references(published, "subject_kind = 'school' and status = 'ok' and value = 0")
        if reference.indicator.startswith("award_events")
    )
    (source,) = Lineage(published, load_catalogue(PACK)).trace(reference).sources
    assert source.is_status


def test_what_was_found_and_explained_about_the_cells_is_told(published):
    trace = Lineage(published, load_catalogue(PACK)).trace(Reference("employed", 2023, NURSING_SCHOOL, "school"))
    assert [finding["rule_id"] for finding in trace.findings] == ["outcomes.industries_add_up"]


@pytest.mark.parametrize("key", ["nothing", "a-b-c-d-e", "students_full_time-2023-450700-all-sum"])
def test_what_is_no_reference_is_refused(published, key):
    with pytest.raises(LookupError):
        find_reference(published, load_catalogue(PACK), key, 2023)


def test_keys_go_there_and_back():
    reference = Reference("students_full_time", 2023, "450700", "without_regional", "change")
    assert Reference.parse(reference.key) == reference
