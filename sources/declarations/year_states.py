"""The state of a respondent's report year: one declaration of states, marks, events and what leads where.

Pure. Everything that shows how a respondent's year stands says it in these words: `registry.state_change` keeps each
step with its time, cause, file and actor (warehouse/intake/state_changes.py), the last one is the state. The drawing in
docs/reference/states.md is made from here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Party = Literal["respondent", "bureau", "nianbao"]
PARTY_LABELS: dict[Party, str] = {"respondent": "填报单位", "bureau": "教育局", "nianbao": "程序"}


class YearState(StrEnum):
    """Where a respondent's report year stands; the value is what the database holds."""

    UNSENT = "unsent"
    RECEIVED = "received"
    HELD = "held"
    QUARANTINED = "quarantined"
    IN_AUDIT = "in_audit"
    RETURNED = "returned"
    ACCEPTED = "accepted"
    EXPLAINED = "explained"
    REVISED = "revised"


@dataclass(frozen=True, slots=True)
class DeclaredState:
    """What people read of a state, who acts next (None: nobody has to), and what they are to do."""

    label: str
    acts: Party | None
    to_do: str


STATES: dict[YearState, DeclaredState] = {
    YearState.UNSENT: DeclaredState("未报", "respondent", "请按模板填报并报送"),
    YearState.RECEIVED: DeclaredState("已收到", "nianbao", "等下一次运行审核"),
    YearState.HELD: DeclaredState("待确认", "bureau", "请决定是否采用（nianbao decide --version）"),
    YearState.QUARANTINED: DeclaredState(
        "已隔离", "bureau", "文件没有读入，请看原因（nianbao quarantine），请单位另报"
    ),
    YearState.IN_AUDIT: DeclaredState("审核中", "nianbao", "等这次运行审核完"),
    YearState.RETURNED: DeclaredState("退回", "respondent", "请按退回件改正错误后重新报送"),
    YearState.ACCEPTED: DeclaredState("已接收", "respondent", "有警告的请改正或在“说明”表中说明；没有的不必处理"),
    YearState.EXPLAINED: DeclaredState("已说明", "bureau", "请认定说明（nianbao explanations）"),
    YearState.REVISED: DeclaredState("修订", None, "冻结后经教育局决定修订，不必处理"),
}
STATE_LABELS: dict[YearState, str] = {state: declared.label for state, declared in STATES.items()}


class Mark(StrEnum):
    """What is said of a year beside its state."""

    OVERDUE = "overdue"
    FROZEN = "frozen"


MARKS: dict[Mark, str] = {
    Mark.OVERDUE: "已过截止日期，没有一份有效",
    Mark.FROZEN: "已过冻结日期，只有教育局的决定能改数据",
}
MARK_LABELS = {Mark.OVERDUE: "逾期", Mark.FROZEN: "冻结"}


class Event(StrEnum):
    """What moves a year from one state to another."""

    CAME = "came"
    ASKED = "asked"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    SET_ASIDE = "set_aside"
    AUDITED = "audited"
    REFUSED = "refused"
    TAKEN = "taken"
    TAKEN_FROZEN = "taken_frozen"
    CHOSEN = "chosen"
    CHOSEN_FROZEN = "chosen_frozen"
    ALL_EXPLAINED = "all_explained"
    DOUBTED = "doubted"


RESTING = frozenset((YearState.UNSENT, YearState.RETURNED, YearState.ACCEPTED, YearState.EXPLAINED, YearState.REVISED))
"""States in which nothing waits for the program or for a question: a file that is not taken leads back to the last."""
ANY = frozenset(YearState)
SENT = ANY - {YearState.UNSENT}


@dataclass(frozen=True, slots=True)
class Transition:
    """An event, in words; whose doing it is; from which states it leads to which. `after` None: back to the state in
    which the year rested before the file came."""

    label: str
    actor: Party
    before: frozenset[YearState]
    after: YearState | None


TRANSITIONS: dict[Event, Transition] = {
    Event.CAME: Transition("收到文件", "respondent", ANY, YearState.RECEIVED),
    Event.ASKED: Transition("有疑问", "nianbao", frozenset((YearState.RECEIVED, YearState.IN_AUDIT)), YearState.HELD),
    Event.CONFIRMED: Transition("同意采用", "bureau", frozenset((YearState.HELD,)), YearState.RECEIVED),
    Event.DECLINED: Transition("不采用", "bureau", frozenset((YearState.HELD,)), None),
    Event.SET_ASIDE: Transition("隔离", "nianbao", frozenset((YearState.RECEIVED,)), YearState.QUARANTINED),
    Event.AUDITED: Transition("开始审核", "nianbao", frozenset((YearState.RECEIVED,)), YearState.IN_AUDIT),
    Event.REFUSED: Transition("有错误", "nianbao", frozenset((YearState.IN_AUDIT,)), YearState.RETURNED),
    Event.TAKEN: Transition("没有错误", "nianbao", frozenset((YearState.IN_AUDIT,)), YearState.ACCEPTED),
    Event.TAKEN_FROZEN: Transition(
        "没有错误，冻结后修订", "nianbao", frozenset((YearState.IN_AUDIT,)), YearState.REVISED
    ),
    Event.CHOSEN: Transition("教育局指定以哪一份为准", "bureau", SENT, YearState.ACCEPTED),
    Event.CHOSEN_FROZEN: Transition("冻结后教育局指定以哪一份为准", "bureau", SENT, YearState.REVISED),
    Event.ALL_EXPLAINED: Transition(
        "警告都已说明", "respondent", frozenset((YearState.ACCEPTED,)), YearState.EXPLAINED
    ),
    Event.DOUBTED: Transition("说明不予认可", "bureau", frozenset((YearState.EXPLAINED,)), YearState.ACCEPTED),
}


class ImpossibleEventError(ValueError):
    """An event that cannot happen in a state: a fault of ours."""


@dataclass(frozen=True, slots=True)
class Year:
    """A respondent's report year: its state, and the state in which it rested last."""

    state: YearState = YearState.UNSENT
    rested: YearState = YearState.UNSENT

    def after(self, event: Event) -> "Year":
        """The year after an event. Raises ImpossibleEventError when the event does not lead out of the state."""
        transition = TRANSITIONS[event]
        if self.state not in transition.before:
            raise ImpossibleEventError(f"{event} in {self.state}")
        state = transition.after or self.rested
        return Year(state, state if state in RESTING else self.rested)


def after_all(events: Iterable[Event]) -> Year:
    """The year after events, from its beginning."""
    year = Year()
    for event in events:
        year = year.after(event)
    return year
