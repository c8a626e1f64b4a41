"""A release made again from the archive alone, and compared byte for byte."""

import tempfile
import zipfile
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from sources.archive.archive import archived_decisions, archived_receipts, declarations_file
from sources.archive.confirmations import archived_confirmations
from sources.declarations.archived import kept_city
from sources.declarations.city import City
from sources.system.seal import broken_seal
from sources.system.settings import Settings
from warehouse.catalogue.catalogue import Catalogue
from warehouse.intake.released import MANIFEST, SIGNATURE, VERSION, number_of, releases_folder
from warehouse.release.checklist import check_release
from warehouse.release.data.model_docs import MODEL_DOCS
from warehouse.release.disagreements import Evidence, disagreements, unproven
from warehouse.release.documents.page_numbers import BY_PDF, PageNumbers, numbers_in
from warehouse.release.evidence.signing import Signed, how_signed
from warehouse.release.gate import confirmed_notes, gate
from warehouse.release.make_release import Progress, make, outputs_in
from warehouse.release.manifest import Manifest, inputs_of, manifest_hash, read_manifest, releases_of
from warehouse.release.narrative.written_files import kept_files, written_files
from warehouse.run.compile import load_manifest
from warehouse.run.rebuild import rebuilt_from_archive
from warehouse.store.connection import open_published

DESCRIBES_THE_PROGRAM = frozenset({MODEL_DOCS})
"""Files of a release that hold the program itself (its SQL, the names of its models) and no figure of the report."""


@dataclass(frozen=True)
class Verified:
    """The outcome of making a release again. Paths that differ, are missing, or are new; what has changed around it.

    `unnamed` are files in the release's folder that its manifest does not name; `disagreeing` and `unproven` are
    sentences about the manifest itself (disagreements.py).
    """

    version: str
    compared: int
    differing: tuple[str, ...]
    missing: tuple[str, ...]
    added: tuple[str, ...]
    changed_since: tuple[str, ...]
    damaged: tuple[str, ...]
    unnamed: tuple[str, ...]
    disagreeing: tuple[str, ...]
    unproven: tuple[str, ...]
    manifest_hash: str
    signed: Signed
    """Whether the manifest bears the signature of the key that it names, none, or another."""

    @property
    def describing(self) -> tuple[str, ...]:
        """Of the files that differ, those that describe the program: no figure in them can have changed."""
        return tuple(path for path in self.differing if path in DESCRIBES_THE_PROGRAM)

    @property
    def is_equal(self) -> bool:
        found = (self.differing, self.missing, self.added, self.damaged, self.unnamed, self.disagreeing)
        return not any(found) and self.signed != "broken"


