"""The page of docs/reference with the states of a respondent's year: drawn from their declaration."""

from collections.abc import Iterator

from sources.declarations.year_states import (
    ANY,
    MARK_LABELS,
    MARKS,
    PARTY_LABELS,
    RESTING,
    SENT,
    STATE_LABELS,
    STATES,
    TRANSITIONS,
    Transition,
)

ANYWHERE = {ANY: "任何状态", SENT: "任何状态（未报除外）"}
HEAD = """# 一个单位一个年度的状态

<!-- 由 nianbao generate 从 sources/declarations/year_states.py 生成，不要手改 -->

每个填报单位的每个报告年度总在一个状态里；逾期、冻结是年度的标记，写在状态旁边。每次变化都有时间、原因、文件和当事人，
在 `registry.state_change` 里，从存档可以重新推出。时间是原因发生的时间：收到文件、作出决定；审核的结论由文件本身决定，
所以用收到的时间。哪一份有效是另一件事，见 `quality.register` 的 `current_…`：新的一份退回时，状态是退回，
以前的一份仍然有效。
"""


def states_page() -> str:
    """The page as Markdown: the drawing, the states, the marks, the changes."""
    return "\n".join([HEAD, *_drawing(), "", *_states(), "", *_marks(), "", *_changes()]) + "\n"


def _drawing() -> Iterator[str]:
    yield "```mermaid"
    yield "stateDiagram-v2"
    yield from (f'  state "{declared.label}" as {state}' for state, declared in STATES.items())
    yield '  state "收到文件之前的状态" as before'
    yield '  state "任何状态" as any'
    yield f"  [*] --> {next(iter(STATES))}"
    for transition in TRANSITIONS.values():
        after = transition.after or "before"
        starts = ["any"] if transition.before in ANYWHERE else sorted(transition.before)
        yield from (f"  {start} --> {after} : {transition.label}" for start in starts)
    yield "```"


def _states() -> Iterator[str]:
    yield "| 状态 | 代码 | 下一步由谁 | 做什么 |"
    yield "| --- | --- | --- | --- |"
    for state, declared in STATES.items():
        yield f"| {declared.label} | `{state}` | {_who(declared.acts)} | {declared.to_do} |"


def _marks() -> Iterator[str]:
    yield "| 标记 | 代码 | 意思 |"
    yield "| --- | --- | --- |"
    yield from (f"| {MARK_LABELS[mark]} | `{mark}` | {meaning} |" for mark, meaning in MARKS.items())


def _changes() -> Iterator[str]:
    resting = "、".join(STATE_LABELS[state] for state in STATES if state in RESTING)
    yield f"“收到文件之前的状态”是{resting}中最近的一个。"
    yield ""
    yield "| 变化 | 代码 | 由谁 | 从 | 到 |"
    yield "| --- | --- | --- | --- | --- |"
    for event, change in TRANSITIONS.items():
        after = STATE_LABELS[change.after] if change.after else "收到文件之前的状态"
        yield f"| {change.label} | `{event}` | {PARTY_LABELS[change.actor]} | {_before(change)} | {after} |"


def _before(change: Transition) -> str:
    anywhere = ANYWHERE.get(change.before)
    return anywhere or "、".join(STATE_LABELS[state] for state in STATES if state in change.before)


def _who(party: str | None) -> str:
    return next((label for code, label in PARTY_LABELS.items() if code == party), "—")
