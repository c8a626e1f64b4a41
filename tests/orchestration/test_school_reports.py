"""The reports of all schools with one click: what was made, where it lies, and who has none."""

import dagster as dg

from orchestration.definitions import build_definitions
from orchestration.lib.asset_keys import SCHOOL_REPORTS_JOB
from sources.declarations.city import load_city
from sources.system.settings import Settings
from tests.conftest import run_all
from tests.end_to_end.test_another_city import CITY_DIR, SUBMISSIONS, YEARS
from tests.support.small_books import pour


def test_one_click_makes_every_schools_report_and_names_who_has_none(tmp_path):
    settings = Settings(home=tmp_path / "home", city_dir=CITY_DIR)
    city = load_city(CITY_DIR)
    pour(settings, city, SUBMISSIONS)
    run_all(settings, city, YEARS)
    with dg.DagsterInstance.ephemeral() as instance:
        job = build_definitions(settings).resolve_job_def(SCHOOL_REPORTS_JOB)
        result = job.execute_in_process(instance=instance, partition_key="2031")
    (made,) = result.asset_materializations_for_node("school_reports")
    folder = settings.home / "documents" / "2031-学校年报"
    assert made.metadata["2031 文件夹"].value == str(folder)
    assert made.metadata["2031 学校年报"].value.startswith("2 份")
    assert "第三技工学校没有2031年度有效的报送" in made.metadata["2031 没有年报"].value
    assert [check.passed for check in result.get_asset_check_evaluations()] == [True]
    assert len(list(folder.rglob("*.pdf"))) == 2