def verify(
    settings: Settings, city: City, catalogue: Catalogue, version: str, progress: Progress = lambda _: None
) -> Verified:
    """Builds the release's warehouse from the archive alone, makes all files again and compares them byte for byte.

    It is made with the declarations that its manifest names, so that what was declared since changes nothing; a release
    of 0.1.0 names none, and is made with today's.

    `damaged` are files of the release itself that are no longer what its manifest says.

    Raises FileNotFoundError when there is no such release, or the archive lacks one of its inputs; ToldError when the
    manifest cannot be read or a file of the archive is damaged; RuntimeError when the models do not build.
    """
    # Long: making again follows the order of making; what is compared is named beside it.
    folder = releases_folder(settings) / version
    if not VERSION.fullmatch(version) or not (folder / MANIFEST).exists():
        raise FileNotFoundError(f"没有 {version} 这一版：{folder}")
    manifest = read_manifest(folder)
    with tempfile.TemporaryDirectory(prefix="nianbao-verify-") as scratch:
        again = replace(settings, home=Path(scratch) / "home", fixed_today=date.fromisoformat(manifest.clock))
        progress("从存档重建")
        declared = _declared(settings, city, manifest)
        rebuilt_from_archive(settings, again, declared, manifest.receipts, manifest.decisions, manifest.years)
        before = [
            (each, releases_folder(settings) / each.version)
            for each in releases_of(settings, manifest.report_year)
            if number_of(each.version) < number_of(version)
        ]
        made = Path(scratch) / "release"
        now = written_files(settings.city_dir, manifest.report_year)
        then = kept_files(settings.archive, manifest.report_year, now.shown, manifest.narrative)
        with open_published(again) as connection:
            inputs = inputs_of(connection, again, city, manifest.report_year, now)
            checked = check_release(connection, again, city, catalogue, manifest.report_year, then)
            released_on = date.fromisoformat(manifest.released_on)
            make(
                connection,
                catalogue,
                declared,
                manifest.report_year,
                made,
                released_on,
                version,
                before,
                load_manifest(again, city.pack),
                confirmed_notes(manifest.listed),
                progress,
                {int(year): each for year, each in (manifest.released or {}).items()},
                written=then,
                page_numbers=_page_numbers(folder),
            )
        outputs = outputs_in(made)
    confirmations = archived_confirmations(settings.archive)
    evidence = Evidence(
        receipts=archived_receipts(settings.archive),
        decided_at=[decision["decided_at"] for decision in archived_decisions(settings.archive)],
        earlier=[each.version for each, _ in before],
        current=inputs["current"],
        points=checked.points,
        listed=gate(checked, confirmations, manifest.report_year),
        passed_over=checked.passed_over,
        confirmations=[each for each in confirmations if each.report_year == manifest.report_year],
    )
    return Verified(
        version=version,
        compared=len(manifest.outputs),
        differing=tuple(p for p, digest in manifest.outputs.items() if p in outputs and outputs[p] != digest),
        missing=tuple(sorted(manifest.outputs.keys() - outputs.keys())),
        added=tuple(sorted(outputs.keys() - manifest.outputs.keys())),
        changed_since=tuple(
            title
            for name, title in (("declarations", "声明、模型或模板"), ("lock_file", "依赖的版本"), ("commit", "程序"))
            if getattr(manifest, name) != inputs[name]
        ),
        damaged=(*damaged_files(folder, manifest), *([MANIFEST] if broken_seal(folder / MANIFEST) else [])),
        unnamed=unnamed_files(folder, manifest),
        disagreeing=disagreements(manifest, version, city, evidence),
        unproven=unproven(manifest),
        manifest_hash=manifest_hash(folder),
        signed=how_signed(folder / MANIFEST, folder / SIGNATURE, manifest.published_as.signing_key),
    )


def _page_numbers(folder: Path) -> PageNumbers:
    """Those that the release's own Word file has: another machine may lay it out otherwise, or cannot."""
    for path in folder.glob("*.docx"):
        try:
            return PageNumbers(given=numbers_in(path.read_bytes()))
        except (OSError, ValueError, KeyError, SyntaxError, zipfile.BadZipFile):  # damaged: told as a file that differs
            break
    return BY_PDF


def _declared(settings: Settings, city: City, manifest: Manifest) -> City:
    """The city as it was when the release was made, with its contracts, code lists and rules, and what it says."""
    file = declarations_file(settings.archive, manifest.judged_by)
    then = kept_city(file, city.pack) if manifest.judged_by and file.exists() else city
    return then.model_copy(update={"publication": manifest.published_as})


def damaged_files(folder: Path, manifest: Manifest) -> tuple[str, ...]:
    """Files of a release that are gone, or no longer what its manifest says."""
    stored = outputs_in(folder)
    return tuple(sorted(path for path, digest in manifest.outputs.items() if stored.get(path) != digest))


def unnamed_files(folder: Path, manifest: Manifest) -> tuple[str, ...]:
    """Files in a release's folder that its manifest does not name."""
    return tuple(sorted(outputs_in(folder).keys() - manifest.outputs.keys()))
