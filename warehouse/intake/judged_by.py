"""By which declarations a submission is judged: those under which it was accepted, for ever; any other by today's."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sources.archive.archive import (
    Acceptance,
    archived_acceptances,
    declarations_file,
    note_acceptances,
    store_declarations,
)
from sources.declarations.archived import kept_city, text_to_keep
from sources.declarations.city import City
from sources.submission.submission import Submission


@dataclass(frozen=True, slots=True)
class JudgedBy:
    """The declarations by which submissions are judged. `today` is the city now, `version` its fingerprint."""

    today: City
    version: str
    accepted: Mapping[str, Acceptance] = field(default_factory=dict)
    """Submission → how it was accepted, of those that the archive knows to have been."""
    kept: Mapping[str, City] = field(default_factory=dict)
    """Fingerprint → the city, with contracts, code lists and rules, as they were."""

    def city_of(self, submission_id: str) -> City:
        """The city that judges a submission; a submission of 0.1.0 left no note, so today's does."""
        acceptance = self.accepted.get(submission_id)
        return self.kept.get(acceptance.declarations, self.today) if acceptance else self.today

    def kept_for(self, submission_id: str) -> Path | None:
        """The archive's file with the declarations that judge a submission; None when they are today's."""
        return self.city_of(submission_id).pack.kept

    def version_of(self, submission_id: str) -> str:
        """The fingerprint of the declarations that judge a submission."""
        acceptance = self.accepted.get(submission_id)
        return acceptance.declarations if acceptance and acceptance.declarations in self.kept else self.version


def load_judged_by(archive: Path, city: City, version: str, submission_ids: Iterable[str]) -> JudgedBy:
    """The declarations for these submissions; `version` is the fingerprint of today's.

    Raises KeptDeclarationsError when some cannot be read.
    """
    asked = set(submission_ids)
    accepted = {key: each for key, each in archived_acceptances(archive).items() if key in asked}
    kept = {
        fingerprint: kept_city(file, city.pack)
        for fingerprint in sorted({each.declarations for each in accepted.values()} - {version})
        if (file := declarations_file(archive, fingerprint)).exists()
    }
    return JudgedBy(city, version, accepted, kept)


def note_accepted(archive: Path, by: JudgedBy, submissions: Iterable[Submission]) -> None:
    """Notes in the archive what was accepted just now, and keeps the declarations that judged it."""
    new = [
        Acceptance(each.submission_id, by.version, each.respondent.code, each.report_year)
        for each in submissions
        if each.submission_id not in by.accepted and each.respondent and each.report_year
    ]
    if new:
        store_declarations(archive, by.version, text_to_keep(by.today))
        note_acceptances(archive, new)
