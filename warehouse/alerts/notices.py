"""What a respondent is written about a file of its own that is neither taken nor returned: a file that waits for a word
of the bureau, one that does not count, one that says not whose it is. Pure; each file once.

A correction that takes the place of an earlier file is what its school meant, and is not written about; nor is a file
that the bureau settles on the day that it came.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sources.submission.finding import Finding
from sources.system.plain_text import cut_short, plain
from warehouse.intake.version import Version

BETWEEN = "+"
"""Between the keys of the files that one letter is about."""
KEY_LETTERS = 16
LINE_LENGTH = 300


@dataclass(frozen=True, slots=True)
class Notice:
    """One file: the key under which it is known as told, and the lines that tell it."""

    key: str
    lines: tuple[str, ...]


def notices(
    latest: Version | None,
    others: Sequence[Version],
    nobodys: Sequence[Version],
    findings: Mapping[str, Sequence[Finding]],
    told: Collection[str],
    today: date,
) -> tuple[Notice, ...]:
    """What is to be told of a respondent's files: the latest of a year, the others, and those that came in its folder
    or with its name and say not for which year they are. `told` are the contents of the letters that were sent."""
    known = {key for content in told for key in content.split(BETWEEN)}
    counting = next((each for each in (*([latest] if latest else []), *others) if each.counts), None)
    said = [*([latest] if latest else []), *others, *nobodys]
    fresh = {each.submission_id for each in said if each.status == "held" and each.received_on >= today}
    found = [
        Notice(_key(each), tuple(cut_short(line, LINE_LENGTH) for line in lines))
        for each in said
        if each.submission_id not in fresh
        and (lines := tuple(_lines(each, each is latest, counting, findings.get(each.submission_id, ()))))
    ]
    return tuple(each for each in found if each.key not in known)


def _key(version: Version) -> str:
    parts = (version.submission_id[:KEY_LETTERS], version.status, version.came_again_on)
    return ".".join(str(part) for part in parts if part)


def _lines(version: Version, is_latest: bool, counting: Version | None, findings: Sequence[Finding]) -> Iterator[str]:
    came = f"{shown_day(version.received_on)}收到的{plain(version.file_name)}"
    again = same_again(version)
    if version.respondent_code is None or version.report_year is None:
        if version.status == "rejected":
            opening = f"{shown_day(version.received_on)}收到贵单位的一个文件，看不出是哪个单位、哪一年度的，没有采用。"
            yield opening + again
            yield from _reasons(each for each in findings if each.is_error)
    elif version.status == "held":
        yield f"{came}待确认：还没有采用，也没有退回。{again}"
        yield from _reasons(each for each in findings if each.rule_id.startswith("held."))
        if not any(each.rule_id.startswith("held.") for each in findings) and version.reason:
            yield f"· {plain(version.reason)}。"
    elif version.status == "superseded" and (is_latest or again):
        yield f"{came}没有计入。{again}{_instead(counting)}"
    elif version.status == "rejected" and again and not is_latest:
        yield f"{came}有错误，没有接收。{again}{_instead(counting)}"


def _reasons(findings: Iterator[Finding]) -> Iterator[str]:
    for each in findings:
        place = " ".join(part for part in (each.address.sheet, each.address.cell) if part)
        yield plain(f"· {place}{'：' if place else ''}{each.message}{each.fix}")


def _instead(counting: Version | None) -> str:
    if counting is None:
        return "目前没有有效的版本。"
    return f"计入的是{shown_day(counting.received_on)}收到的{plain(counting.file_name)}。"


def same_again(version: Version) -> str:
    """Of a file that came once more: that it is the same one; nothing of any other."""
    if version.came_again_on is None:
        return ""
    return f"{shown_day(version.came_again_on)}又收到一次，与以前收到的是同一份，一个字也没有改。"


def shown_day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
