"""Who sent a file: whether the token of its template, and the sender that its channel names, are those of the
respondent whose cover it has. Where they are not, the file is held and a person is asked.

It follows from the file, from its receipts and from the tokens that the archive keeps, so it is the same whenever it is
asked. Everything is looked up by key: of ten thousand respondents no file asks for more than its own.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from sources.archive.archive import Receipt
from sources.archive.arrival import UNKNOWN_SENDER, Arrival, Senders, channel_called, folder_key, handed_up
from sources.archive.mailbox import mailed_files
from sources.archive.tokens import issued_tokens
from sources.declarations.changes import Merge, ends, in_words
from sources.declarations.city import City, Respondent
from sources.declarations.headings import COVER_SHEET
from sources.submission.cell import CellAddress
from sources.submission.finding import Finding, intake_finding
from sources.submission.submission import Submission

MISSING, WRONG, STRANGER = "held.token_missing", "held.token_wrong", "held.sender_stranger"
NOT_OF_YEAR, NOBODYS_ADDRESS = "held.not_of_year", "held.sender_unknown"


@dataclass(frozen=True, slots=True)
class Provenance:
    """What the archive knows of who sends: the respondent and year of each token, how and when each file came (by its
    id)."""

    issued_to: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    arrivals: Mapping[str, Sequence[Arrival]] = field(default_factory=dict)
    days: Mapping[str, Sequence[date]] = field(default_factory=dict)


def load_provenance(archive: Path, receipts: Iterable[Receipt]) -> Provenance:
    """Reads the tokens; `receipts` are those of the files that will be asked about, or of all."""
    arrivals: dict[str, list[Arrival]] = defaultdict(list)
    days: dict[str, list[date]] = defaultdict(list)
    for each in receipts:
        arrivals[each.submission_id].append(Arrival(channel_called(each.channel).code, each.sender))
        days[each.submission_id].append(date.fromisoformat(each.received_on))
    issued = {each.token: (each.respondent_code, each.report_year) for each in issued_tokens(archive)}
    return Provenance(issued, arrivals, days)


def senders_of(archive: Path, city: City) -> Senders:
    """What tells who sends by a folder: the code or the name of a respondent in any year; a name that two had is the
    later one's."""
    names: dict[str, str] = {}
    codes: dict[str, str] = {}
    for year in sorted(city.calendar.years):
        of_year = city.in_year(year)
        for each in of_year.respondents:
            names[folder_key(each.name)] = each.code
            codes |= {folder_key(each.code): each.code, folder_key(of_year.stated_code(each)): each.code}
    return Senders(names | codes, handed_up(archive), mailed_files(archive))


def sender_findings(submissions: Iterable[Submission], city: City, provenance: Provenance) -> list[Finding]:
    """Why files are held for who sent them. What does not say whose it is cannot be asked so: it is rejected."""
    found: list[Finding] = []
    for each in submissions:
        if each.respondent is not None and each.report_year is not None:
            came = provenance.arrivals.get(each.submission_id, (Arrival(),))
            found += _of_sender(each, each.respondent, each.report_year, city, came)
            if not each.respondent.is_valid_in(each.report_year):
                found.append(_of_life(each, each.respondent, each.report_year, city))  # it had no template
            elif not any(channel_called(arrival.channel).vouches for arrival in came):
                found += _of_token(each, each.respondent, each.report_year, city, provenance)
    return found


def _of_life(file: Submission, respondent: Respondent, report_year: int, city: City) -> Finding:
    """Asks about a file of one that does not report in the year: it has become part of another, or is not there yet."""
    told = next((in_words(each, city) for each in city.changes if ends(each) == respondent.code), respondent.name)
    place = CellAddress(file.submission_id, file.file_name, COVER_SHEET)
    return intake_finding(NOT_OF_YEAR, place, told, expected=str(report_year))


def _of_sender(
    file: Submission, respondent: Respondent, report_year: int, city: City, came: Sequence[Arrival]
) -> Iterator[Finding]:
    """Asks when a sender is known, and nobody who may send for the respondent has sent the file."""
    said = [arrival for arrival in came if arrival.sender is not None]
    may = {respondent.code, *_merged_into(city, respondent, report_year), *_above(city, respondent, report_year)}
    if not said or any(arrival.sender in may for arrival in said):
        return
    sender = said[0].sender or ""
    if channel_called(said[0].channel).vouches and sender not in city.region_by_code:
        return  # an installation that is not of this tree: who received the bundle knows whose it is
    place = CellAddress(file.submission_id, file.file_name, COVER_SHEET)
    if sender == UNKNOWN_SENDER:
        yield intake_finding(NOBODYS_ADDRESS, place, expected=respondent.name)
        return
    name = _name(city, sender, report_year)
    yield intake_finding(STRANGER, place, name, expected=respondent.name, label=channel_called(said[0].channel).label)


def _of_token(
    file: Submission, respondent: Respondent, report_year: int, city: City, provenance: Provenance
) -> Iterator[Finding]:
    """Asks when the year's templates carried tokens, and the file's is missing or another's."""
    if not city.calendar.years[report_year].templates_carry_tokens:
        return
    place = CellAddress(file.submission_id, file.file_name, COVER_SHEET)
    if not file.tokens:
        yield intake_finding(MISSING, place, expected=respondent.name)
        return
    own = {(code, report_year) for code in (respondent.code, *_merged_into(city, respondent, report_year))}
    wrong = [token for token in file.tokens if provenance.issued_to.get(token) not in own]
    if wrong:
        to = provenance.issued_to.get(wrong[0])
        whose = f"是发给{_name(city, *to)} {to[1]} 年度的" if to else "不是本库发出的"
        yield intake_finding(WRONG, place, whose, expected=respondent.name)


def _merged_into(city: City, respondent: Respondent, report_year: int) -> frozenset[str]:
    """The schools that had become part of a respondent by a year, and of one that became part of it."""
    merged = {each.code: each.into for each in city.changes if isinstance(each, Merge) and each.since <= report_year}
    found: set[str] = set()
    new = {respondent.code}
    while new:
        new = {code for code, into in merged.items() if into in new} - found
        found |= new
    return frozenset(found)


def _above(city: City, respondent: Respondent, report_year: int) -> Sequence[str]:
    """The regions that a respondent lies in: their bureaus may send for it."""
    of_year = city.in_year(report_year)
    here = of_year.respondent_by_code.get(respondent.code, respondent)
    return of_year.region_paths.get(of_year.region_of(here), ())


def _name(city: City, code: str, report_year: int) -> str:
    """A respondent's or a region's name in a year, for people; its code where nothing is known by it."""
    of_year = city.in_year(report_year)
    known = of_year.respondent_by_code.get(code) or of_year.region_by_code.get(code)
    return known.name if known else code
