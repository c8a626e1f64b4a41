"""A bundle from an installation below, put into the inbox; and what this installation has to declare to read it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sources.archive.arrival import HandedUpFile, note_handed_up
from sources.declarations.city import City, codelists_of
from sources.declarations.headings import normalise_label
from sources.read.read_bundle import check, read_list, unpack
from sources.submission.bundle import BundledScope, BundleList
from sources.system.settings import Settings


@dataclass(frozen=True, slots=True)
class HandedUp:
    """A bundle that was put into `folder` of the inbox. `to_declare` says, in words, what is not known here yet."""

    listed: BundleList
    folder: Path
    to_declare: tuple[str, ...]


def receive_bundle(file: Path, settings: Settings, city: City) -> HandedUp:
    """Puts the workbooks of a bundle into the inbox, in a folder named after the sender and its release.

    Nothing is judged here; a run does that. Raises BundleError when the file is no bundle, or not as it was made.
    """
    listed = read_list(file)
    folder = settings.inbox / f"{listed.city_code}-{listed.version}"
    check(file, listed, settings.limits)
    handed_up = [HandedUpFile(each.sha256, listed.city_code, listed.version) for each in listed.files]
    note_handed_up(settings.archive, handed_up)
    unpack(file, listed, folder, settings.limits)
    of_year = city.in_year(int(listed.version.partition(".")[0]))
    return HandedUp(listed, folder, (*_strangers(listed, of_year), *_scopes(listed, of_year)))


def _strangers(listed: BundleList, city: City) -> Iterator[str]:
    for each in listed.files:
        if each.respondent not in city.respondent_by_code:
            yield f"respondents.yml 中没有 {each.respondent}（{each.name}）：运行时会被退回，请先登记。"


def _scopes(listed: BundleList, city: City) -> Iterator[str]:
    """The sender's scopes that this installation does not know by name, and the one here that means the same."""
    known = codelists_of(city)["scopes"].code_of
    for scope in listed.scopes:
        if normalise_label(scope.label) not in known:
            same = next((own.code for own in city.scopes if _meaning(own.exclude) == _meaning(scope.exclude)), None)
            yield (
                f"口径“{scope.label}”在本库没有，与 {same} 是同样的学校：请在 scopes.yml 的 {same} 写上"
                f" also: [{scope.label}]，否则选了它的工作簿会被退回。"
                if same
                else f"口径“{scope.label}”在本库没有，也没有同样范围的口径：选了它的工作簿会被退回。"
                f"请在 scopes.yml 中声明（exclude：{_words(scope)}）。"
            )


def _meaning(exclude: Mapping[Any, Iterable[str]]) -> dict[str, frozenset[str]]:
    return {str(name): frozenset(values) for name, values in exclude.items() if values}


def _words(scope: BundledScope) -> str:
    return "；".join(f"{name}: {'、'.join(values)}" for name, values in scope.exclude.items()) or "任何学校都不除外"
