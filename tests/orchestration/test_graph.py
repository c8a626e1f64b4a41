"""The Dagster graph: what depends on what, what a run leaves behind, and what starts one."""

from datetime import date, datetime
from io import BytesIO

import dagster as dg
import openpyxl
import pytest

from orchestration.definitions import build_definitions
from orchestration.defs.schedules import inbox, takes_in_all_of
from orchestration.lib.asset_keys import JOB, intake_assets
from orchestration.lib.dbt_graph import DbtGraph, ModelAsset, needing
from orchestration.lib.installation import Installation
from orchestration.lib.partitions import range_tags
from sources.declarations.city import City
from sources.declarations.deadlines import open_years
from sources.system.settings import PROJECT_ROOT, Settings
from tests.conftest import NURSING_SCHOOL, cell_of, edit
from tests.support.sample import PACK
from warehouse.catalogue.indicator import load_chapters
from warehouse.store.connection import open_published, open_working


@pytest.fixture(scope="module")
def definitions(city_run: Settings) -> dg.Definitions:
    return build_definitions(city_run)


def parents(definitions: dg.Definitions, *key: str) -> set[str]:
    graph = definitions.resolve_asset_graph()
    return {parent.to_user_string() for parent in graph.get(dg.AssetKey(list(key))).parent_keys}


def test_dbt_waits_for_the_audited_raw_tables(definitions):
    """The edge that source tests as checks would silently drop."""
    assert "raw/students" in parents(definitions, "staging", "stg_students")
    assert parents(definitions, "raw", "students") == {"audited"}
    assert parents(definitions, "audited") == {"parsed", "reference"}
    assert parents(definitions, "parsed") == {"received"}


def test_a_model_that_fails_is_told_with_the_published_tables_that_need_it(graph_of_four):
    assert needing(graph_of_four, ["a"]) == ["marts.b", "report.c"]
    assert needing(graph_of_four, ["d"]) == ["report.d"]
    assert needing(graph_of_four, []) == []


@pytest.fixture
def graph_of_four() -> DbtGraph:
    """a → b → c, of which a is a step; and d by itself."""
    keys = {"a": ("staging", "a"), "b": ("marts", "b"), "c": ("report", "c"), "d": ("report", "d")}
    deps = {"b": (keys["a"],), "c": (keys["b"],)}
    assets = (ModelAsset(each, key, deps.get(each, ()), "", "", (), ()) for each, key in keys.items())
    return DbtGraph(tuple(assets), ())


READ_WHAT_IS_PUBLISHED = {"summary_tables", "documents", "school_reports", "released", "今天要办"}


def test_what_comes_before_the_models_needs_none(definitions):
    """It is all that a run makes here when the models are built elsewhere, on Spark."""
    before = intake_assets(PACK)
    needed = dg.AssetSelection.assets(*before).upstream().resolve(definitions.resolve_asset_graph())
    assert needed == set(before)


def test_what_leaves_the_building_is_made_last_and_from_what_is_published(definitions):
    graph = definitions.resolve_asset_graph()
    for name in READ_WHAT_IS_PUBLISHED:
        assert parents(definitions, name) == {"published"}
    leaves = {key.to_user_string() for key in graph.get_all_asset_keys() if not graph.get(key).child_keys}
    assert leaves - {"raw/cover"} == READ_WHAT_IS_PUBLISHED | {"feedback", "报送情况"}


def test_a_night_makes_no_documents_and_no_release(definitions):
    selected = definitions.resolve_job_def(JOB).asset_layer.selected_asset_keys
    assert {key.to_user_string() for key in selected} & READ_WHAT_IS_PUBLISHED == {"summary_tables"}


def test_the_ui_can_load_every_job(definitions):
    """A name that two jobs and an asset share is refused only there."""
    jobs = {job.name for job in definitions.get_repository_def().get_all_jobs()}
    assert jobs >= {JOB, "make_documents", "make_school_reports", "make_release"}


