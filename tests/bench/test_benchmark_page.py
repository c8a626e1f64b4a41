"""What the benchmark says follows from what was measured."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from orchestration.benchmark.benchmark_page import exponent, report, told
from orchestration.benchmark.interval import interval_of
from orchestration.benchmark.process_cost import CommandFailedError, Cost, measured
from orchestration.benchmark.quick import REFERENCE
from orchestration.benchmark.results import COLD, FLOOR, ONE, STOCK, WARM, Results, as_json, from_json
from orchestration.benchmark.stages import Stage
from tests.bench.__main__ import PAGE, RESULTS, write_page
from tests.bench.history import PICTURE

MACHINE = {"system": "Linux", "processor": "P", "cores": 2, "memory": 2**30, "python": "3"}
MACHINE |= dict.fromkeys(("duckdb", "polars", "python-calamine", "dagster", "dbt-core"), "1")


def cost(seconds: float) -> Cost:
    return Cost(wall=seconds, cpu=seconds, memory=10**9, largest=10**9)


def results(schools: int, cold: float, one: float = 2.0, rounds: int = 3) -> Results:
    return Results(
        schools=schools,
        bureaus=1,
        files=schools,
        years=[2023],
        measured_on="2026-11-24",
        machine=MACHINE,
        planted={"error": 1, "warning": 1, "resubmission": 1},
        runs=rounds,
        costs={
            FLOOR: [cost(1.0)] * rounds,
            COLD: [cost(cold)] * rounds,
            WARM: [cost(1.0)] * rounds,
            ONE: [cost(one)] * rounds,
            STOCK: [cost(9.0)] * rounds,
        },
        bare=[{"cells": 1, "read": 0.1, "sql": 0.1}],
        stages=[[Stage("start-up", 1.0, 1.0, 10**8), Stage("models", cold - 1, cold - 1, 10**9)]],
        rows={"models": 5, "bytes": 10**6},
        questions=[{"1. How many?": 12.0}] * rounds,
    )


def test_a_target_that_is_missed_is_called_missed():
    page = told(results(12, cold=4.0))
    assert "| city: cold at most 5 × the floor, wall | 4.00 (4.00–4.00) | met |" in page
    assert "| city: warm at most 1/3 of cold, CPU | 0.25 (0.25–0.25) | met |" in page
    assert "| city: one changed school at most 1/2 of cold, wall | 0.50 (0.50–0.50) | met |" in page
    assert "| city: cold at most 1/3 of the stock Dagster project, wall | 0.44 (0.44–0.44) | **not met** |" in page


def test_a_nation_is_judged_by_its_cost_a_workbook():
    page = report([results(300, cold=30.0), results(10_000, cold=901.0)], [])
    assert "| nation: cold within 15 minutes | 15.0 (15.0–15.0) min | **not met** |" in page
    assert (
        "| nation: cost of a workbook no higher than in the province, wall | 90 (90–90) ms, 100 (100–100) ms | met |"
        in page
    )


def test_one_round_decides_nothing():
    page = told(results(12, cold=4.0, rounds=1))
    assert "| city: cold at most 5 × the floor, wall | 4.00 | not decided |" in page


def test_a_target_within_the_interval_is_not_decided():
    measured_twice = results(12, cold=4.0)
    measured_twice.costs[COLD] = [cost(seconds) for seconds in (4.0, 5.1, 4.0)]
    assert "| city: cold at most 5 × the floor, wall | 4.00 (4.00–5.10) | not decided |" in told(measured_twice)


def test_a_busy_minute_that_falls_upon_both_of_a_pair_is_in_no_ratio():
    busy = results(12, cold=4.0)
    busy.costs[FLOOR] = [cost(seconds) for seconds in (1.0, 3.0, 1.0)]
    busy.costs[COLD] = [cost(seconds) for seconds in (4.0, 12.0, 4.0)]
    assert busy.ratio(COLD, FLOOR, "wall") == interval_of([4.0, 4.0, 4.0])


def test_alternatives_are_held_against_the_rounds_in_which_they_ran():
    some = results(12, cold=4.0)
    some.costs[COLD] = [cost(seconds) for seconds in (3.0, 6.0, 9.0, 90.0)]
    assert some.ratio(COLD, STOCK, "wall") == interval_of([1 / 3, 2 / 3, 1.0])


def test_what_other_work_takes_is_noted():
    work = "sum(number * number for number in range(30_000_000))"
    other = subprocess.Popen([sys.executable, "-c", work])
    used, _, _ = measured([sys.executable, "-c", "import time; time.sleep(0.5)"], {})
    other.kill()
    other.wait()
    assert used.others is not None
    assert used.others > 0.3


def test_the_page_and_its_picture_are_what_was_measured(tmp_path: Path):
    shutil.copytree(RESULTS, tmp_path / "benchmark")
    write_page(tmp_path / "benchmark", tmp_path / "benchmark.md", tmp_path / "reference.json")
    stale = "stale: python -m tests.bench page"
    assert (tmp_path / "benchmark.md").read_text("utf-8") == PAGE.read_text("utf-8"), stale
    assert (tmp_path / "benchmark" / "history.svg").read_bytes() == PICTURE.read_bytes(), stale
    assert (tmp_path / "reference.json").read_bytes() == REFERENCE.read_bytes(), stale


def test_the_exponent_of_a_proportional_cost_is_one_and_that_of_a_fixed_one_zero():
    sizes = [results(schools, cold=schools / 10) for schools in (12, 100, 300)]
    assert exponent(sizes, COLD, "wall") == pytest.approx(1)
    assert exponent(sizes, ONE, "wall") == pytest.approx(0)


def test_the_median_run_is_told():
    several = results(12, cold=4.0)
    several.costs[COLD] = [cost(seconds) for seconds in (4.0, 90.0, 5.0)]
    assert several.median(COLD, "wall") == 5.0


def test_results_are_kept_as_they_are():
    kept = replace(results(12, cold=4.0))
    assert from_json(as_json(kept)) == kept


def test_a_command_is_measured_with_its_children():
    child = "x = bytearray(200_000_000); import time; time.sleep(0.5)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}]); print('done')"
    used, output, moments = measured([sys.executable, "-c", parent], {})
    assert output == "done\n"
    assert used.memory >= used.largest > 200_000_000
    assert max(moment.memory for moment in moments) > 200_000_000


def test_what_this_process_takes_is_not_measured():
    ballast = b"x" * 300_000_000
    used, _, _ = measured([sys.executable, "-c", "import time; time.sleep(0.3)"], {})
    assert used.memory < len(ballast)


def test_a_command_that_fails_is_no_measurement():
    with pytest.raises(CommandFailedError, match="no such thing"):
        measured([sys.executable, "-c", "raise SystemExit('no such thing')"], {})


def test_cpu_of_a_pools_workers_counts_although_their_server_ends_by_itself():
    """What the kernel adds up for a command lacks them; a run reads its workbooks in such workers."""
    work = "sum(number * number for number in range(20_000_000))"
    program = (
        "from concurrent.futures import ProcessPoolExecutor\n"
        "from multiprocessing import get_context\n"
        "if __name__ == '__main__':\n"
        "    with ProcessPoolExecutor(1, get_context('forkserver')) as pool:\n"
        f"        pool.submit(eval, {work!r}).result()\n"
    )
    alone, _, _ = measured([sys.executable, "-c", work], os.environ)
    in_a_pool, _, _ = measured([sys.executable, "-c", program], os.environ)
    assert in_a_pool.cpu > alone.cpu / 2


def test_wall_seconds_of_a_busy_machine_are_not_compared():
    busy = results(300, cold=9.0)
    busy.costs[COLD] = [replace(each, others=1.7) for each in busy.costs[COLD]]
    assert busy.is_busy
    page = report([results(12, cold=4.0), busy, results(1000, cold=8.0)], [])
    assert "other work kept 1.7 cores busy (at most 1.7), **so that only CPU can be compared**" in page
    assert "| 300 | 300 | busy | 9.0 | 30 | busy | 2.0 |" in page
    assert "| 12 | 12 | 4.0 | 4.0 |" in page


def test_a_remark_on_old_figures_stands_above_them():
    page = told(replace(results(12, cold=4.0), note="Measured before the flood."))
    assert page.index("**Measured before the flood.**") < page.index("| run | wall s |")
