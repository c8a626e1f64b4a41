"""What a release counts, for the installation above: the workbooks of its respondents in one file."""

from pathlib import Path

from sources.archive.archive import archived_path
from sources.declarations.city import City
from sources.submission.bundle import BundledFile, BundledScope, BundleList
from sources.submission.file_names import workbook_file_name
from sources.system.access import private_folder
from sources.system.settings import Settings
from sources.write.write_bundle import write_bundle
from warehouse.intake.released import MANIFEST, releases_folder
from warehouse.release.manifest import read_manifest


def hand_up(settings: Settings, city: City, version: str, target: Path | None = None) -> tuple[Path, int]:
    """Writes the bundle of a release; without a target beside the release. Returns its path and how many workbooks.

    Raises FileNotFoundError when there is no such release.
    """
    folder = releases_folder(settings) / version
    if not (folder / MANIFEST).exists():
        raise FileNotFoundError(f"没有 {version} 这个发布版本。")
    manifest = read_manifest(folder)
    of_year = city.in_year(manifest.report_year)
    contents = [archived_path(submission, settings.archive).read_bytes() for submission in manifest.current.values()]
    listed = BundleList(
        city_code=city.code,
        city_name=of_year.name,
        version=version,
        files=tuple(
            BundledFile(
                name=workbook_file_name(of_year.respondent_by_code[code], manifest.report_year),
                sha256=submission,
                respondent=code,
            )
            for code, submission in manifest.current.items()
        ),
        scopes=tuple(BundledScope(label=scope.label, exclude=dict(scope.exclude)) for scope in of_year.scopes),
    )
    path = target or private_folder(settings.home / "bundles") / f"{city.code}-{version}.zip"
    write_bundle(path, listed, contents)
    return path, len(contents)