def test_what_can_be_launched_or_runs_by_itself_is_described_in_chinese_and_in_the_manual(definitions):
    """Dagster takes names of ASCII letters alone, so the description beside the name has to say it."""
    repository = definitions.get_repository_def()
    jobs = [job for job in repository.get_all_jobs() if not job.name.startswith("__")]
    named = [*jobs, *repository.sensor_defs, *repository.schedule_defs]
    assert len(named) > 8
    for each in named:
        assert any("一" <= letter <= "鿿" for letter in each.description or ""), each.name
    manual = (PROJECT_ROOT / "docs" / "dagster.zh.md").read_text(encoding="utf-8")
    rows = "\n".join(line.split("|")[1] for line in manual.splitlines() if line.startswith("|"))
    assert [each.name for each in named if each.name not in rows] == []


def test_every_asset_is_described_in_chinese_and_belongs_to_a_step_of_the_flow(definitions):
    graph = definitions.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.group_name.startswith("g"), key
        assert any("一" <= letter <= "鿿" for letter in node.description or ""), key


def test_every_check_says_in_chinese_what_it_demands(definitions):
    graph = definitions.resolve_asset_graph()
    demands = {key.name: graph.get_check_spec(key).description or "" for key in graph.asset_check_keys}
    assert [name for name, demand in demands.items() if not any("一" <= letter <= "鿿" for letter in demand)] == []
    assert demands["register_key"] == "report_year、respondent_code 合起来不重复。"
    assert "scope_code 的每个值都在 dim_scope 的 scope_code 中。" in demands.values()


def test_columns_are_described_in_the_graph(definitions):
    graph = definitions.resolve_asset_graph()
    described = (
        ("report", "table_1_2_2", "change_display", "变化情况，显示的文字"),
        ("raw", "students", "submission_id", "报送编号，即文件内容的 sha256"),
    )
    for *key, column, description in described:
        columns = graph.get(dg.AssetKey(key)).metadata["dagster/column_schema"].columns
        assert {each.name: each.description for each in columns}[column] == description


def test_every_asset_has_an_owner_its_kinds_and_the_layer_that_its_group_says(definitions):
    graph = definitions.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert list(node.owners) == ["team:bureau"], key
        assert node.kinds, key
        assert node.tags["layer"] == node.group_name.partition("_")[2], key


def sources_of(definitions: dg.Definitions, key: list[str], column: str) -> set[str]:
    """The columns that a column is made from, as the graph declares it: `raw/staff.teachers_full_time`."""
    lineage = definitions.resolve_asset_graph().get(dg.AssetKey(key)).metadata["dagster/column_lineage"]
    return {f"{dep.asset_key.to_user_string()}.{dep.column_name}" for dep in lineage.deps_by_column[column]}


def test_a_value_comes_from_numerators_and_denominators_down_to_the_sheets(definitions):
    value = "core/fct_indicator_value.value"
    of_mart = sources_of(definitions, ["marts", "outcomes"], "value")
    assert value in of_mart
    assert {
        "raw/outcomes.further_study",
        "raw/outcomes.graduates",
        "raw/outcomes.placed",  # what another definition of the rate divides by
    } <= of_mart
    assert "raw/staff.teachers_full_time" not in of_mart
    assert sources_of(definitions, ["core", "fct_indicator_value"], "value") == {"core/fct_measure.value"}
    numerators = sources_of(definitions, ["core", "fct_indicator_value"], "numerator")
    assert {"core/fct_measure.value", "raw/outcomes.further_study"} <= numerators
    assert "raw/outcomes.further_study" in sources_of(definitions, ["core", "fct_measure"], "value")


def test_column_lineage_names_columns_that_there_are_and_every_mart(definitions):
    graph = definitions.resolve_asset_graph()
    metadata = {key: graph.get(key).metadata for key in graph.get_all_asset_keys()}
    columns = {
        key: {column.name for column in of_key["dagster/column_schema"].columns}
        for key, of_key in metadata.items()
        if "dagster/column_schema" in of_key
    }
    lineages = {key: m["dagster/column_lineage"] for key, m in metadata.items() if "dagster/column_lineage" in m}
    assert {key.path[0] for key in lineages} == {"core", "marts"}
    for key, lineage in lineages.items():
        assert lineage.deps_by_column.keys() <= columns[key], key
        for column, deps in lineage.deps_by_column.items():
            assert deps, (key, column)
            assert all(dep.column_name in columns[dep.asset_key] for dep in deps), (key, column)
    of_marts = {key.path[1] for key in lineages if key.path[0] == "marts"}
    assert of_marts == {each.chapter for each in load_chapters(PACK)}


