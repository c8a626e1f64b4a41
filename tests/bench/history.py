"""What was measured when, at which commit: a small file a run of the bench (docs/benchmark/history), and its curves."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from statistics import fmean

from orchestration.benchmark.interval import CostInterval, interval_of
from orchestration.benchmark.results import COLD, FLOOR, ONE, STOCK, WARM, Results, commit
from sources.system.settings import PROJECT_ROOT
from warehouse.release.site.svg import MARKED, PLAIN, SOFT, element, length, picture, text

HISTORY = PROJECT_ROOT / "docs" / "benchmark" / "history"
PICTURE = PROJECT_ROOT / "docs" / "benchmark" / "history.svg"
CITY = "12"
LEFT, ACROSS, RIGHT, HEAD, PLOT, PANEL = 20, 640, 150, 34, 70, 130
"""Pixels: of the picture's sides and curves; of one panel its head, its curve, and all of it."""


@dataclass(frozen=True, slots=True)
class Record:
    """One run of the bench. `seconds` are wall seconds, round by round, of each thing that was measured."""

    name: str
    commit: str
    measured_at: str
    machine: str
    others: float | None
    seconds: Mapping[str, Sequence[float]]

    def ratio(self, what: str, to: str) -> CostInterval | None:
        """Round by round; None when one of the two was not measured."""
        pairs = list(zip(self.seconds.get(what, ()), self.seconds.get(to, ()), strict=False))
        return interval_of([one / other for one, other in pairs]) if pairs else None


@dataclass(frozen=True, slots=True)
class Curve:
    """Something over the runs of the bench, with its target if it has one."""

    title: str
    points: Sequence[tuple[Record, CostInterval]]
    at_most: float | None = None


def record(
    name: str,
    seconds: Mapping[str, Sequence[float]],
    others: Sequence[float],
    about: Mapping[str, object],
    at: datetime,
) -> Record:
    """What is kept of a run of the bench for ever; `about` describes the machine."""
    return Record(
        name,
        commit(),
        at.isoformat(timespec="minutes"),
        f"{about['processor']}, {about['cores']} cores, Python {about['python']}",
        round(fmean(others), 2) if others else None,
        {what: [round(each, 3) for each in taken] for what, taken in seconds.items()},
    )


def of_results(results: Results, at: datetime) -> Record:
    """Of a size."""
    walls = {what: [cost.wall for cost in costs] for what, costs in results.costs.items()}
    made = record(str(results.schools), walls, results.others, results.machine, at)
    return replace(made, commit=results.commit or made.commit)


def keep(made: Record, folder: Path = HISTORY) -> Path:
    """Writes it beside those that are there."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{made.measured_at.replace(':', '')}-{made.name}.json"
    path.write_text(json.dumps(asdict(made), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return path


def kept(folder: Path = HISTORY) -> list[Record]:
    """All of them, by time."""
    read = [Record(**json.loads(path.read_text(encoding="utf-8"))) for path in folder.glob("*.json")]
    return sorted(read, key=lambda each: each.measured_at)


def curves(records: Sequence[Record], waits: Sequence[Curve] = ()) -> list[Curve]:
    """The city's run beside the floor and the stock project, and what people wait for."""
    cities = [each for each in records if each.name == CITY]

    def ratios(title: str, what: str, to: str, at_most: float) -> Curve:
        return Curve(title, [(each, found) for each in cities if (found := each.ratio(what, to))], at_most)

    drawn = [
        ratios("city, cold ÷ floor", COLD, FLOOR, 5),
        ratios("city, one changed school ÷ floor", ONE, FLOOR, 2),
        ratios("city, warm ÷ cold", WARM, COLD, 1 / 3),
        ratios("city, cold ÷ stock Dagster project", COLD, STOCK, 1 / 3),
        *waits,
    ]
    return [curve for curve in drawn if curve.points]


def draw(drawn: Sequence[Curve]) -> str:
    """One panel a curve, one below the other: medians joined, intervals upright, the target dashed."""
    told = "；".join(f"{curve.title}: {curve.points[-1][1].shown(2)}" for curve in drawn)
    parts = [part for number, curve in enumerate(drawn) for part in _panel(curve, number * PANEL + HEAD)]
    parts.insert(0, element("rect", width="100%", height="100%", fill="#fff"))
    return picture("history", "Benchmark over commits", told, LEFT + ACROSS + RIGHT, PANEL * len(drawn), parts) + "\n"


def _panel(curve: Curve, top: int) -> list[str]:
    highest = max([found.high for _, found in curve.points] + ([curve.at_most] if curve.at_most else []))
    step = ACROSS / max(len(curve.points) - 1, 1)

    def y(value: float) -> float:
        return top + PLOT - value / highest * PLOT

    parts = [
        text(curve.title + (f" (target {curve.at_most:.2g})" if curve.at_most else ""), LEFT, top - 14),
        element("path", d=f"M{LEFT} {top + PLOT}H{LEFT + ACROSS}", stroke="#c9d1d9"),
    ]
    if curve.at_most:
        line = f"M{LEFT} {length(y(curve.at_most))}H{LEFT + ACROSS}"
        parts.append(element("path", d=line, stroke=MARKED, stroke_dasharray="4 3"))
    places = [(LEFT + number * step, found) for number, (_, found) in enumerate(curve.points)]
    way = "L".join(f"{length(x)} {length(y(found.median))}" for x, found in places)
    parts.append(element("path", d=f"M{way}", fill="none", stroke=PLAIN, stroke_width=2))
    for x, found in places:
        parts.append(element("path", d=f"M{length(x)} {length(y(found.low))}V{length(y(found.high))}", stroke=PLAIN))
        parts.append(element("circle", cx=length(x), cy=length(y(found.median)), r=3.5, fill=PLAIN))
    last = curve.points[-1][1]
    parts.append(text(last.shown(2), LEFT + ACROSS + 8, y(last.median) + 4))
    return [*parts, *_commits(curve, step, top + PLOT + 16)]


def _commits(curve: Curve, step: float, y: float) -> list[str]:
    """The commits below the points, as many as can be read."""
    every = -(-80 // max(int(step), 1))
    count = len(curve.points)
    return [
        text(each.commit, LEFT + number * step, y, "start" if number == 0 else "end", fill=SOFT)
        for number, (each, _) in enumerate(curve.points)
        if number % every == 0 or (number == count - 1 and number % every >= every / 2)
    ]


def section(drawn: Sequence[Curve], records: Sequence[Record]) -> list[str]:
    """The curves on the page, and where their data lie."""
    if not drawn:
        return []
    first, last = records[0].measured_at[:10], records[-1].measured_at[:10]
    return [
        "## History\n",
        f"![Curves: the city's ratios and what people wait for, from {first} to {last}](benchmark/history.svg)\n",
        f"{len(records)} runs of the bench, each kept as a file with its commit in docs/benchmark/history. A + after a"
        " commit: files had been changed since. Between machines, only the ratios can be compared.",
    ]
