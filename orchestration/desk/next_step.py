"""What is next in a respondent's year, in the words of the desk: for the respondent, and for the bureau."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from orchestration.desk.models import Upload
from sources.declarations.year_states import YearState
from warehouse.intake.register import RegisterEntry

DONE = "不用处理"


@dataclass(frozen=True, slots=True)
class NextStep:
    """What each side is to do now."""

    respondent: str
    bureau: str


STEPS: Mapping[YearState, NextStep] = {
    YearState.UNSENT: NextStep("下载模板，填好以后上传检查，再确认报送", "等学校报送"),
    YearState.RECEIVED: NextStep("已收到，等教育局下一次运行", "请运行"),
    YearState.HELD: NextStep("教育局要先确认能不能采用，请等消息", "请在“待决定”里决定是否采用"),
    YearState.QUARANTINED: NextStep("文件没有读入。请下载模板另填一份再报", "请看原因，请学校另报"),
    YearState.IN_AUDIT: NextStep("正在审核，请等一会儿", "正在审核"),
    YearState.RETURNED: NextStep("有错误，没有采用。请把文件传上来检查，改正后再报送", "等学校改正后再报"),
    YearState.ACCEPTED: NextStep("已采用，不用处理", DONE),
    YearState.EXPLAINED: NextStep("已采用，说明等教育局认定，不用处理", "请在“待决定”里认定说明"),
    YearState.REVISED: NextStep("已采用（冻结以后修订），不用处理", DONE),
}
TO_EXPLAIN = NextStep("已采用，还有 {warnings} 个警告要改正或说明：请把文件传上来，写说明后再报送", "等学校说明警告")
OVERDUE = NextStep("已经逾期：请尽快报送", "已经逾期：请催")


@dataclass(frozen=True, slots=True)
class StandingNow:
    """Where a respondent's year stands today: as the last run left it, and what has come and what day it is since."""

    state: YearState
    is_overdue: bool
    step: NextStep
    since: datetime | None


def standing(entry: RegisterEntry | None, certified: Upload | None, is_past_due: bool) -> StandingNow:
    """`entry` as the last run left it, None before the first; `certified`: the respondent's last certified upload;
    `is_past_due`: today."""
    if certified and is_sent_since(certified, entry):
        return StandingNow(YearState.RECEIVED, False, STEPS[YearState.RECEIVED], certified.sent_at)
    since = entry.state_since.replace(tzinfo=UTC) if entry and entry.state_since else None
    if entry is None or entry.state is YearState.UNSENT:
        step = OVERDUE if is_past_due else STEPS[YearState.UNSENT]
        return StandingNow(YearState.UNSENT, is_past_due, step, since)
    return StandingNow(entry.state, entry.is_overdue, _next_step(entry), since)


def is_sent_since(certified: Upload, entry: RegisterEntry | None) -> bool:
    """Whether no run has seen the certified upload, nor what came after it."""
    if certified.sent_at is None:
        return False
    if entry is None:
        return True
    is_seen = certified.sha256 in (entry.latest_submission_id, entry.current_submission_id)
    return not is_seen and (entry.state_since is None or entry.state_since.replace(tzinfo=UTC) < certified.sent_at)


def _next_step(entry: RegisterEntry) -> NextStep:
    if entry.state is YearState.ACCEPTED and entry.warnings_unexplained:
        return NextStep(TO_EXPLAIN.respondent.format(warnings=entry.warnings_unexplained), TO_EXPLAIN.bureau)
    return STEPS[entry.state]
