"""Whether this machine is as expected: the city, measured within a minute and held against reference.json."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean

from orchestration.benchmark.results import BUSY, COLD, FLOOR, ONE, WARM, Results
from orchestration.benchmark.runner import measure

REFERENCE = Path(__file__).with_name("reference.json")
CITY, ROUNDS, SECONDS = 12, 3, 50.0
ALIKE = 1.5
"""Up to so many times the reference is as expected: runs of one machine differ by a fifth, days by a third."""
NAMES = {FLOOR: "只读文件、算模型（下限）", COLD: "第一次运行", ONE: "一所学校改动后运行", WARM: "没有新内容"}


@dataclass(frozen=True, slots=True)
class MachineReference:
    """Median wall seconds of a machine that was quiet, with what it is and when it was measured."""

    machine: str
    measured_on: str
    seconds: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class MachineLook:
    """What a quick look has seen: median wall seconds, and how many of the cores other work kept busy."""

    rounds: int
    seconds: Mapping[str, float]
    others: float
    cores: int


@dataclass(frozen=True, slots=True)
class MachineVerdict:
    """`lines` are for people; `is_expected` is what they come to."""

    lines: tuple[str, ...]
    is_expected: bool


def look(tell: Callable[[str], None], within: float = SECONDS) -> tuple[MachineLook, float]:
    """Measures, and says how long that took. Raises what `measure` raises."""
    began = time.perf_counter()
    results = measure(CITY, ROUNDS, tell=tell, within=within, compiles=False)
    return seen(results), time.perf_counter() - began


def seen(results: Results) -> MachineLook:
    others = fmean(results.others) if results.others else 0.0
    return MachineLook(results.runs, _seconds(results), others, results.machine["cores"])


def reference_of(results: Results) -> MachineReference:
    """A city's results as what others are held against."""
    machine = results.machine
    about = f"{machine['processor']}，{machine['cores']} 核，{machine['memory'] / 2**30:.0f} GB"
    return MachineReference(about, results.measured_on, _seconds(results))


def _seconds(results: Results) -> dict[str, float]:
    return {what: round(results.median(what, "wall") or 0, 2) for what in NAMES}


def as_json(reference: MachineReference) -> str:
    return json.dumps(asdict(reference), ensure_ascii=False, indent=1) + "\n"


def load_reference() -> MachineReference:
    return MachineReference(**json.loads(REFERENCE.read_text(encoding="utf-8")))


def judged(here: MachineLook, expected: MachineReference) -> MachineVerdict:
    """In Chinese, whether it is as expected, and if not, what to do. What other work slows down is not judged."""
    times = {what: here.seconds[what] / expected.seconds[what] for what in NAMES}
    lines = [
        f"参考：{expected.machine}（{expected.measured_on}）；这里测了 {here.rounds} 轮，取中位数。",
        *(
            f"{name}：{here.seconds[what]:.2f} 秒，参考 {expected.seconds[what]:.2f} 秒，{times[what]:.1f} 倍"
            for what, name in NAMES.items()
        ),
    ]
    troubles = [
        f"{name}用了 {here.seconds[what]:.2f} 秒，是参考的 {times[what]:.1f} 倍，超过 {ALIKE:g} 倍"
        for what, name in NAMES.items()
        if times[what] > ALIKE
    ]
    is_busy = here.others > BUSY * here.cores
    is_expected = not is_busy and not troubles
    if is_busy:
        conclusion = (
            f"说不准：测的时候别的程序占用了 {here.cores} 个核中的 {here.others:.1f} 个，"
            f"超过 {BUSY:.0%}。请等机器空闲，再测一次。"
        )
    elif is_expected:
        conclusion = "这台机器和预期相符。"
    elif times[FLOOR] > ALIKE:
        conclusion = f"这台机器比预期慢：{'；'.join(troubles)}。请换快一些的处理器或磁盘；只是慢，不影响结果。"
    else:
        conclusion = (
            f"机器够快，程序却比预期慢：{'；'.join(troubles)}。请看临时文件夹（TMPDIR）和 NIANBAO_HOME"
            " 是不是在网络盘上，杀毒软件是不是在扫描它们；再运行一次 make run，把没有编译的编译好。"
        )
    return MachineVerdict((*lines, f"结论：{conclusion}"), is_expected)
