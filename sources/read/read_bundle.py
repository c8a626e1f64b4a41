"""A bundle from an installation below → the workbooks in it, as they were sent."""

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from sources.submission.bundle import LIST, BundledFile, BundleError, BundleList
from sources.system.fingerprint import sha256_of
from sources.system.settings import Limits
from sources.system.whole_file import whole_file

LIST_BYTES = 4_000_000
UNREADABLE = (zipfile.BadZipFile, zlib.error, KeyError, ValueError, RuntimeError, EOFError)
"""What is raised by a file that is no zip or a damaged, encrypted or strangely packed one, or whose list is no list."""


def read_list(file: Path) -> BundleList:
    """The list of a bundle. Raises BundleError when the file is none."""
    try:
        with zipfile.ZipFile(file) as parts:
            listed = BundleList.model_validate_json(_content(parts, LIST, LIST_BYTES))
    except UNREADABLE as error:
        raise BundleError(f"{file.name} 不是上交包（由下级的 nianbao hand-up 生成），或者已经损坏。") from error
    names = [each.name for each in listed.files]
    if len(set(names)) < len(names):
        raise BundleError(f"{file.name} 的清单里有两个同名的文件，没有接收。")
    return listed


def check(file: Path, listed: BundleList, limits: Limits) -> None:
    """Reads each workbook and compares it with the list.

    Raises BundleError for a workbook that is missing, too large or another one than was listed.
    """
    for _ in _workbooks(file, listed, limits):
        pass


def unpack(file: Path, listed: BundleList, folder: Path, limits: Limits) -> None:
    """Writes the listed workbooks into a folder, all or none: they are checked first, and it raises as `check` does."""
    check(file, listed, limits)
    for each, data in _workbooks(file, listed, limits):
        with whole_file(folder / each.name) as partial:
            partial.write_bytes(data)


def _workbooks(file: Path, listed: BundleList, limits: Limits) -> Iterator[tuple[BundledFile, bytes]]:
    with zipfile.ZipFile(file) as parts:
        for each in listed.files:
            try:
                data = _content(parts, each.name, limits.file_bytes)
            except UNREADABLE as error:
                raise BundleError(f"{file.name} 缺少 {each.name}，或者它已经损坏，没有接收任何文件。") from error
            if sha256_of(data) != each.sha256:
                raise BundleError(f"{file.name} 中的 {each.name} 与清单不符（可能被改动过），没有接收任何文件。")
            yield each, data


def _content(parts: zipfile.ZipFile, name: str, largest: int) -> bytes:
    with parts.open(name) as part:
        data = part.read(largest + 1)
    if len(data) > largest:
        raise BundleError(f"上交包中的 {name} 超过 {largest / 1e6:.0f} MB，没有接收任何文件。")
    return data
