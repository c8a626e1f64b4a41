"""Each run of the bench is kept, and the curves show what is kept."""

from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

from orchestration.benchmark.results import COLD, FLOOR
from tests.bench.history import Record, curves, draw, keep, kept, record
from tests.bench.waits import WAITS, curves_of, section

MACHINE = {"processor": "P", "cores": 2, "python": "3"}


def of_city(at: str, commit: str, cold: float) -> Record:
    return Record("12", commit, at, "P", 0.1, {FLOOR: [1.0, 1.0, 1.0], COLD: [cold, cold + 1, cold + 2]})


def test_what_is_kept_is_read_again_in_the_order_of_time(tmp_path: Path):
    late, early = of_city("2026-11-29T10:00+00:00", "b", 4), of_city("2026-11-27T10:00+00:00", "a", 8)
    for each in (late, early):
        keep(each, tmp_path)
    assert kept(tmp_path) == [early, late]


def test_a_run_is_kept_with_commit_and_load(tmp_path: Path):
    made = record("waits", {"status": [0.31234567]}, [0.5, 1.5], MACHINE, datetime(2026, 11, 29, tzinfo=UTC))
    assert (made.seconds, made.others, made.machine) == ({"status": [0.312]}, 1.0, "P, 2 cores, Python 3")
    assert made.commit


def test_the_curve_has_a_point_and_an_upright_line_for_each_run():
    drawn = curves([of_city("1", "aaa", 8), of_city("2", "bbb", 4)])
    assert [curve.title for curve in drawn] == ["city, cold ÷ floor"]
    picture = ElementTree.fromstring(draw(drawn))
    assert len(picture.findall(".//{*}circle")) == 2
    told = "".join(picture.itertext())
    assert "aaa" in told
    assert "target 5" in told
    assert "5.00 (4.00–6.00)" in told


def test_what_people_wait_for_is_judged_by_its_interval():
    seconds = {
        "launch": [6.0, 6.2, 5.9],
        "launch, command": [4.0, 4.0, 4.0],
        "status": [0.2, 0.3, 0.3],
        "check": [0.9, 1.0, 0.9],
        "search": [0.1, 0.1, 0.1],
    }
    page = "\n".join(section([Record("waits", "abc", "2026-11-29T10:00+00:00", "P", 0.0, seconds)]))
    assert (
        "| launch to done, nothing new | 3 | 6.00 (5.90–6.20) | the command | 1.50 (1.48–1.55) | 1.5 | not decided |"
        in page
    )
    assert "| `nianbao status` | 3 | 0.30 (0.20–0.30) |  |  | 0.35 | met |" in page
    assert "| `nianbao check` of one workbook | 3 | 0.90 (0.90–1.00) |  |  | 0.8 | **not met** |" in page
    assert "| the site's search, the first on a page | 3 | 0.10 (0.10–0.10) |  |  |  |  |" in page


def test_what_was_never_measured_is_said_not_to_have_been():
    assert "Not measured yet" in "\n".join(section([of_city("1", "aaa", 8)]))
    assert [curve.points for curve in curves_of([of_city("1", "aaa", 8)])] == [[]] * len(WAITS)
