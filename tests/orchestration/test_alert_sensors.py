"""Sensors that tell people: real runs on a real Dagster instance, and a group that answers as DingTalk does."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import pytest
import yaml

from orchestration.defs.alert_sensors import build_alerts, tick
from orchestration.lib.installation import Installation
from orchestration.lib.observe import alert, run_report
from sources.declarations.alerting import ALERTS_FILE
from sources.declarations.city import City, load_city
from sources.system.settings import CITIES_ROOT, Settings
from tests.support.sinks import SECRET, TOKEN, Sink, dingtalk, serve

NO_ASSETS = dg.Definitions()
QUIET_DAY, OVERDUE_DAY = date(2022, 1, 1), date(2022, 12, 2)


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An empty installation of the sample city, on a day on which nothing is due, with alerts off."""
    monkeypatch.setenv("TEST_TOKEN", TOKEN)
    monkeypatch.setenv("TEST_SECRET", SECRET)
    city_dir = tmp_path / "city"
    city_dir.mkdir()
    for name in ("city.yml", "scopes.yml", "respondents.yml", "calendar.yml"):
        (city_dir / name).write_bytes((CITIES_ROOT / "450700" / name).read_bytes())
    return Settings(home=tmp_path / "home", city_dir=city_dir, fixed_today=QUIET_DAY)


@pytest.fixture
def city(installation: Settings) -> City:
    return load_city(installation.city_dir)


@pytest.fixture
def group(installation: Settings) -> Iterator[Sink]:
    with serve(dingtalk) as sink:
        channel = {"kind": "dingtalk", "name": "群", "token_env": "TEST_TOKEN", "secret_env": "TEST_SECRET"}
        content = {"enabled": True, "channels": [{**channel, "base_url": sink.url}]}
        (installation.city_dir / ALERTS_FILE).write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
        yield sink


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def run(instance: dg.DagsterInstance, check_passes: bool = True, step_fails: bool = False) -> str:
    """A run with one asset, its check and a step after it; returns its id."""

    @dg.asset(check_specs=[dg.AssetCheckSpec("adds_up", asset="numbers"), dg.AssetCheckSpec("odd", asset="numbers")])
    def numbers() -> Iterator[dg.Output | dg.AssetCheckResult]:
        yield dg.Output(1)
        yield dg.AssetCheckResult(check_name="adds_up", passed=check_passes, metadata={"未通过的行数": 3})
        yield dg.AssetCheckResult(check_name="odd", passed=False, severity=dg.AssetCheckSeverity.WARN)

    @dg.asset(deps=[numbers])
    def report() -> None:
        if step_fails:
            raise OSError("磁盘已满")

    result = dg.materialize([numbers, report], instance=instance, raise_on_error=False)
    assert result.success != step_fails
    return result.run_id


class Daemon:
    """Evaluates the run sensors as the daemon does, one tick after the other with their cursors."""

    def __init__(self, settings: Settings, city: City, instance: dg.DagsterInstance) -> None:
        sensors = build_alerts(NO_ASSETS).sensors or []
        self.sensors = [each for each in sensors if isinstance(each, dg.RunStatusSensorDefinition)]
        self.cursors: dict[str, str | None] = {}
        self.instance = instance
        self.served = {"installation": Installation(settings, city)}
        self.tick()

    def tick(self) -> list[str]:
        """What the sensors say; nothing about a run is nothing said."""
        said = []
        for sensor in self.sensors:
            context = dg.build_sensor_context(
                self.instance, cursor=self.cursors.get(sensor.name), resources=self.served
            )
            outcome = sensor.evaluate_tick(context)
            self.cursors[sensor.name] = outcome.cursor
            said += [outcome.skip_message] if "提醒" in (outcome.skip_message or "") else []
        return said


def test_a_failed_check_of_a_successful_run_is_told_and_so_is_its_recovery(installation, city, group, instance):
    daemon = Daemon(installation, city, instance)
    run(instance, check_passes=False)
    assert daemon.tick() == ["提醒：发出 1 条"]
    run(instance, check_passes=False)
    assert daemon.tick() == ["提醒：没有新情况"]
    mended = run(instance)
    assert daemon.tick() == ["提醒：发出 1 条"]
    assert daemon.tick() == []
    assert group.accepted == [
        "【年报】钦州市：新情况 1 项\n● 检验未通过：numbers：adds_up\n　未通过的行数 3",
        f"【年报】钦州市：已恢复 1 项\n○ 已恢复：检验未通过：numbers：adds_up\n　运行 {mended[:8]} 中，检验通过了。",
    ]


