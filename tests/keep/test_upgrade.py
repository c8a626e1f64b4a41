"""What an earlier version left is opened, run, backed up while it runs, restored, verified; then comes a new year."""

import os
import subprocess
import tarfile
import time
from dataclasses import replace
from pathlib import Path

import pytest

from sources.declarations.city import City
from sources.sample.pour import pour_samples
from sources.system.settings import CITIES_ROOT, Settings
from tests.conftest import TODAY
from tests.end_to_end.test_command_line import NIANBAO, nianbao
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.keep.backup import Backup, back_up
from warehouse.keep.restore import restore_backup
from warehouse.release.verify import Verified, verify
from warehouse.store.connection import open_published

VERSIONS = Path(__file__).parent / "versions"
PUBLISHED = sorted(VERSIONS.glob("*.tar.xz"))
YEAR, NEXT, RELEASE = 2022, 2023, "2022.1"
BEFORE_A_RUN = (
    ("status", "--year", "2022"),
    ("todo",),
    ("feedback", "--year", "2022"),
    ("release", "2022", "--dry-run"),
    ("preview", "FILE"),
)
"""Commands of a clerk's day that ask what another version has published: each says what to do first."""
AFTER_A_RUN = (
    ("status", "--year", "2022"),
    ("todo",),
    ("check", "FILE"),
    ("trace", "毕业去向落实率", "--year", "2022"),
)
PAUSE = 1.5
"""Seconds between two backups, so that they do not slow the run down."""
PRINTED = ("report.table_", "report.annex_")


@pytest.fixture(params=PUBLISHED, ids=lambda path: path.name.removesuffix(".tar.xz"))
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """An installation as a published version has left it."""
    settings = Settings(home=tmp_path / "old", city_dir=CITIES_ROOT / "450700", fixed_today=TODAY)
    with tarfile.open(request.param) as packed:
        packed.extractall(settings.home, filter="data")
    return settings


def test_each_published_version_has_an_installation_here():
    assert "0.1.0.tar.xz" in [path.name for path in PUBLISHED]
    assert sum(path.stat().st_size for path in PUBLISHED) < 10_000_000


@pytest.mark.deep
def test_an_installation_of_an_earlier_version_goes_on(old: Settings, city: City, tmp_path: Path):
    """One story, because each of its steps takes what the last one left."""
    doctor = nianbao(old, "doctor")
    assert doctor.returncode == 0, doctor.stdout
    assert "还没有校验文件" in doctor.stdout
    assert "从存档重建" in doctor.stdout
    for command in BEFORE_A_RUN:
        asked = nianbao(old, *_with_file(command, old))
        assert asked.returncode in (1, 2), asked.stdout
        assert "请先运行nianbaorun" in "".join(asked.stderr.split())  # lines break where the path is long
        assert "Traceback" not in asked.stderr

    taken = _backups_during(old, ["run", "--year", str(YEAR)], tmp_path)
    assert nianbao(old, "doctor").returncode == 0
    for command in AFTER_A_RUN:
        asked = nianbao(old, *_with_file(command, old))
        assert asked.returncode in (0, 3), asked.stderr
    _prints_the_same(old)

    new = replace(old, home=tmp_path / "new")
    restored = restore_backup(new, taken[len(taken) // 2].folder)
    assert (restored.submissions, restored.releases, restored.ailments) == (12, (RELEASE,), ())
    _is_as_released(verify(new, city, load_catalogue(city.pack), RELEASE))
    pour_samples(city, new.city_dir, NEXT, new.inbox)
    ran = nianbao(new, "run", "--year", str(YEAR), "--year", str(NEXT))
    assert ran.returncode == 0, ran.stderr
    assert f"{YEAR}年度  已接收 12 / 应报 12" in ran.stdout
    assert f"{NEXT}年度  已接收 13 / 应报 13" in ran.stdout
    assert nianbao(new, "doctor").returncode == 0


def _with_file(command: tuple[str, ...], settings: Settings) -> list[str]:
    """The command, with a workbook that the archive has where it takes one."""
    return [str(next(settings.archive.glob("??/*.xlsx"))) if word == "FILE" else word for word in command]


def _backups_during(settings: Settings, command: list[str], folder: Path) -> list[Backup]:
    """One backup after the other while a command works, in a process of its own; none has anything broken in it."""
    environment = os.environ | {"NIANBAO_HOME": str(settings.home), "NIANBAO_CITY": str(settings.city_dir)}
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    running = subprocess.Popen([NIANBAO, *command], env=environment, **silent)
    taken: list[Backup] = []
    while running.poll() is None:
        made = back_up(settings, folder / f"backup-{len(taken)}")
        taken += [made] if running.poll() is None else []
        time.sleep(PAUSE)
    assert running.returncode == 0
    assert taken
    assert [each.ailments for each in taken if each.ailments] == []
    return taken


def _is_as_released(verified: Verified) -> None:
    """Nothing of the release is damaged or lost."""
    assert (verified.damaged, verified.missing, verified.unnamed, verified.disagreeing) == ((), (), (), ())


def _prints_the_same(settings: Settings) -> None:
    """Each printed table has the rows that the release has, in every column that both versions know."""
    with open_published(settings) as connection:
        for path in sorted((settings.home / "releases" / RELEASE / "data").glob("report.*.csv")):
            if not path.name.startswith(PRINTED):
                continue
            theirs = f"read_csv('{path}', all_varchar = true, header = true)"
            known, ours = (
                [name for name, *_ in connection.execute(f"from {relation} limit 0").description]
                for relation in (theirs, path.stem)
            )
            both = [name for name in known if name in ours]
            assert {"report_year", "row_number", "status"} <= set(both), path.name
            columns = ", ".join(f"coalesce(cast(\"{name}\" as varchar), '')" for name in both)
            of_year = f"select {columns} from {path.stem} where report_year <= {YEAR}"
            lost = connection.execute(f"select {columns} from {theirs} except {of_year}").fetchall()
            assert lost == [], path.name
