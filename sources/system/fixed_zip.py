"""Zip files that are the same bytes whenever they are written."""

import io
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

ZIP_TIME = (1980, 1, 1, 0, 0, 0)


def with_fixed_times(data: bytes, edits: Mapping[str, Callable[[bytes], bytes]] = {}) -> bytes:
    """The same archive with sorted members and the one fixed time; `edits`: member → what becomes of its content."""
    source = zipfile.ZipFile(io.BytesIO(data))
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(source.namelist(), key=lambda name: (name != "[Content_Types].xml", name)):
            info = zipfile.ZipInfo(name, ZIP_TIME)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            archive.writestr(info, edits.get(name, bytes)(source.read(name)))
    return target.getvalue()


def write_zip(paths: Iterable[Path], root: Path, target: Path) -> Path:
    """Writes the files into one archive under their paths below `root`, without times or owners."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for path in sorted(paths):
            entry = zipfile.ZipInfo(path.relative_to(root).as_posix(), ZIP_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, path.read_bytes())
    return target
