"""`nianbao check-city`: all problems, one line each; the other commands stop on them before anything is written."""

import json
import shutil

from typer.testing import CliRunner

from orchestration.cli.main import app
from sources.system.settings import CITIES_ROOT

TOLD = "scopes.yml 第 9 行：口径“不含技工学校”：category 没有“technican”；是不是“technician”？"


def test_a_good_city_and_a_wrong_one(tmp_path, monkeypatch):
    folder = tmp_path / "city"
    shutil.copytree(CITIES_ROOT / "450700", folder)
    run = CliRunner().invoke
    assert run(app, ["check-city", str(folder)]).exit_code == 0

    scopes = folder / "scopes.yml"
    scopes.write_text(scopes.read_text("utf-8").replace("[technician]", "[technican]", 1), "utf-8")
    found = run(app, ["check-city", str(folder)])
    assert (found.exit_code, TOLD in found.output) == (2, True)
    (problem,) = json.loads(run(app, ["check-city", str(folder), "--json"]).output)
    assert (problem["line"], problem["key"]) == (9, "category")

    monkeypatch.setenv("NIANBAO_CITY", str(folder))
    monkeypatch.setenv("NIANBAO_HOME", str(tmp_path / "home"))
    assert run(app, ["template", "--year", "2023"]).exit_code == 2
    assert not (tmp_path / "home").exists()
