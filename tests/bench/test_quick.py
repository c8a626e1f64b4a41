"""Within a minute and in Chinese: is this machine as expected?"""

import re
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from orchestration.benchmark.quick import MachineLook, MachineReference, judged, load_reference, reference_of, seen
from orchestration.benchmark.results import COLD, FLOOR, ONE, WARM
from orchestration.cli.console import ACTION_NEEDED
from tests.bench.test_benchmark_page import cost, results

EXPECTED = MachineReference("P，2 核，24 GB", "2026-11-27", {FLOOR: 0.6, COLD: 5.0, ONE: 4.0, WARM: 0.4})
HERE = MachineLook(3, EXPECTED.seconds, others=0.1, cores=2)


def test_a_machine_like_the_reference_is_as_expected():
    verdict = judged(HERE, EXPECTED)
    assert verdict.is_expected
    assert verdict.lines[1] == "只读文件、算模型（下限）：0.60 秒，参考 0.60 秒，1.0 倍"
    assert verdict.lines[-1] == "结论：这台机器和预期相符。"


def test_a_faster_machine_is_too():
    assert judged(replace(HERE, seconds=dict.fromkeys(EXPECTED.seconds, 0.1)), EXPECTED).is_expected


def test_a_slow_machine_is_told_by_how_much_and_what_to_do():
    verdict = judged(replace(HERE, seconds={what: 2 * each for what, each in EXPECTED.seconds.items()}), EXPECTED)
    assert not verdict.is_expected
    assert "比预期慢" in verdict.lines[-1]
    assert "第一次运行用了 10.00 秒，是参考的 2.0 倍，超过 1.5 倍" in verdict.lines[-1]
    assert "请换" in verdict.lines[-1]


def test_a_fast_machine_with_a_slow_program_is_told_apart():
    verdict = judged(replace(HERE, seconds=EXPECTED.seconds | {WARM: 4.0}), EXPECTED)
    assert "机器够快，程序却比预期慢：没有新内容用了 4.00 秒" in verdict.lines[-1]
    assert "NIANBAO_HOME" in verdict.lines[-1]


@pytest.mark.parametrize("times", [1, 3])
def test_a_machine_that_does_other_work_is_not_judged(times):
    slow = {what: times * each for what, each in EXPECTED.seconds.items()}
    verdict = judged(MachineLook(3, slow, others=1.2, cores=2), EXPECTED)
    assert not verdict.is_expected
    assert verdict.lines[-1].startswith("结论：说不准：测的时候别的程序占用了 2 个核中的 1.2 个，超过 25%")


def test_other_work_on_a_machine_of_many_cores_leaves_enough():
    assert judged(MachineLook(3, EXPECTED.seconds, others=1.2, cores=16), EXPECTED).is_expected


def test_reference_and_look_are_medians_of_what_was_measured():
    city = results(12, cold=4.0)
    city.costs[COLD] = [replace(cost(seconds), others=0.3) for seconds in (4.0, 9.0, 5.0)]
    assert reference_of(replace(city, machine=city.machine | {"memory": 2**34})).machine == "P，2 核，16 GB"
    assert seen(city) == MachineLook(3, {FLOOR: 1.0, COLD: 5.0, ONE: 2.0, WARM: 1.0}, others=0.3, cores=2)


def test_the_reference_is_of_all_that_is_looked_at():
    assert load_reference().seconds.keys() == EXPECTED.seconds.keys()


@pytest.mark.deep
def test_the_command_says_so_within_a_minute():
    """On a machine that other tests keep busy it may say that it cannot tell; it ends in time all the same."""
    program = str(Path(sys.executable).with_name("nianbao"))
    began = time.monotonic()
    ended = subprocess.run([program, "bench", "--quick"], capture_output=True, text=True, check=False)
    took = time.monotonic() - began
    assert ended.returncode in (0, ACTION_NEEDED), ended.stderr
    assert re.search(r"^结论：(这台机器和预期相符|这台机器比预期慢|机器够快|说不准)", ended.stdout, re.MULTILINE)
    assert took < 60 or "说不准" in ended.stdout
