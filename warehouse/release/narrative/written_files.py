"""The files in which a city writes its report's words: `narrative/<year>/`, read as they lie, kept with a release."""

import base64
import gzip
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from sources.archive.archive import declarations_file, store_declarations
from sources.declarations.problem import shown_path
from sources.system.faults import ToldError
from sources.system.fingerprint import sha256_of

FOLDER, CASES, OF_SCHOOLS, OF_REGIONS = "narrative", "cases", "schools", "regions"
COMMENTS, EARLIER, UNMERGED = "comments", "earlier", "unmerged"
"""What readers of a draft said, versions that others have followed, and such as contradict each other: kept beside the
words, and none themselves."""
ASIDE = (OF_SCHOOLS, OF_REGIONS, COMMENTS, EARLIER, UNMERGED)
MOST_FILES = 500
LARGEST = 8_000_000
"""Bytes of a file, a photograph above all; a release holds them all."""


class KeptWordsError(ToldError):
    """The archive lacks the words of a release, or they are not what was kept."""


class WrittenFilesError(ToldError):
    """The folder holds what cannot be taken for words: too many files, or one that is too large."""


@dataclass(frozen=True, slots=True)
class WrittenFiles:
    """What lies in a city's folder of words for a year: name (`cases/甲.md`) → content; None when there is no folder.

    `shown` is the folder as messages name it.
    """

    report_year: int
    shown: str
    files: Mapping[str, bytes] | None = None

    @property
    def is_begun(self) -> bool:
        """Whether the city writes words of its own for the year."""
        return self.files is not None

    @property
    def _text(self) -> str:
        kept = {name: base64.b64encode(data).decode() for name, data in (self.files or {}).items()}
        return json.dumps({FOLDER: kept}, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @property
    def fingerprint(self) -> str:
        """Changes whenever a word or a picture does; '' when nothing has been begun."""
        return sha256_of(self._text) if self.is_begun else ""

    def keep(self, archive: Path) -> None:
        """Puts the words among the archive's declarations, so that a release can be made again."""
        if self.is_begun:
            store_declarations(archive, self.fingerprint, self._text.encode())


def written_files(city_dir: Path, report_year: int) -> WrittenFiles:
    """What the city has written for a year, without what its schools and the regions in it have. Raises
    WrittenFilesError."""
    return _files_in(words_folder(city_dir, report_year), report_year)


def words_folder(city_dir: Path, report_year: int, *within: str) -> Path:
    """Where the words of the city's report of a year lie; `within` it those of a school or region."""
    return (city_dir / FOLDER / str(report_year)).joinpath(*within)


def school_files(city_dir: Path, report_year: int, school: str) -> WrittenFiles:
    """What a school has written for its own report of a year. Raises WrittenFilesError."""
    return _files_in(words_folder(city_dir, report_year, OF_SCHOOLS, school), report_year)


def region_files(city_dir: Path, report_year: int, region: str) -> WrittenFiles:
    """What a region within the city's own has written for its report of a year. Raises WrittenFilesError."""
    return _files_in(words_folder(city_dir, report_year, OF_REGIONS, region), report_year)


def schools_with_files(city_dir: Path, report_year: int) -> dict[str, str]:
    """Name of each folder in which a school's words lie, which should be its code → the folder as messages name it."""
    return _folders_in(city_dir / FOLDER / str(report_year) / OF_SCHOOLS)


def words_of_no_region(city_dir: Path, report_year: int, regions: Collection[str]) -> tuple[str, ...]:
    """A line for each folder of words whose name is the code of no region: nobody would print what lies in it."""
    return tuple(
        f"{shown}：没有行政区划代码是“{name}”的地区，里面的文字不会印出；请把文件夹改名为地区的行政区划代码"
        for name, shown in _folders_in(city_dir / FOLDER / str(report_year) / OF_REGIONS).items()
        if name not in regions
    )


def _folders_in(folder: Path) -> dict[str, str]:
    own = [path for path in sorted(folder.iterdir()) if path.is_dir()] if folder.is_dir() else []
    return {path.name: shown_path(path) for path in own if not _is_of_an_editor(path.name)}


def _files_in(folder: Path, report_year: int) -> WrittenFiles:
    shown = shown_path(folder)
    if not folder.is_dir():
        return WrittenFiles(report_year, shown)
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())
    places = [(path, path.relative_to(folder).parts) for path in files]
    paths = [path for path, parts in places if parts[0] not in ASIDE and not any(map(_is_of_an_editor, parts))]
    if len(paths) > MOST_FILES:
        raise WrittenFilesError(
            f"{shown} 里有 {len(paths)} 个文件，最多 {MOST_FILES} 个：请只留下各节的文字、案例和图片"
        )
    for path in paths:
        if (size := path.stat().st_size) > LARGEST:
            told = f"{shown_path(path)} 有 {size:,} 字节，太大（最多 {LARGEST:,}）：图片请压缩后再放"
            raise WrittenFilesError(told)
    return WrittenFiles(report_year, shown, {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths})


def _is_of_an_editor(name: str) -> bool:
    return name.startswith((".", "~$")) or name.endswith(("~", ".bak", ".tmp", ".swp"))


def kept_files(archive: Path, report_year: int, shown: str, fingerprint: str | None) -> WrittenFiles:
    """The words that a release was made with. Raises KeptWordsError."""
    if not fingerprint:
        return WrittenFiles(report_year, shown)
    file = declarations_file(archive, fingerprint)
    try:
        kept = json.loads(gzip.decompress(file.read_bytes()))[FOLDER]
        found = WrittenFiles(report_year, shown, {name: base64.b64decode(data) for name, data in kept.items()})
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise KeptWordsError(f"存档里没有这一版的文字，或读不出：{file}（{error}）；请从备份恢复") from error
    if found.fingerprint != fingerprint:
        raise KeptWordsError(f"存档里这一版的文字被改动过：{file}；请从备份恢复")
    return found