def test_warehouse_writers_share_one_pool(definitions):
    graph = definitions.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        if key.to_user_string() not in READ_WHAT_IS_PUBLISHED:
            assert graph.get(key).pools == {"warehouse"}, key


def run(settings: Settings, instance: dg.DagsterInstance, **arguments) -> dg.ExecuteInProcessResult:
    job = build_definitions(settings).resolve_job_def(JOB)
    config = {"loggers": {"progress": {}}}
    return job.execute_in_process(instance=instance, run_config=config, raise_on_error=False, **arguments)


def checks(result: dg.ExecuteInProcessResult) -> dict[tuple[str, str], dg.AssetCheckEvaluation]:
    return {(e.asset_key.to_user_string(), e.check_name): e for e in result.get_asset_check_evaluations()}


def materializations(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetMaterialization]:
    made = [e.step_materialization_data.materialization for e in result.all_events if e.is_step_materialization]
    return {materialization.asset_key.to_user_string(): materialization for materialization in made}


def tags_of(instance: dg.DagsterInstance, result: dg.ExecuteInProcessResult) -> dict[str, str]:
    found = instance.get_run_by_id(result.run_id)
    assert found is not None
    return dict(found.tags)


def test_a_run_over_both_years_leaves_counts_schemas_previews_and_checks(fresh_copy):
    fresh_copy.working_database.unlink()
    with dg.DagsterInstance.ephemeral() as instance:
        result = run(fresh_copy, instance, tags=range_tags("2022", "2023"))
        assert result.success
        assert instance.get_materialized_partitions(dg.AssetKey("received")) == {"2022", "2023"}
        assert tags_of(instance, result)["nianbao/报送"] == "接收 25 份"
    made = materializations(result)
    assert made["raw/students"].metadata["dagster/row_count"].value == 23
    assert "预览" in made["marts/scale"].metadata
    tables = [
        value.value for name, value in made["summary_tables"].metadata.items() if name.startswith("2023 表1.2-2  ")
    ]
    assert "1155↓" in tables[0]
    evaluated = checks(result)
    assert evaluated["raw/staff", "contract"].passed
    assert not evaluated["raw/outcomes", "contract"].passed
    assert evaluated["raw/outcomes", "contract"].severity == dg.AssetCheckSeverity.WARN
    assert "E11" in evaluated["raw/outcomes", "contract"].metadata["问题"].value
    assert evaluated["core/fct_indicator_value", "fct_indicator_value_key"].passed
    assert {check.metadata["年度"].value for check in evaluated.values()} == {"2022、2023年度"}
    assert all(check.description.startswith("2022、2023年度：") for check in evaluated.values())


@pytest.mark.deep
def test_a_rejected_workbook_fails_its_check_with_the_rows_and_the_run_goes_on(fresh_copy, city):
    edit(
        fresh_copy,
        city,
        NURSING_SCHOOL,
        2023,
        lambda b: cell_of(b, "学生情况", "全日制在校生数").__setattr__("value", "x"),
    )
    with dg.DagsterInstance.ephemeral() as instance:
        result = run(fresh_copy, instance, partition_key="2023")
        tags = tags_of(instance, result)
        again = tags_of(instance, run(fresh_copy, instance, partition_key="2023"))
    assert result.success
    assert tags["nianbao/报送"] == "退回 1 份"
    assert again["nianbao/报送"] == "没有新报送"
    evaluated = checks(result)
    assert evaluated["audited", "every_workbook_accepted"].description == "2023年度：1 份报送被退回。"
    check = evaluated["raw/students", "contract"]
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert "E6" in check.metadata["问题"].value
    assert "卫生学校" in evaluated["audited", "every_workbook_accepted"].metadata["问题"].value
    with open_published(fresh_copy) as connection:
        row = connection.execute(
            "select students_full_time from report.table_1_2_1 where is_total and report_year = 2023"
        )
        assert row.fetchone() == (35205,)


