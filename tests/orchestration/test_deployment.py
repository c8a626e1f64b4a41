"""The files of docs/deploy are what they are taken for: systemd accepts the units, Dagster the configuration."""

import shutil
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.instance.config import PoolGranularity

from sources.system.settings import PROJECT_ROOT

DEPLOY = PROJECT_ROOT / "docs" / "deploy"
UNITS = sorted([*DEPLOY.glob("*.service"), *DEPLOY.glob("*.timer")])


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze on this machine")
def test_systemd_accepts_the_units(tmp_path: Path):
    here = {"/srv/nianbao/app/.venv/bin": str(Path(sys.executable).parent), "/etc/nianbao.env": "/dev/null"}
    for unit in UNITS:
        text = unit.read_text()
        for there, path in here.items():
            text = text.replace(there, path)
        text = text.replace("/usr/bin/rsync", str(shutil.which("true"))).replace("User=nianbao", "User=daemon")
        (tmp_path / unit.name).write_text(text)
    checked = subprocess.run(
        ["systemd-analyze", "verify", *map(str, sorted(tmp_path.iterdir()))], capture_output=True, text=True
    )
    assert (checked.returncode, checked.stderr) == (0, "")


def test_every_service_is_confined_and_the_web_listens_to_this_machine_only():
    for unit in UNITS:
        if unit.suffix == ".service":
            text = unit.read_text()
            assert {"NoNewPrivileges=true", "ProtectSystem=strict", "User=nianbao"} <= set(text.splitlines()), unit.name
    web = (DEPLOY / "nianbao-web.service").read_text()
    assert "/nianbao web --port 3000" in web  # which has no option to listen elsewhere
    assert "IPAddressDeny=any\nIPAddressAllow=localhost" in web
    assert "proxy_pass http://127.0.0.1:3000;" in (DEPLOY / "nginx.conf").read_text()
    assert "socket: /run/nianbao/code.sock" in (DEPLOY / "workspace.yaml").read_text()


def test_the_servers_configuration_differs_from_the_shipped_one_in_storage_and_what_runs_at_once(tmp_path: Path):
    deployed = yaml.safe_load((DEPLOY / "dagster.yaml").read_text())
    shipped = yaml.safe_load((PROJECT_ROOT / "orchestration" / "dagster.yaml").read_text())
    assert deployed.pop("storage") == {"postgres": {"postgres_url": {"env": "DAGSTER_PG_URL"}}}
    assert {shipped.pop("storage")["custom"]["class"], shipped.pop("compute_logs")["class"]} == {
        "InstallationBooks",
        "InstallationOutput",
    }
    assert deployed.pop("run_monitoring") == {"enabled": True}
    several, one = deployed.pop("concurrency"), shipped.pop("concurrency")
    assert several["pools"] == one["pools"] | {"granularity": "run"}  # a run waits in the queue, not in its steps
    assert deployed == shipped
    (tmp_path / "dagster.yaml").write_text(
        yaml.safe_dump(deployed | {"run_monitoring": {"enabled": True}, "concurrency": several})
    )
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        assert instance.run_monitoring_enabled
        of_runs = instance.get_concurrency_config()
        assert of_runs.run_queue_config.max_concurrent_runs == several["runs"]["max_concurrent_runs"] > 1
        assert of_runs.pool_config.pool_granularity is PoolGranularity.RUN
        assert of_runs.pool_config.default_pool_limit == one["runs"]["max_concurrent_runs"] == 1
        assert instance.run_coordinator.dequeue_interval_seconds == 1, "a person waits for the run"
