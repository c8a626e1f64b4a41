"""What waits for the bureau's decision, as a list that somebody fills in; and what was filled in, noted.

A line is used or it is not, each by itself; what is not used is told with its line and the reason. What has been
decided in the same way before is not noted again: the same list may be read twice.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from sources.archive.archive import archived_decisions, archived_ids, note_decisions
from sources.archive.version_decisions import KIND as VERSION
from sources.archive.version_decisions import Outcome, VersionDecision, version_line
from sources.declarations.filled_list import ListForm, read_list_file, write_list_file
from sources.declarations.headings import (
    DECIDED_BY_HEADING,
    DECISION_REASON_HEADING,
    ID_HEADING,
    VALUE_HEADING,
    VERDICT_HEADING,
)
from sources.submission.finding import FINDING_HEADINGS
from sources.system.fingerprint import sha256_of
from sources.system.plain_text import legible
from sources.system.settings import Settings
from warehouse.intake.waiting import About, Asked
from warehouse.store.sql import period, query

YEAR, ABOUT, RESPONDENT, EXPLAINED, AUTHOR = "年度", "事项", "单位", "说明", "说明人"
ID, VERDICT, BY, REASON = ID_HEADING, VERDICT_HEADING, DECIDED_BY_HEADING, DECISION_REASON_HEADING
ABOUTS: dict[About, str] = {"explanation": "说明", "file": "待确认的文件"}
WORDS = {"approved": "认可", "refused": "不认可", "confirmed": "采用", "declined": "不采用"}
"""What a decision is in the archive → what is written under 认定."""
MEANT = {word: outcome for outcome, word in WORDS.items()} | {"不予认可": "refused"} | {word: word for word in WORDS}
OUTCOMES: dict[About, tuple[str, ...]] = {"explanation": ("approved", "refused"), "file": ("confirmed", "declined")}
WANTS_REASON = frozenset({"refused", "confirmed", "declined"})
LETTERS_OF_FILE = 16
"""Of a submission's id, in the list."""
FORM = ListForm(
    title="认定清单",
    headings={
        YEAR: 8,
        ABOUT: 12,
        ID: 18,
        RESPONDENT: 26,
        FINDING_HEADINGS["sheet"]: 14,
        FINDING_HEADINGS["cell"]: 12,
        VALUE_HEADING: 16,
        FINDING_HEADINGS["message"]: 50,
        EXPLAINED: 44,
        AUTHOR: 12,
        VERDICT: 10,
        BY: 12,
        REASON: 40,
    },
    asked={VERDICT: tuple(WORDS.values()), BY: (), REASON: ()},
    made_by="nianbao decide --to",
    needed=(ID, VERDICT, BY, REASON),
)


@dataclass(frozen=True, slots=True)
class Filled:
    """A line of a list as somebody filled it in; `line` is its number, `file` the list's name if there are several."""

    line: int
    id: str
    verdict: str
    by: str
    reason: str
    file: str = ""

    @property
    def outcome(self) -> str:
        """What the verdict means; '' when it is no verdict."""
        return MEANT.get(self.verdict, "")


