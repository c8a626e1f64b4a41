"""What of a release's manifest does not agree with the archive, and with what is built again from it.

A release that somebody has forged may be whole in itself: files, hashes and manifest fit each other. What it rests on
lies in the archive, which only grows. What no archive can tell is named, not passed over.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sources.archive.archive import Receipt
from sources.archive.confirmations import Confirmation
from sources.declarations.city import City
from warehouse.release.checklist import NARRATIVE, UP_TO_DATE, Point, declared_points
from warehouse.release.item import Listed
from warehouse.release.manifest import Manifest

SHOWN = 5
OF_0_1_0 = ("coverage", "errors", "warnings", UP_TO_DATE, "reconciliation")
"""The points that a release of 0.1.0 looked at."""
BY_RULES = ("errors", "warnings")
"""Points that depend on the rules of then. 0.1.0 archived none, and today's are others."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the archive holds, and what a release of the year would rest on if it were made again.

    `current`: respondent → submission. `decided_at` are the times of all decisions (ISO 8601, UTC), `earlier` the
    versions of the year before this one, oldest first; `listed` is the list of items with what the archive has of it,
    `passed_over` are warnings that need not be on it, `confirmations` is all that was ever confirmed.
    """

    receipts: Sequence[Receipt]
    decided_at: Sequence[str]
    earlier: Sequence[str]
    current: dict[str, str]
    points: Sequence[Point]
    listed: Sequence[Listed]
    passed_over: Sequence[str]
    confirmations: Sequence[Confirmation]


def disagreements(manifest: Manifest, version: str, city: City, evidence: Evidence) -> tuple[str, ...]:
    """Sentences about parts of the manifest that can be derived and are otherwise; `version` names its folder."""
    return (
        *_plain_parts(manifest, version, city, evidence),
        *_receipts(manifest, evidence),
        *_current(manifest, evidence),
        *_checklist(manifest, evidence),
        *(_signature(manifest) if manifest.items is None else _items(manifest, evidence)),
    )


def unproven(manifest: Manifest) -> tuple[str, ...]:
    """What the manifest says and nothing else can show."""
    signed = manifest.override
    whole = (f"签字放行：{signed.get('by')}，理由“{signed.get('reason')}”",) if signed else ()
    names = "、".join(manifest.signed_by)
    confirmed = (f"逐项确认的 {len(manifest.confirmed)} 项确是本人所为：{names}",) if manifest.confirmed else ()
    lost = () if manifest.judged_by else ("错误和警告两项检查：0.1.0 没有存下当时的规则",)
    said = ("发布单位、许可、联系方式等出处的写法",) if manifest.publication else ()
    words = ("本市自己写的文字是谁写的",) if manifest.narrative else ()
    return (
        *whole,
        *confirmed,
        *lost,
        *said,
        *words,
        f"发布日期 {manifest.released_on}",
        "发布时模型已通过检验、没有未处理的内容",
    )


def _plain_parts(manifest: Manifest, version: str, city: City, evidence: Evidence) -> Iterator[str]:
    previous = evidence.earlier[-1] if evidence.earlier else None
    for title, said, derived in (
        ("版本", manifest.version, version),
        ("报告年度", manifest.report_year, int(version.split(".")[0])),
        ("上一版", manifest.previous, previous),
    ):
        if said != derived:
            yield f"{title}：清单写 {_told(said)}，应当是 {_told(derived)}"
    if manifest.city_code not in (city.code, *city.former_codes):
        yield f"城市代码：清单写 {manifest.city_code}，本安装是 {city.code}"


def _receipts(manifest: Manifest, evidence: Evidence) -> Iterator[str]:
    """Each one named is in the archive as it is named; none is left out that came before, nor a decision."""
    archived = {_key(asdict(receipt)): receipt for receipt in evidence.receipts}
    named = {_key(receipt) for receipt in manifest.receipts}
    if foreign := named - archived.keys():
        yield f"接收记录：存档没有（或时间、大小不同）的 {len(foreign)} 条：{_listed(key[0][:12] for key in foreign)}"
    if not _was_up_to_date(manifest):
        return
    last = max((receipt["received_at"] for receipt in manifest.receipts), default="")
    left_out = [
        receipt.submission_id[:12]
        for key, receipt in archived.items()
        if key not in named and (receipt.received_at < last or receipt.received_on < manifest.released_on)
    ]
    if left_out:
        yield f"接收记录：发布之前收到、清单没有列出的 {len(left_out)} 条：{_listed(left_out)}"
    before = sum(moment[:10] < manifest.released_on for moment in evidence.decided_at)
    if not before <= manifest.decisions <= len(evidence.decided_at):
        yield f"认定：清单写 {manifest.decisions} 条；存档到发布前一天有 {before} 条，共 {len(evidence.decided_at)} 条"


def _current(manifest: Manifest, evidence: Evidence) -> Iterator[str]:
    for respondent in sorted(manifest.current.keys() | evidence.current.keys()):
        said, derived = manifest.current.get(respondent), evidence.current.get(respondent)
        if said != derived:
            yield f"有效版本：{respondent} 清单写 {_told(said and said[:12])}，重建得 {_told(derived and derived[:12])}"


def _checklist(manifest: Manifest, evidence: Evidence) -> Iterator[str]:
    said = {point["name"]: point for point in manifest.checklist}
    for point in evidence.points:
        written = said.pop(point.name, None)
        is_newer = written is None and (
            (manifest.items is None and point.name not in OF_0_1_0)
            or (manifest.narrative is None and point.name == NARRATIVE)
        )
        is_lost = written is not None and not manifest.judged_by and point.name in BY_RULES
        cannot_tell = declared_points()[point.name].of_the_moment or is_newer or is_lost
        if not cannot_tell and written != asdict(point):
            yield f"检查“{point.title}”：清单写 {_mark(written)}，重建得 {_mark(asdict(point))}"
    for name in said:
        yield f"检查“{name}”：清单有，程序没有这一项"


def _signature(manifest: Manifest) -> Iterator[str]:
    """Of a release of 0.1.0: somebody signed for all points that failed."""
    failed = [point["name"] for point in manifest.checklist if not point["passed"]]
    signed_for = list(manifest.override["points"]) if manifest.override else []
    if failed != signed_for:
        yield f"签字放行：清单中没有通过的是 {_told('、'.join(failed))}，签字的是 {_told('、'.join(signed_for))}"
    if manifest.judged_by:
        yield "逐项确认：清单没有列出事项"


def _items(manifest: Manifest, evidence: Evidence) -> Iterator[str]:
    """Each item is there as it was to be seen, and settled as the archive has it; nothing is open, none is left out."""
    said = {each.item.id: each for each in manifest.listed}
    noted = {(each.item, each.seen, each.by, each.reason, each.confirmed_at) for each in evidence.confirmations}
    for derived in evidence.listed:
        written = said.pop(derived.item.id, None)
        if declared_points()[derived.item.point].of_the_moment:
            continue
        if written is None or written.item.seen != derived.item.seen:
            seen = _told(written and written.item.seen)
            yield f"事项 {derived.item.id}：清单写 {seen}，重建得 {derived.item.seen}"
        elif (how := written.settled) is None:
            yield f"事项 {derived.item.id}：清单没有写怎样解决"
        elif how.how == "explained" and how != derived.settled:
            yield f"事项 {derived.item.id}：清单写有认可的说明“{how.reason}”，存档没有"
        elif how.how == "confirmed" and (derived.item.id, derived.item.seen, how.by, how.reason, how.at) not in noted:
            yield f"事项 {derived.item.id}：清单写 {how.by} 确认“{how.reason}”，存档没有这条确认"
        elif written.item.indicators != derived.item.indicators:
            yield f"事项 {derived.item.id}：清单写的影响到的数字与重建的不同"
    for item in said.keys() - set(evidence.passed_over):
        yield f"事项 {item}：清单有，重建没有"
    if manifest.override is not None:
        yield "签字放行：逐项确认的清单不能再有总的签字"


def _was_up_to_date(manifest: Manifest) -> bool:
    return any(point["name"] == UP_TO_DATE and point["passed"] for point in manifest.checklist)


def _key(receipt: dict[str, Any]) -> tuple[Any, ...]:
    """A receipt but for the file's name, which is the sender's in the archive and ours in a manifest."""
    return tuple(receipt[name] for name in ("submission_id", "size_bytes", "received_at", "received_on"))


def _mark(point: dict[str, Any] | None) -> str:
    return f"{'✓' if point['passed'] else '✗'} {point['detail']}" if point else "无"


def _listed(names: Any) -> str:
    ordered = sorted(names)
    return "、".join(ordered[:SHOWN]) + (" 等" if len(ordered) > SHOWN else "")


def _told(value: object) -> str:
    return str(value) if value else "无"
