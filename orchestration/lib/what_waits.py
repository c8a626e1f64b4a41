"""Reads what may wait for the clerk: inbox, register, what was sent, releases. `todo` makes a list of it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from orchestration.lib.correspondence import read_correspondence
from orchestration.lib.mail_rounds import read_mails
from sources.archive.inbox import inbox_submission_ids
from sources.declarations.city import City
from sources.declarations.mailing import load_mailing
from sources.declarations.undecided import UNDECIDED_FILE, load_undecided, told_undecided
from sources.system.faults import OneByOne
from sources.system.settings import Settings
from warehouse.alerts.letters import Correspondence, Letter, letters_of
from warehouse.alerts.mail_out import same_as_waiting
from warehouse.alerts.todo import OpenMark, Waiting
from warehouse.catalogue.catalogue import CatalogueChangedError, load_catalogue
from warehouse.intake.decision_list import asked_of
from warehouse.intake.unread import unread_files
from warehouse.intake.version import Version
from warehouse.release.foresee import foresee
from warehouse.release.gate import open_items
from warehouse.release.manifest import counting, releases_of
from warehouse.run.needed import reasons_to_run
from warehouse.store.connection import open_published


def read_waiting(settings: Settings, city: City) -> Waiting:
    """What waits as of the published database; of an installation that has published nothing, templates and files.

    Raises DeclarationError for a contacts.yml, alerts.yml or mail.yml that cannot be used.
    """
    # Long: one answer of many parts, each read from its own place, with and without a database.
    years = sorted(city.calendar.years)
    reasons = reasons_to_run(settings, city, years)
    troubles = read_mails(settings, city).troubles
    undelivered = tuple(each.text for each in troubles if each.kind in ("undelivered", "refused", "uncertain"))
    letters_in = tuple(each.text for each in troubles if each.kind in ("question", "suspect", "half"))
    mailing = load_mailing(settings.city_dir)
    can_send = mailing is not None and mailing.outgoing is not None
    if not settings.published_database.exists():
        known = read_correspondence(None, settings, city, years)
        letters = letters_of(known, years, OneByOne())
        has_files = any(True for _ in inbox_submission_ids(settings.inbox, settings.limits, settings.seen_file))
        return Waiting(
            city,
            settings.today,
            settings.inbox,
            tuple(reasons) if has_files else (),
            letters=letters,
            batch=_batch(settings, letters),
            marks=_marks(settings),
            can_send=can_send,
            undelivered=undelivered,
            letters_in=letters_in,
        )
    with open_published(settings) as connection:
        known = read_correspondence(connection, settings, city, years)
        letters = letters_of(known, years, OneByOne())
        return Waiting(
            city,
            settings.today,
            settings.inbox,
            tuple(reasons),
            tuple(unread_files(connection, settings)),
            _unidentified(settings, known.versions),
            asked_of(connection, settings, years),
            letters,
            _batch(settings, letters),
            _open_items(settings, city, connection, known),
            _marks(settings),
            can_send,
            undelivered,
            letters_in,
        )


def _marks(settings: Settings) -> tuple[OpenMark, ...]:
    """What of a new year nobody has decided yet."""
    points = load_undecided(settings.city_dir)
    where = str(settings.city_dir / UNDECIDED_FILE)
    return tuple(
        OpenMark(each.report_year, text, where) for each, text in zip(points, told_undecided(points), strict=True)
    )


def _batch(settings: Settings, letters: Sequence[Letter]) -> Path | None:
    """The batch that was written of these letters and waits to be sent."""
    same = same_as_waiting(settings, letters) if letters else None
    return settings.outbox / same if same else None


def _unidentified(settings: Settings, versions: Sequence[Version]) -> tuple[Version, ...]:
    """Files that nobody can be asked about and that still lie in the inbox."""
    strange = [each for each in versions if each.respondent_code is None or each.report_year is None]
    if not strange:
        return ()
    lying = {id_ for _, id_ in inbox_submission_ids(settings.inbox, settings.limits, settings.seen_file)}
    return tuple(each for each in strange if each.status == "rejected" and each.submission_id in lying)


def _open_items(
    settings: Settings, city: City, connection: duckdb.DuckDBPyConnection, known: Correspondence
) -> Mapping[int, int]:
    """Report year → how many items are open, of years of which everybody's submission counts and is not yet released.

    A release of the same submissions waits for nobody, also when the city's folder (a year more) or the program is
    another since: who has changed something may release, and is not told to.
    """
    found = {}
    for year in city.calendar.years:
        standing = {each.respondent_code for each in known.versions if each.report_year == year and each.stands}
        if not standing >= {each.code for each in city.respondents_in(year)}:
            continue
        released = releases_of(settings, year)
        if released and released[-1].current == counting(connection, year):
            continue
        try:
            foreseen = foresee(settings, city, load_catalogue(city.pack), year)
        except CatalogueChangedError:
            continue  # a run is needed first, which is told
        if foreseen.is_new:
            found[year] = len(open_items(foreseen.listed))
    return found