@dataclass(frozen=True, slots=True)
class Unused:
    """A line that could not be used, and why."""

    line: int
    id: str
    why: str
    file: str = ""


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of the lines of a list: noted, decided so before, not used, not filled in (how many)."""

    noted: tuple[Filled, ...]
    unchanged: tuple[Filled, ...]
    unused: tuple[Unused, ...]
    unfilled: int


def asked_of(
    connection: duckdb.DuckDBPyConnection, settings: Settings, report_years: Sequence[int]
) -> tuple[Asked, ...]:
    """What waits for a decision and was not decided since the last run: held files, then explanations of the years."""
    decided = _decided(settings)
    asked = (*held_files(connection), *asked_explanations(connection, report_years))
    return tuple(each for each in asked if each.id not in decided)


def held_files(connection: duckdb.DuckDBPyConnection) -> tuple[Asked, ...]:
    """The files that are held until somebody says whether they may be taken, in the order of receipt."""
    found = query(
        connection,
        f"""
        select
            submission.report_year,
            'file' as about,
            left(submission.submission_id, {LETTERS_OF_FILE}) as id,
            submission.submission_id,
            submission.respondent_code,
            coalesce(respondent.name, submission.respondent_code, '') as respondent_name,
            '' as sheet,
            '' as cells,
            submission.file_name as value,
            coalesce(submission.decision_reason, '') as message,
            coalesce(submission.revision_reason, '') as reason,
            '' as author
        from registry.submission as submission
        {period("respondent", "respondent", "submission.respondent_code", "submission.report_year")}
        where submission.status = 'held'
        order by submission.sequence
        """,
    )
    return tuple(Asked(**row) for row in found.iter_rows(named=True))


def asked_explanations(connection: duckdb.DuckDBPyConnection, report_years: Sequence[int]) -> tuple[Asked, ...]:
    """The explanations of the years that nobody has decided on, by respondent, sheet and cell; one query."""
    found = query(
        connection,
        f"""
        select
            submission.report_year,
            'explanation' as about,
            explanation.explanation_id as id,
            any_value(submission.submission_id) as submission_id,
            explanation.respondent_code,
            any_value(coalesce(respondent.name, explanation.respondent_code)) as respondent_name,
            explanation.sheet,
            coalesce(string_agg(distinct finding.cell, '、' order by finding.cell), '') as cells,
            explanation.value,
            coalesce(min(finding.message) filter (where finding.cause_id is null), min(finding.message)) as message,
            explanation.reason,
            explanation.author
        from registry.explanation as explanation
        inner join registry.finding as finding on explanation.explanation_id = finding.explanation_id
        inner join registry.submission as submission on finding.submission_id = submission.submission_id
        {period("respondent", "respondent", "submission.respondent_code", "submission.report_year")}
        where explanation.state = 'given' and submission.is_current and list_contains(?, submission.report_year)
        group by submission.report_year, explanation.explanation_id, explanation.respondent_code, explanation.sheet,
            explanation.value, explanation.reason, explanation.author
        order by submission.report_year, explanation.respondent_code, explanation.sheet, cells, id
        """,
        [list(report_years)],
    )
    return tuple(Asked(**row) for row in found.iter_rows(named=True))


def write_asked(asked: Iterable[Asked], path: Path) -> None:
    """Writes the list. Raises NoListError for a name that is neither .csv nor .xlsx."""
    rows = [
        (
            str(each.report_year or ""),
            ABOUTS[each.about],
            each.id,
            each.respondent_name,
            each.sheet,
            each.cells,
            each.value,
            each.message,
            each.reason,
            each.author,
            "",
            "",
            "",
        )
        for each in asked
    ]
    write_list_file(FORM, rows, path)


def read_filled(path: Path) -> tuple[list[Filled], int]:
    """The lines that somebody has filled in, of a list or of a marked workbook for decisions; and how many are blank.

    Raises DeclarationError for a CSV that is none, NoListError for another file.
    """
    filled = []
    unfilled = 0
    for number, line in read_list_file(FORM, path):
        verdict, by, reason = (_typed(line[heading]) for heading in (VERDICT, BY, REASON))
        if verdict or by or reason:
            filled.append(Filled(number, _typed(line[ID]), verdict, by, reason))
        elif line[ID].strip():
            unfilled += 1
    return filled, unfilled


def _typed(text: str) -> str:
    """As somebody typed it: without the apostrophe that a spreadsheet was given."""
    return text.strip().removeprefix("'").strip()


def is_archived(path: Path, settings: Settings) -> bool:
    """Whether the file is one that a school has sent: what it says of decisions is not the bureau's."""
    return sha256_of(path.read_bytes()) in archived_ids(settings.archive)


