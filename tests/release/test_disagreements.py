"""A forged release may be whole in itself. What it rests on lies in the archive: the manifest is held against that."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sources.archive.archive import Receipt
from sources.archive.confirmations import Confirmation
from warehouse.intake.released import MANIFEST
from warehouse.release.checklist import UP_TO_DATE, Point
from warehouse.release.disagreements import Evidence, disagreements, unproven
from warehouse.release.item import Listed, ReleaseItem, Settled
from warehouse.release.manifest import Manifest, UnreadableManifestError, read_manifest, write_manifest

ONE, TWO, LATE = (digit * 64 for digit in "abc")


def receipt(submission_id: str, day: int) -> Receipt:
    moment = datetime(2024, 3, day, 8, tzinfo=UTC)
    return Receipt(submission_id, f"{submission_id[0]}.xlsx", 1000, moment.isoformat(), f"2024-03-{day:02}")


RECEIPTS = (receipt(ONE, 1), receipt(TWO, 2), receipt(LATE, 20))
POINTS = (
    Point("coverage", "报送齐全", True, "2 个单位都有有效报送"),
    Point("warnings", "警告都有说明", False, "1 个警告没有说明"),
    Point(UP_TO_DATE, "检验通过，数据最新", True, "没有未处理的内容"),
)
MOMENT = "2024-03-09T08:00:00+00:00"
WARNING = ReleaseItem("warnings.0a", "warnings", "甲校（学生情况 E6）", "填的是“0”：没有学生")
CONFIRMED = Listed(WARNING, Settled("confirmed", "王科长", "已核实", MOMENT))
EXPLAINED = Listed(ReleaseItem("warnings.0b", "warnings", "乙校", "…"), Settled("explained", "李科长", "张三：新校"))
EVIDENCE = Evidence(
    receipts=RECEIPTS,
    decided_at=("2024-03-03T08:00:00+00:00", "2024-03-21T08:00:00+00:00"),
    earlier=("2023.1",),
    current={"11": ONE, "12": TWO},
    points=POINTS,
    listed=(CONFIRMED, EXPLAINED),
    passed_over=(),
    confirmations=(Confirmation(2023, WARNING.id, WARNING.seen, "王科长", "已核实", MOMENT),),
)
TRUE = Manifest(
    version="2023.2",
    report_year=2023,
    city_code="450700",
    released_on="2024-03-10",
    clock="2024-03-10",
    years=[2022, 2023],
    receipts=[{name: getattr(each, name) for name in each.__dataclass_fields__} for each in RECEIPTS[:2]],
    decisions=1,
    current={"11": ONE, "12": TWO},
    declarations="d",
    lock_file="l",
    commit="c",
    checklist=[asdict(point) for point in POINTS],
    previous="2023.1",
    outputs={},
    judged_by="j",
    items=[CONFIRMED.row, EXPLAINED.row],
)
OF_0_1_0 = replace(
    TRUE, judged_by="", items=None, override={"by": "王科长", "reason": "已核实", "points": ["warnings"]}
)


def passed_over(checklist: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [point | {"passed": True, "detail": "警告都有说明"} for point in checklist]


FORGED: dict[str, tuple[Callable[[Manifest], Manifest], str]] = {
    "a failed point that has passed, and no signature": (
        lambda true: replace(true, checklist=passed_over(true.checklist), items=[]),
        "检查“警告都有说明”：清单写 ✓",
    ),
    "an item that is left out": (lambda true: replace(true, items=[EXPLAINED.row]), f"{WARNING.id}：清单写 无"),
    "an item that nobody confirmed": (
        lambda true: replace(true, items=[Listed(WARNING).row, EXPLAINED.row]),
        f"{WARNING.id}：清单没有写怎样解决",
    ),
    "a confirmation that was never made": (
        lambda true: replace(true, items=[confirmed_by("李局长").row, EXPLAINED.row]),
        f"{WARNING.id}：清单写 李局长 确认“已核实”，存档没有这条确认",
    ),
    "another value than was confirmed": (
        lambda true: replace(true, items=[seen("填的是“9”：没有学生").row, EXPLAINED.row]),
        f"{WARNING.id}：清单写 填的是“9”：没有学生，重建得 填的是“0”：没有学生",
    ),
    "an explanation that nobody approved": (
        lambda true: replace(true, items=[CONFIRMED.row, replace(EXPLAINED, settled=Settled("explained", "", "")).row]),
        "warnings.0b：清单写有认可的说明",
    ),
    "an item that there is not": (
        lambda true: replace(true, items=[*true.items, seen("x", "warnings.0c").row]),
        "warnings.0c：清单有，重建没有",
    ),
    "no list, as of old": (lambda true: replace(true, items=None), "逐项确认：清单没有列出事项"),
    "a signature for everything": (lambda true: replace(true, override=OF_0_1_0.override), "不能再有总的签字"),
    "a signature of old that is taken away": (lambda true: replace(OF_0_1_0, override=None), "签字放行"),
    "a point that is left out": (lambda true: replace(true, checklist=true.checklist[1:]), "检查“报送齐全”：清单写 无"),
    "a correction that is left out": (
        lambda true: replace(true, receipts=true.receipts[:1]),
        f"清单没有列出的 1 条：{TWO[:12]}",
    ),
    "an older version that counts": (
        lambda true: replace(true, current={**true.current, "12": ONE}),
        f"12 清单写 {ONE[:12]}，重建得 {TWO[:12]}",
    ),
    "a school that is left out": (lambda true: replace(true, current={"11": ONE}), "12 清单写 无"),
    "a file that never came": (
        lambda true: replace(true, receipts=[*true.receipts, true.receipts[0] | {"submission_id": "d" * 64}]),
        "存档没有（或时间、大小不同）的 1 条",
    ),
    "a file that came earlier": (
        lambda true: replace(true, receipts=[true.receipts[0], true.receipts[1] | {"received_on": "2024-03-01"}]),
        "存档没有（或时间、大小不同）的 1 条",
    ),
    "a decision that is left out": (lambda true: replace(true, decisions=0), "认定：清单写 0 条"),
    "decisions that were never made": (lambda true: replace(true, decisions=9), "认定：清单写 9 条"),
    "the release before": (lambda true: replace(true, previous=None), "上一版：清单写 无，应当是 2023.1"),
    "another number": (lambda true: replace(true, version="2023.3"), "版本：清单写 2023.3"),
    "another city": (lambda true: replace(true, city_code="450100"), "城市代码"),
}


def confirmed_by(name: str) -> Listed:
    return replace(CONFIRMED, settled=Settled("confirmed", name, "已核实", MOMENT))


def seen(text: str, item: str = WARNING.id) -> Listed:
    return replace(CONFIRMED, item=replace(WARNING, id=item, seen=text))


def told(manifest: Manifest, city: Any) -> tuple[str, ...]:
    return disagreements(manifest, "2023.2", city, EVIDENCE)


def test_a_true_manifest_agrees_and_says_what_it_cannot_prove(city):
    assert told(TRUE, city) == ()
    assert unproven(TRUE)[0] == "逐项确认的 1 项确是本人所为：王科长"
    assert any("2024-03-10" in sentence for sentence in unproven(TRUE))


def test_a_manifest_of_0_1_0_agrees_and_names_its_signature(city):
    newer = (*POINTS, Point("moved", "变化在限度之内", False, "…"), Point("archive", "存档完好", True, "…"))
    assert disagreements(OF_0_1_0, "2023.2", city, replace(EVIDENCE, points=newer)) == ()
    assert unproven(OF_0_1_0)[0] == "签字放行：王科长，理由“已核实”"


def test_what_newer_rules_say_of_a_release_of_0_1_0_is_named_as_unproven_and_accuses_nobody(city):
    fewer = [
        replace(point, passed=False, detail="13 个警告没有说明") if point.name == "warnings" else point
        for point in POINTS
    ]
    assert disagreements(OF_0_1_0, "2023.2", city, replace(EVIDENCE, points=fewer)) == ()
    assert "错误和警告两项检查：0.1.0 没有存下当时的规则" in unproven(OF_0_1_0)
    assert disagreements(TRUE, "2023.2", city, replace(EVIDENCE, points=fewer)) != ()


@pytest.mark.parametrize("what", FORGED)
def test_a_forged_manifest_is_told_with_what_is_otherwise(what: str, city):
    forge, sentence = FORGED[what]
    assert any(sentence in each for each in told(forge(TRUE), city)), told(forge(TRUE), city)


def test_what_came_after_the_release_is_no_disagreement(city):
    later = replace(EVIDENCE, receipts=(*RECEIPTS, receipt("e" * 64, 25)))
    assert disagreements(TRUE, "2023.2", city, later) == ()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda stored: stored.pop("receipts"),
        lambda stored: stored.update(more=1),
        lambda stored: stored.update(version="../../2023.1"),
        lambda stored: stored["receipts"][0].update(submission_id="../../../../etc/passwd"),
        lambda stored: stored["current"].update({"12": "../x"}),
        lambda stored: stored.update(clock="yesterday"),
        lambda stored: stored.update(receipts=[1]),
        lambda stored: stored.update(items=[1]),
        lambda stored: stored["items"][0].pop("seen"),
        lambda stored: stored["items"][0].update(seen=1),
        lambda stored: stored["items"][0]["settled"].update(how=None),
    ],
)
def test_a_manifest_of_another_shape_is_told_and_never_followed(spoil, tmp_path: Path):
    write_manifest(TRUE, tmp_path)
    assert read_manifest(tmp_path) == TRUE
    stored = json.loads((tmp_path / MANIFEST).read_text("utf-8"))
    spoil(stored)
    (tmp_path / MANIFEST).write_text(json.dumps(stored), encoding="utf-8")
    with pytest.raises(UnreadableManifestError, match=MANIFEST):
        read_manifest(tmp_path)
