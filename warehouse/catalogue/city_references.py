"""A city's whole configuration, checked: its files, what holds among them, and the names that the catalogue gives."""

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from sources.declarations.alerting import ALERTS_FILE, load_alerting
from sources.declarations.check_city import doubts
from sources.declarations.city import City, load_city, read_city
from sources.declarations.contacts import load_contacts
from sources.declarations.mailing import load_mailing
from sources.declarations.misfit import Misfit
from sources.declarations.pack import NEUTRAL, Pack
from sources.declarations.problem import DeclarationError, Problem, meant, shown_path
from sources.declarations.rule import load_cross_rules
from sources.declarations.strict_yaml import read_document
from sources.declarations.undecided import load_undecided
from sources.system.fingerprint import sha256_of
from sources.system.settings import CATALOGUE_ROOT, ENV_FILE, SOURCES_ROOT, Settings
from sources.system.together import recover
from warehouse.catalogue.catalogue import Catalogue, load_catalogue
from warehouse.catalogue.published_list import published_problems
from warehouse.store.owner import check_owner, note_owner

VERDICT = ".city_is_sound"
"""In the home: the fingerprint of the folder and the program at which nothing was wrong."""


def city_problems(city_dir: Path) -> tuple[Problem, ...]:
    """Everything that is wrong in a city's folder, in the order of files and lines; nothing when it can be used."""
    folder = read_city(city_dir)
    known = None if folder.problems else folder.city
    try:
        catalogue = load_catalogue(folder.city.pack)
        load_cross_rules(folder.city.pack)
    except DeclarationError as error:  # mistakes in the pack: what it would have said is not known
        return DeclarationError([*folder.problems, *error.problems]).problems
    problems = [
        *folder.problems,
        *folder.located(unknown_indicators(folder.city, catalogue)),
        *_alert_problems(known, city_dir),
        *_contact_problems(known, city_dir),
        *_mail_problems(city_dir),
        *published_problems(known, catalogue, city_dir),
        *_undecided_problems(city_dir),
        *_env_problems(city_dir / ENV_FILE),
    ]
    return DeclarationError(problems).problems


def city_doubts(city_dir: Path) -> tuple[Problem, ...]:
    """What is strange in a folder in which nothing is wrong: it can be used as it is."""
    folder = read_city(city_dir)
    return DeclarationError(folder.located(doubts(folder.city))).problems


def unknown_indicators(city: City, catalogue: Catalogue) -> Iterator[Misfit]:
    """Targets and definitions of indicators that the catalogue does not have."""
    known = catalogue.indicators
    for position, target in enumerate(city.targets):
        if target.indicator not in known:
            told = f"没有指标“{target.indicator}”{meant(target.indicator, known)}"
            yield Misfit(("targets", position, "indicator"), told)
    for position, choice in enumerate(city.definitions):
        place = ("definitions", position)
        indicator = known.get(choice.indicator)
        if indicator is None:
            told = f"没有指标“{choice.indicator}”{meant(choice.indicator, known)}"
            yield Misfit((*place, "indicator"), told)
        elif choice.alternative not in indicator.alternatives:
            told = f"指标“{indicator.label}”没有定义“{choice.alternative}”"
            yield Misfit((*place, "alternative"), told + meant(choice.alternative, indicator.alternatives))


def _undecided_problems(city_dir: Path) -> tuple[Problem, ...]:
    """undecided.yml: its form. What is open in it is no mistake."""
    try:
        load_undecided(city_dir)
    except DeclarationError as error:
        return error.problems
    return ()


def _env_problems(file: Path) -> Iterator[Problem]:
    """nianbao.env: lines that are no settings."""
    from sources.system.environment import faults_of  # see there: 80 ms

    if file.is_file():
        yield from (Problem(shown_path(file), line, "", told) for line, told in faults_of(file))


def _alert_problems(city: City | None, city_dir: Path) -> Iterator[Problem]:
    """alerts.yml: its form, and channels for schools and regions that there are not, once those are known."""
    try:
        alerting = load_alerting(city_dir)
    except DeclarationError as error:
        yield from error.problems
        return
    if city is None:
        return
    known: dict[str, Collection[str]] = {"respondents": city.respondent_by_code, "regions": city.region_by_code}
    found = [
        Misfit(("channels", position, key), f"渠道“{channel.name}”：没有“{code}”{meant(code, words)}")
        for position, channel in enumerate(alerting.channels)
        for key, words in known.items()
        for code in getattr(channel, key)
        if code not in words
    ]
    if found:
        yield from read_document(city_dir / ALERTS_FILE, "zh").problems_of(found)


def _contact_problems(city: City | None, city_dir: Path) -> Iterator[Problem]:
    """contacts.yml: its form, and respondents that there are not, once those are known."""
    if city is None:
        return
    try:
        load_contacts(city_dir, city)
    except DeclarationError as error:
        yield from error.problems


def _mail_problems(city_dir: Path) -> Iterator[Problem]:
    """mail.yml: its form."""
    try:
        load_mailing(city_dir)
    except DeclarationError as error:
        yield from error.problems


def checked_city(settings: Settings) -> City:
    """The city, once all of its folder is known to be right and the home is its own, which is noted there.

    The verdict is kept for as long as neither the folder nor the declarations that it names have changed: the
    catalogue takes longer to load than a command that needs nothing of it.

    Raises DeclarationError with everything that is wrong, ForeignHomeError when the home is another city's.
    """
    recover(settings.city_dir)
    city = load_city(settings.city_dir)
    check_owner(settings, city)
    kept = settings.home / VERDICT
    current = _fingerprint(settings.city_dir, city.pack)
    is_known = kept.exists() and kept.read_text("utf-8") == current
    if not is_known and (problems := city_problems(settings.city_dir)):
        raise DeclarationError(problems)
    note_owner(settings, city)
    if not is_known and os.access(settings.home, os.W_OK):
        kept.write_text(current, encoding="utf-8")
    return city


def _fingerprint(city_dir: Path, pack: Pack) -> str:
    """Of every file of the folder but the samples, and of the declarations and the code that judge it."""
    rooms = [SOURCES_ROOT / "declarations", SOURCES_ROOT / "codelists", CATALOGUE_ROOT, NEUTRAL]
    rooms += [pack.folder] if pack.folder else []
    files = [*city_dir.glob("*"), *(city_dir / "published").glob("*")]
    files += [path for room in rooms for path in room.rglob("*") if path.suffix in (".py", ".yml")]
    seen = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in sorted(files) if path.is_file()]
    return sha256_of(repr(seen).encode())
