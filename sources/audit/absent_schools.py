"""One absent school is one finding: the sums of its bureau that it upsets are told with it, not beside it.

A school is absent when the bureau's roster does not list it, or when it has not reported. Of one that has reported, its
own numbers decide: the sum is made again as if it were listed. Of one that has not, only the direction can: without it
the schools' sum is smaller than the bureau's number, never greater.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import polars as pl

from sources.audit.cross_rules import ABSENT_KEY, Failure, judge
from sources.audit.expected_schools import REGISTER
from sources.declarations.pack import Pack

ROSTER = "roster"


def told_with_their_cause(pack: Pack, failures: Sequence[Failure], frames: Mapping[str, pl.DataFrame]) -> list[Failure]:
    """The failures, but for sums that an absent school explains: these are `touched` by its failure."""
    causes = [failure for failure in failures if failure.rule.is_absence]
    others = [failure for failure in failures if not failure.rule.is_absence]
    if not causes:
        return others
    completed = {**frames, ROSTER: _with_the_unlisted(frames[ROSTER], causes)}
    explained = {
        id(failure)
        for failure in others
        if failure.rule.adds_up and _is_explained(pack, failure, _of_bureau(causes, failure), completed)
    }
    kept = [failure for failure in others if id(failure) not in explained]
    for cause in causes:
        touched = tuple(
            # the engine gives rows in any order
            sorted((each for each in others if id(each) in explained and _is_of(each, cause)), key=_where)
        )
        if touched or cause.rule.is_absence == "told":
            kept.append(replace(cause, touched=touched))
    return kept


def _where(failure: Failure) -> tuple[str, str, int]:
    return failure.rule.sheet, failure.rule.column, failure.record


def _is_of(failure: Failure, cause: Failure) -> bool:
    """Whether both are about one bureau's workbook."""
    return failure.submission_id == cause.submission_id


def _of_bureau(causes: Iterable[Failure], failure: Failure) -> list[Failure]:
    return [cause for cause in causes if _is_of(failure, cause)]


def _with_the_unlisted(roster: pl.DataFrame, causes: Iterable[Failure]) -> pl.DataFrame:
    """The roster as if the bureaus had listed the schools that they have not."""
    bureau_of = dict(roster.select("submission_id", "respondent_code").unique().iter_rows())
    rows = [
        {
            "submission_id": cause.submission_id,
            "respondent_code": bureau_of[cause.submission_id],
            "school_code": cause.shown[ABSENT_KEY],
        }
        for cause in causes
        if cause.shown.get(ABSENT_KEY) is not None
    ]
    added = pl.DataFrame(rows, schema={name: roster.schema[name] for name in rows[0]}) if rows else roster.clear()
    return pl.concat([roster, added], how="diagonal")


def _is_explained(
    pack: Pack, failure: Failure, causes: Sequence[Failure], completed: Mapping[str, pl.DataFrame]
) -> bool:
    """Whether the sum would add up with the absent schools, as far as their numbers are known."""
    if not causes:
        return False
    same = (pl.col("submission_id") == failure.submission_id) & (pl.col("record") == failure.record)
    again = judge(pack, failure.rule, completed).filter(same)
    if not again.filter(pl.col("holds")).is_empty():
        return True
    silent = completed[REGISTER].filter(~pl.col("has_reported")).get_column("school_code")
    if not any(cause.shown["school_code"] in silent for cause in causes):
        return False
    row = again.row(0, named=True)
    return all((row[total] or 0) <= row[number] for total, number in failure.rule.adds_up.items())
