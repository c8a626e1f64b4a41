"""Each look at a run belongs to one line of the profile, and what was seen adds up."""

import json
import os
from pathlib import Path

import pytest

from orchestration.benchmark.process_cost import Cost, measured
from orchestration.benchmark.runner import PYTHON
from sources.system.settings import PROJECT_ROOT
from tests.bench.profile import FILES, LINES, SAMPLING, line_of, profile_of, section

PACKAGES = "/venv/lib/python3.11/site-packages"
DAGSTER = f"{PACKAGES}/dagster/_core/execution/api.py:__iter__"
BUILD = f"{PROJECT_ROOT}/warehouse/run/build.py:build"
COST = Cost(wall=2.0, cpu=2.0, memory=1, largest=1, others=0.5)


@pytest.mark.parametrize(
    ("inner", "name"),
    [
        ([BUILD, f"{PROJECT_ROOT}/warehouse/run/build.py:_create"], "SQL of models and tests"),
        ([BUILD, f"{PROJECT_ROOT}/warehouse/bounding/note_bounds.py:bounds"], "bounds of figures that lack schools"),
        ([BUILD, f"{PROJECT_ROOT}/warehouse/run/build.py:_describe"], "descriptions of tables and columns"),
        ([f"{PROJECT_ROOT}/orchestration/lib/event_log.py:store_event"], "Dagster's events"),
        (["<frozen importlib._bootstrap>:_find_and_load", DAGSTER], "modules imported"),
        ([], "Dagster's steps, outputs and checks"),
    ],
)
def test_a_stack_belongs_to_the_first_line_that_names_one_of_its_frames(inner: list[str], name: str) -> None:
    assert line_of([DAGSTER, *inner]) == name


def test_what_no_line_names_is_everything_else() -> None:
    assert line_of(["/somewhere/else.py:work"]) == line_of([]) == LINES[-1].name == "everything else"


def test_lines_are_a_whole_and_functions_have_what_they_call() -> None:
    seen = {"before": 0.1, "children": 0.4, "stacks": [[[DAGSTER, BUILD], 1.0], [[DAGSTER], 0.5]]}
    profile = profile_of(seen, COST)
    assert sum(profile.lines.values()) == pytest.approx(2.0)
    assert profile.lines[FILES] == 0.4
    assert profile.functions == {"warehouse/run/build.py:build": 1.0}
    page = "\n".join(section(profile, profile, COST))
    assert "up to 0.5 cores busy with other work" in page
    assert "| all | 2.00 | | 2.00 | | |" in page
    assert "| `warehouse/run/build.py:build` | 1.00 | 1.00 |" in page


def test_a_command_is_looked_at_while_it_runs(tmp_path: Path) -> None:
    out = tmp_path / "seen.json"
    command = [PYTHON, str(SAMPLING), str(out), "--help"]
    cost, said, _ = measured(command, os.environ | {"NIANBAO_HOME": str(tmp_path)}, cwd=PROJECT_ROOT)
    assert "nianbao" in said
    seen = profile_of(json.loads(out.read_text(encoding="utf-8")), cost)
    assert "modules imported" in seen.lines
    assert 0 < sum(seen.lines.values()) <= cost.cpu + 0.1
