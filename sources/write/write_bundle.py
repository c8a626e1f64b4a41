"""Workbooks → one bundle for the installation above."""

import zipfile
from collections.abc import Sequence
from pathlib import Path

from sources.submission.bundle import LIST, BundleList
from sources.system.whole_file import whole_file

MADE_ON = (1980, 1, 1, 0, 0, 0)
"""The time that a zip gives each of its files: the same workbooks make the same bytes."""


def write_bundle(target: Path, listed: BundleList, contents: Sequence[bytes]) -> None:
    """Writes the bundle; `contents` are the listed files' in their order. The same arguments give the same bytes."""
    with whole_file(target) as partial, zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as parts:
        for name, data in (
            (LIST, listed.model_dump_json(indent=1).encode()),
            *((file.name, content) for file, content in zip(listed.files, contents, strict=True)),
        ):
            parts.writestr(zipfile.ZipInfo(name, MADE_ON), data, zipfile.ZIP_DEFLATED)