def test_a_failed_run_is_told_with_its_step_its_reason_and_its_failed_checks(installation, city, group, instance):
    daemon = Daemon(installation, city, instance)
    run_id = run(instance, check_passes=False, step_fails=True)
    assert daemon.tick() == ["提醒：发出 1 条"]
    (text,) = group.accepted
    assert "● 运行失败：report\n　OSError: 磁盘已满" in text
    assert f"运行 {run_id[:8]}" in text
    assert "● 检验未通过：numbers：adds_up" in text
    assert "numbers：odd" not in text
    run(instance)
    assert daemon.tick() == ["提醒：发出 1 条"]
    assert group.accepted[1].splitlines()[0] == "【年报】钦州市：已恢复 2 项"


def test_a_run_that_fails_before_any_step_is_told_too(instance):
    job = dg.define_asset_job("j").resolve(asset_graph=dg.Definitions(assets=[dg.AssetSpec("a")]).resolve_asset_graph())
    dagster_run = instance.create_run_for_job(job)
    instance.report_run_failed(dagster_run, message="进程被结束")
    assert run_report(instance, dagster_run.run_id, NO_ASSETS).failed_steps == {"启动": ("进程被结束",)}


def test_what_the_command_line_has_told_the_sensor_does_not_tell_again(installation, city, group, instance):
    daemon = Daemon(installation, city, instance)
    run_id = run(instance, step_fails=True)
    assert alert(installation, city, run_report(instance, run_id, NO_ASSETS)).sent == 1
    assert daemon.tick() == ["提醒：没有新情况"]


def test_checks_are_told_by_what_they_are_about(instance):
    described = dg.AssetCheckSpec("adds_up", asset="described", description="男女之和等于总数。")

    @dg.asset(
        name="described",
        description="学生。一行一个学校。",
        check_specs=[described, dg.AssetCheckSpec("plain", asset="described")],
    )
    def students() -> Iterator[dg.Output | dg.AssetCheckResult]:
        yield dg.Output(1)
        for name in ("adds_up", "plain"):
            yield dg.AssetCheckResult(check_name=name, passed=False)

    result = dg.materialize([students], instance=instance)
    assert run_report(instance, result.run_id, dg.Definitions(assets=[students])).labels == {
        "described：adds_up": "男女之和等于总数",
        "described：plain": "学生",
    }


def test_the_explanation_that_a_step_gives_is_told_and_not_its_traceback(instance):
    @dg.asset
    def models() -> None:
        raise dg.Failure("数据模型没有全部建成。", metadata={"原因": "第一行\n第二行\n第三行\n第四行"})

    result = dg.materialize([models], instance=instance, raise_on_error=False)
    told = run_report(instance, result.run_id, NO_ASSETS).failed_steps
    assert told == {"models": ("数据模型没有全部建成。", "第一行", "第二行")}


def test_with_alerts_off_the_sensors_say_so(installation, city, instance):
    daemon = Daemon(installation, city, instance)
    run(instance, step_fails=True)
    assert daemon.tick() == [f"提醒：未启用（{installation.city_dir / ALERTS_FILE}）"]
    assert tick(installation, city, datetime(2022, 1, 1, 4, tzinfo=UTC)).startswith("提醒：未启用")


def test_the_calendar_is_looked_at_by_day_without_any_run(installation, city, group):
    overdue = replace(installation, fixed_today=OVERDUE_DAY)
    night, noon = datetime(2022, 12, 1, 17, tzinfo=UTC), datetime(2022, 12, 2, 4, tzinfo=UTC)
    assert tick(overdue, city, night).startswith("免打扰时间（8 点以前、20 点以后")
    assert tick(overdue, city, noon) == f"提醒：发出 {len(city.respondents_in(2022))} 条"
    assert all("● 2022年度数据逾期：还没有报送" in text for text in group.accepted)


def test_the_sensors_are_on_and_described_in_chinese(installation, city):
    sensors = build_alerts(NO_ASSETS).sensors
    served = {"installation": Installation(installation, city)}
    assert [each.name for each in sensors] == ["alerts_after_success", "alerts_after_failure", "alerts_of_the_calendar"]
    assert {each.default_status for each in sensors} == {dg.DefaultSensorStatus.RUNNING}
    (calendar,) = [each for each in sensors if not isinstance(each, dg.RunStatusSensorDefinition)]
    assert isinstance(calendar(dg.build_sensor_context(resources=served)), dg.SkipReason)