def note_filled(
    connection: duckdb.DuckDBPyConnection, settings: Settings, filled: Sequence[Filled], unfilled: int, by: str = ""
) -> Decided:
    """Notes in the archive what the lines decide, all that can be used at once; the next run applies it.

    `by` decides where a line names nobody. `connection` is only read, so the published database will do.
    """
    known = _known(connection)
    before = _decided(settings)
    named = [each if each.by else replace(each, by=by) for each in filled]
    verdicts = Counter(id_ for id_, _ in {(each.id, each.outcome) for each in named})
    noted: dict[str, Filled] = {}
    unchanged, unused = [], []
    for each in named:
        is_so = each.id in noted or before.get(each.id) == (each.outcome, each.by, each.reason)
        if why := "" if is_so and verdicts[each.id] == 1 else _fault(each, known, verdicts[each.id] > 1):
            unused.append(Unused(each.line, each.id, why, each.file))
        elif is_so:
            unchanged.append(each)
        else:
            noted[each.id] = each
    note_decisions(settings.archive, [_decision(each, known[each.id]) for each in noted.values()])
    return Decided(tuple(noted.values()), tuple(unchanged), tuple(unused), unfilled)


@dataclass(frozen=True, slots=True)
class _Matter:
    """What an id stands for; of a file, its whole id."""

    about: About
    key: str


def _known(connection: duckdb.DuckDBPyConnection) -> dict[str, _Matter]:
    """Id in a list → what may be decided: every explanation on file, every file that is held or was declined."""
    explanations = connection.execute("select explanation_id from registry.explanation").fetchall()
    files = connection.execute(
        "select submission_id from registry.submission where status in ('held', 'declined')"
    ).fetchall()
    return {key: _Matter("explanation", key) for (key,) in explanations} | {
        key[:LETTERS_OF_FILE]: _Matter("file", key) for (key,) in files
    }


def _fault(filled: Filled, known: Mapping[str, _Matter], is_contradicted: bool) -> str:
    """Why the line cannot be used; '' when it can."""
    matter = known.get(filled.id)
    if not filled.id:
        return "没有编号"
    if matter is None:
        return "没有这个编号：抄错了，学校改了说明（编号随之变），或者文件已经不是待确认的；请重新写出清单"
    words = [WORDS[outcome] for outcome in OUTCOMES[matter.about]]
    if not filled.verdict:
        return f"没有写{VERDICT}"
    if filled.outcome not in OUTCOMES[matter.about]:
        return f"{ABOUTS[matter.about]}的{VERDICT}只能写{'或'.join(words)}，写的是“{legible(filled.verdict)}”"
    if is_contradicted:
        return f"同一编号在清单里有两种{VERDICT}，都没有采用"
    if not filled.by:
        return f"没有写{BY}（或用 --by 给出）"
    if filled.outcome in WANTS_REASON and not filled.reason:
        return f"{WORDS[filled.outcome]}要写{REASON}"
    if legible(filled.by + filled.reason) != filled.by + filled.reason:
        return f"{BY}或{REASON}里有看不见的字符"
    return ""


def _decision(filled: Filled, matter: _Matter) -> dict[str, Any]:
    """As the archive keeps it."""
    if matter.about == "file":
        outcome: Outcome = "confirmed" if filled.outcome == "confirmed" else "declined"
        return version_line(VersionDecision(matter.key, outcome, filled.reason, filled.by))
    return {
        "kind": "explanation",
        "explanation_id": filled.id,
        "state": filled.outcome,
        "approver": filled.by,
        "reason": filled.reason,
    }


def _decided(settings: Settings) -> dict[str, tuple[str, str, str]]:
    """Id in a list → the last decision in the archive: outcome, by whom, why. Of 0.1.0 there is no reason."""
    found = {}
    for each in archived_decisions(settings.archive):
        if each.get("kind") == "explanation":
            found[each["explanation_id"]] = (each["state"], each["approver"], each.get("reason", ""))
        elif each.get("kind") == VERSION:
            found[each["submission_id"][:LETTERS_OF_FILE]] = (each["outcome"], each["by"], each["reason"])
    return found


def refusals(settings: Settings) -> dict[str, str]:
    """Explanation → why the bureau has refused it, of each whose last decision is a refusal."""
    return {key: reason for key, (outcome, _, reason) in _decided(settings).items() if outcome == "refused"}
