"""Which of a respondent's versions of a year counts, and why each of the others does not. Pure.

A file that is received later counts, unless it is known to be older. What lay in the inbox together came in one look,
so none of it came later: there the time of saving decides, where every file has one that can be believed and no two are
the same; else nobody knows, and a person is asked. A person's decision outdoes what came before it, not what comes
after.
Files of 0.1.0 have no look: among these the time of saving decides, as it did then.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sources.submission.file_names import ID_LETTERS
from warehouse.intake.version import Status

TOGETHER, REPEATS = "held.versions_together", "held.version_repeats"
"""Why a file that has no error is held: it came with others and nobody knows which is the last; it says what a
superseded version says, and not that it was saved later than the one that counts."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A version in which no error was found.

    `came_at`: the look in which it was received first; of a file of 0.1.0 (not `has_look`), the earlier of receipt and
    saving. `saved_at`: None where the file does not say when it was saved, or where that cannot be. `said`: the same
    for versions whose cells say the same. `came_again_at`: when its bytes were received last, if more than once.
    `declined`: what a person said who does not let it be taken. Times are in UTC.
    """

    submission_id: str
    came_at: datetime
    has_look: bool = True
    saved_at: datetime | None = None
    said: str | None = None
    came_again_at: datetime | None = None
    declined: str | None = None


@dataclass(frozen=True, slots=True)
class LetCount:
    """A person lets a version count; `only_if_held`: says that it may be taken, which matters where it is held."""

    submission_id: str
    at: datetime
    reason: str
    by: str
    only_if_held: bool = False


@dataclass(frozen=True, slots=True)
class VersionPlace:
    """What becomes of a version: accepted when it counts, else superseded, held or declined; and why."""

    submission_id: str
    status: Status
    reason: str
    held_for: str | None = None
    was_held: bool = False
    """Whether it did not count when it came, for a question that nobody could answer then."""


@dataclass(frozen=True, slots=True)
class _Line:
    """The versions so far: the one that counts and why, those before it, those that are held (with rule and reason)."""

    current: Candidate | None = None
    because: str = ""
    since: datetime | None = None
    passed: tuple[Candidate, ...] = ()
    held: Mapping[str, tuple[Candidate, str, str]] = field(default_factory=dict)
    ever_held: frozenset[str] = frozenset()

    def followed_by(self, candidate: Candidate, because: str, since: datetime) -> "_Line":
        """The line in which this version counts; what was held is asked about no more."""
        asked_about = (each for each, _, _ in self.held.values())
        before = (*self.passed, *asked_about, *([self.current] if self.current else []))
        passed = tuple(each for each in before if each is not candidate)
        return _Line(candidate, because, since, passed, ever_held=self.ever_held)

    def holding(self, candidate: Candidate, rule: str, reason: str) -> "_Line":
        held = {**self.held, candidate.submission_id: (candidate, rule, reason)}
        return replace(self, held=held, ever_held=self.ever_held | {candidate.submission_id})


def succession(candidates: Iterable[Candidate], choices: Iterable[LetCount] = ()) -> tuple[VersionPlace, ...]:
    """What becomes of the versions of one respondent and year, in the order by which they count: what counts is last.

    The outcome does not depend on the order of the arguments.
    """
    known = {each.submission_id: each for each in candidates}
    line = _Line()
    waiting = sorted((each for each in choices if each.submission_id in known), key=lambda each: each.at)
    for look in _looks(each for each in known.values() if each.declined is None):
        while waiting and waiting[0].at < look[0].came_at:
            line = _after_choice(line, waiting.pop(0), known)
        line = _after_look(line, look)
    for choice in waiting:
        line = _after_choice(line, choice, known)
    declined = sorted((each for each in known.values() if each.declined is not None), key=lambda each: each.came_at)
    return (*(VersionPlace(each.submission_id, "declined", each.declined or "") for each in declined), *_places(line))


def _looks(candidates: Iterable[Candidate]) -> Iterator[Sequence[Candidate]]:
    """What came together, in the order of coming. Files of 0.1.0 each alone; of those saved at one moment, the first by
    its id counted."""
    looks: dict[tuple[datetime, bool], list[Candidate]] = defaultdict(list)
    for each in sorted(candidates, key=lambda each: each.submission_id, reverse=True):
        looks[each.came_at, each.has_look].append(each)
    for (_, has_look), look in sorted(looks.items()):
        yield from [look] if has_look else ([each] for each in look)


def _after_look(line: _Line, look: Sequence[Candidate]) -> _Line:
    """The line after what came together."""
    taken = []
    for each in look:
        twin = _repeated(line, each) if each.has_look else None
        if twin is not None:
            reason = f"内容与已被取代的 {_short(twin)} 完全相同，保存时间也不更晚，可能是旧文件"
            line = line.holding(each, REPEATS, reason)
        else:
            taken.append(each)
    if _differ(taken) and (
        any(each.saved_at is None for each in taken) or len({each.saved_at for each in taken}) < len(taken)
    ):
        return _all_held(line, taken)
    for each in sorted(taken, key=lambda each: (each.saved_at or datetime.min, each.submission_id)):
        line = line.followed_by(each, _because(line, each, together=len(taken) > 1), each.came_at)
    return line


def _differ(taken: Sequence[Candidate]) -> bool:
    """Whether it matters which of them is the last."""
    return len(taken) > 1 and (len({each.said for each in taken}) > 1 or taken[0].said is None)


def _all_held(line: _Line, taken: Sequence[Candidate]) -> _Line:
    for each in taken:
        others = "、".join(sorted(_short(other) for other in taken if other is not each))
        line = line.holding(each, TOGETHER, f"与 {others} 同时收到，保存时间缺失、不可信或相同，看不出哪一份在后")
    return line


def _after_choice(line: _Line, choice: LetCount, known: Mapping[str, Candidate]) -> _Line:
    """The line after a person has named a version; nothing is changed by naming one that came later, or is declined."""
    chosen = known[choice.submission_id]
    held = tuple(each for each, _, _ in line.held.values())
    came = held if choice.only_if_held else (*held, *line.passed, *([line.current] if line.current else []))
    if chosen not in came:
        return line
    return line.followed_by(chosen, f"教育局决定以它为准：{choice.reason}（{choice.by}）", choice.at)


def _repeated(line: _Line, candidate: Candidate) -> Candidate | None:
    """The superseded version whose words a file repeats, where it was not saved later than the one that counts."""
    if candidate.said is None or line.current is None or candidate.said == line.current.said:
        return None
    if candidate.saved_at and line.current.saved_at and candidate.saved_at > line.current.saved_at:
        return None
    return next((each for each in line.passed if each.said == candidate.said), None)


def _because(line: _Line, candidate: Candidate, together: bool) -> str:
    """Why a version counts from now on; where its own time of saving says otherwise, that too."""
    if not candidate.has_look:
        return "没有错误，是最后保存的版本"
    if together:
        return "没有错误，同时收到的几份中最后保存"
    if line.current is None:
        return "没有错误"
    if candidate.saved_at is None:
        return "没有错误，是最后收到的版本；文件没有可信的保存时间，如不应以它为准，请告知教育局"
    if line.current.saved_at and candidate.saved_at < line.current.saved_at:
        return f"没有错误，是最后收到的版本；但它保存得比 {_short(line.current)} 早，如不应以它为准，请告知教育局"
    return "没有错误，是最后收到的版本"


def _places(line: _Line) -> Iterator[VersionPlace]:
    counts = f"现以 {_short(line.current)} 为准" if line.current else "现在没有一份有效"
    for each, rule, reason in line.held.values():
        yield VersionPlace(each.submission_id, "held", f"没有错误，但{reason}，等教育局确认；{counts}", rule, True)
    for each in line.passed:
        again = "又收到一次，但内容是已被取代的版本，没有采用" if _came_again(line, each) else "没有错误，但已被取代"
        was_held = each.submission_id in line.ever_held
        yield VersionPlace(each.submission_id, "superseded", f"{again}；{counts}", was_held=was_held)
    if line.current is not None:
        was_held = line.current.submission_id in line.ever_held
        again = "；又收到一次，是同一份文件，仍以它为准" if _came_again(line, line.current) else ""
        yield VersionPlace(line.current.submission_id, "accepted", line.because + again, was_held=was_held)


def _came_again(line: _Line, candidate: Candidate) -> bool:
    """Whether a version's bytes came once more after the version that counts."""
    return candidate.came_again_at is not None and line.since is not None and candidate.came_again_at > line.since


def _short(candidate: Candidate) -> str:
    return candidate.submission_id[:ID_LETTERS]
