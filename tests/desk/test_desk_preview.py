"""What a file would change is told its school before it certifies: its own numbers and the city's, not others'."""

import os
from dataclasses import replace

import polars as pl
import pytest

from sources.declarations.city import City
from sources.system.settings import Settings
from tests.conftest import NURSING_SCHOOL
from tests.desk.test_files import SignedIn, changed, page, put
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.figures.region_year import load_region_year
from warehouse.run.rehearsal import Preview
from warehouse.store.connection import open_published

YEAR = 2023


def test_a_school_sees_what_its_file_would_change_and_nothing_of_others(
    sample: bytes, city: City, desk: Settings, signed_in: SignedIn
) -> None:
    # Long: one rehearsal is dear, and all that is asked of it is asked here.
    from orchestration.desk.models import UploadPreview
    from orchestration.desk.preview_uploads import outcome_of_preview, preview_next

    clerk = signed_in("school_clerk")
    upload = put(clerk, changed(sample, "教职工情况", "专任教师数", 300))
    at = f"/file/{upload.pk}/preview"
    assert "开始计算" in page(clerk, upload, "/preview")
    clerk.post(at)
    clerk.post(at)
    assert "计算中" in page(clerk, upload, "/preview")
    other = put(clerk, sample)
    assert "一次只能算一份" in clerk.post(f"/file/{other.pk}/preview", follow=True).content.decode()
    assert UploadPreview.objects.count() == 1
    assert preview_next()
    assert not preview_next()
    asked = UploadPreview.objects.get()
    assert asked.said == ""
    found = outcome_of_preview(asked)
    assert found is not None
    assert ("专任教师数", "143", "300") in {(each.label, each.now, each.then) for each in found.own}
    with open_published(desk) as connection:
        dual, teachers, now = connection.execute(
            "select numerator, denominator, display from core.fct_indicator_value where report_year = ?"
            " and subject_code = ? and scope_code = 'all' and indicator_code = 'double_qualified_share'",
            [YEAR, city.code],
        ).fetchone()
    moved = {each.label: (each.now, each.then) for each in found.main if each.moves}
    assert moved["双师型专任教师比例"] == (now, f"{100 * dual / (teachers + 300 - 143):.2f}")
    shown = page(clerk, upload, "/preview")
    assert all(f"<strong>{then}</strong>" in shown for _, then in moved.values())
    for each in city.respondents_in(YEAR):
        assert each.code == NURSING_SCHOOL or (each.name not in asked.outcome and each.code not in asked.outcome)
    clerk.post(at)
    assert not preview_next(), "as things stand it is known"
    os.utime(desk.published_database)
    assert "再算一次" in page(clerk, upload, "/preview")
    clerk.post(at)
    assert UploadPreview.objects.get().state == "waiting"


def test_a_file_with_errors_is_mended_before_it_is_rehearsed(sample: bytes, signed_in: SignedIn) -> None:
    from orchestration.desk.models import UploadPreview

    clerk = signed_in("school_clerk")
    upload = put(clerk, changed(sample, "教职工情况", "专任教师数", "约三千"))
    assert "先改正错误" in clerk.post(f"/file/{upload.pk}/preview", follow=True).content.decode()
    assert not UploadPreview.objects.exists()


@pytest.mark.parametrize("schools", [3, 5])
def test_a_figure_of_few_schools_is_not_shown(schools: int, city: City, desk: Settings) -> None:
    """The others' numbers could be reckoned back from it."""
    from orchestration.desk.own_preview import seen_by

    with open_published(desk) as connection:
        region = load_region_year(connection, load_catalogue(city.pack), YEAR)
    few = replace(region, facts={key: replace(each, n_reported=schools) for key, each in region.facts.items()})
    empty = pl.DataFrame(schema=["report_year", "subject_code", "indicator_code", "scope_code", "before", "after"])
    found = Preview("", "", YEAR, "accepted", "", True, empty, (), (), (), empty, empty)
    assert bool(seen_by(NURSING_SCHOOL, found, few, load_catalogue(city.pack)).main) is (schools == 5)