def test_a_failing_dbt_test_shows_its_rows_and_nothing_is_published(fresh_copy):
    """A key counted twice by hand in raw: the models must refuse it, and the published copy stays."""
    with open_working(fresh_copy) as connection:
        connection.execute(
            "insert into raw.roster by name select * replace (record + 100 as record) from raw.roster"
            " where report_year = 2023 and school_code = '3645900002'"
        )
    published_before = fresh_copy.published_database.stat().st_mtime_ns
    with dg.DagsterInstance.ephemeral() as instance:
        result = run(fresh_copy, instance, partition_key="2023")
    assert not result.success
    failed = {key: check for key, check in checks(result).items() if not check.passed and key[0].startswith("core/")}
    assert failed
    assert any("3645900002" in str(check.metadata.get("未通过的行", "")) for check in failed.values())
    assert fresh_copy.published_database.stat().st_mtime_ns == published_before


def looked_into(settings: Settings, city: City) -> dg.RunRequest | dg.SkipReason:
    """What the sensor on the inbox says now."""
    with dg.DagsterInstance.ephemeral() as instance:
        return inbox(dg.build_sensor_context(instance), Installation(settings, city))


def test_the_sensor_keeps_quiet_until_there_is_new_content(fresh_copy, city):
    assert isinstance(looked_into(fresh_copy, city), dg.SkipReason)
    edit(fresh_copy, city, NURSING_SCHOOL, 2023, lambda b: cell_of(b, "封面", "填报人").__setattr__("value", "乙"))
    request = looked_into(fresh_copy, city)
    assert isinstance(request, dg.RunRequest)
    assert request.run_key == looked_into(fresh_copy, city).run_key
    assert request.tags["dagster/asset_partition_range_end"] == "2023"


def test_touching_a_file_is_no_new_content(fresh_copy, city):
    path = next(fresh_copy.inbox.iterdir())
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data)
    assert isinstance(looked_into(fresh_copy, city), dg.SkipReason)


@pytest.mark.parametrize(
    ("years", "only", "suffices"),
    [
        (("2022", "2023"), None, True),
        (("2022", "2023"), {"received", "published", "summary_tables", "feedback", "raw/students"}, True),
        (("2023", "2023"), None, False),
        (("2022", "2023"), {"received", "raw/students"}, False),
    ],
)
def test_a_run_in_the_queue_stands_for_another_that_would_take_in_the_same(years, only, suffices):
    """One of other years, or of a part of the flow, does not; tests/orchestration/test_postgres.py has a real queue."""
    chosen = only and frozenset(dg.AssetKey.from_user_string(each) for each in only)
    queued = dg.DagsterRun(job_name=JOB, tags=range_tags(*years), asset_selection=chosen)
    assert takes_in_all_of(queued, [2022, 2023]) is suffices


def test_the_night_runs_the_open_years_and_the_yearly_run_all(definitions, city, city_run):
    freezing = {
        year: dates.model_copy(update={"freezes": date(year + 1, 1, 31)}) for year, dates in city.calendar.years.items()
    }
    freezing_city = city.model_copy(update={"calendar": city.calendar.model_copy(update={"years": freezing})})
    assert open_years(freezing_city.calendar, date(2023, 11, 1)) == [2023]
    assert open_years(freezing_city.calendar, date(2022, 12, 1)) == [2022]
    assert open_years(freezing_city.calendar, date(2026, 11, 24)) == [2023]
    schedules = {schedule.name: schedule for schedule in definitions.schedules or []}
    served = {"installation": Installation(city_run, city)}
    context = dg.build_schedule_context(scheduled_execution_time=datetime(2023, 11, 1), resources=served)
    assert isinstance(schedules["nightly"](context), dg.SkipReason)
    yearly = schedules["yearly"](dg.build_schedule_context(resources=served))
    assert yearly.tags.items() >= range_tags("2022", "2023").items()
    assert schedules["nightly"].execution_timezone == "Asia/Shanghai"


def test_workbooks_in_the_inbox_stay_as_they_were(city_run):
    for path in city_run.inbox.iterdir():
        openpyxl.load_workbook(BytesIO(path.read_bytes()))
