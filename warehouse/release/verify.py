"""A release made again from the archive alone, and compared byte for byte."""

import tempfile
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from sources.declarations.city import City
from sources.system.settings import Settings
from warehouse.catalogue.catalogue import Catalogue
from warehouse.release.data.model_docs import MODEL_DOCS
from warehouse.release.make_release import Progress, make, outputs_in
from warehouse.release.manifest import MANIFEST, Manifest, inputs_of, read_manifest, releases_folder, releases_of
from warehouse.run.compile import load_manifest
from warehouse.run.rebuild import rebuilt_from_archive
from warehouse.store.connection import open_published

DESCRIBES_THE_PROGRAM = frozenset({MODEL_DOCS})
"""Files of a release that hold the program itself (its SQL, the names of its models) and no figure of the report."""


@dataclass(frozen=True)
class Verified:
    """The outcome of making a release again. Paths that differ, are missing, or are new; what has changed around it."""

    version: str
    compared: int
    differing: tuple[str, ...]
    missing: tuple[str, ...]
    added: tuple[str, ...]
    changed_since: tuple[str, ...]
    damaged: tuple[str, ...]

    @property
    def describing(self) -> tuple[str, ...]:
        """Of the files that differ, those that describe the program: no figure in them can have changed."""
        return tuple(path for path in self.differing if path in DESCRIBES_THE_PROGRAM)

    @property
    def is_equal(self) -> bool:
        return not (self.differing or self.missing or self.added or self.damaged)


def verify(
    settings: Settings, city: City, catalogue: Catalogue, version: str, progress: Progress = lambda _: None
) -> Verified:
    """Builds the release's warehouse from the archive alone, makes all files again and compares them byte for byte.

    `damaged` are files of the release itself that are no longer what its manifest says.

    Raises FileNotFoundError when there is no such release, or the archive lacks one of its inputs; RuntimeError when
    the models do not build.
    """
    # Long: making again follows the order of making; what is compared is named beside it.
    folder = releases_folder(settings) / version
    if not (folder / MANIFEST).exists():
        raise FileNotFoundError(f"没有 {version} 这一版：{folder}")
    manifest = read_manifest(folder)
    with tempfile.TemporaryDirectory(prefix="nianbao-verify-") as scratch:
        again = replace(settings, home=Path(scratch) / "home", fixed_today=date.fromisoformat(manifest.clock))
        progress("从存档重建")
        rebuilt_from_archive(settings, again, city, manifest.receipts, manifest.decisions, manifest.years)
        before = [
            (each, releases_folder(settings) / each.version)
            for each in releases_of(settings, manifest.report_year)
            if _precedes(each, manifest)
        ]
        made = Path(scratch) / "release"
        with open_published(again) as connection:
            inputs = inputs_of(connection, again, city, manifest.report_year)
            released_on = date.fromisoformat(manifest.released_on)
            make(
                connection,
                catalogue,
                city,
                manifest.report_year,
                made,
                released_on,
                version,
                before,
                load_manifest(again),
                progress,
            )
        outputs = outputs_in(made)
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
        damaged=damaged_files(folder, manifest),
    )


def damaged_files(folder: Path, manifest: Manifest) -> tuple[str, ...]:
    """Files of a release that are gone, or no longer what its manifest says."""
    stored = outputs_in(folder)
    return tuple(sorted(path for path, digest in manifest.outputs.items() if stored.get(path) != digest))


def _precedes(one: Manifest, other: Manifest) -> bool:
    return int(one.version.split(".")[1]) < int(other.version.split(".")[1])
