"""The page of files to download."""

import os
from collections.abc import Sequence
from pathlib import Path

from sources.system.fingerprint import sha256_of
from warehouse.catalogue import labels
from warehouse.release.site.page import Page


def downloads_page(downloads: Sequence[Path], folder: Path) -> Page:
    """The given files with their size and SHA-256.

    Raises ValueError for a file that is not in the site's folder or beside it.
    """
    files = []
    for path in sorted(downloads, key=lambda each: each.name):
        if not path.resolve().is_relative_to(folder.resolve().parent):
            raise ValueError(f"下载文件不在站点文件夹旁边：{path}")
        content = path.read_bytes()
        files.append(
            {
                "name": path.name,
                "kind": labels.DOWNLOADS.get(path.suffix, "文件"),
                "href": Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix(),
                "size": _size(len(content)),
                "sha256": sha256_of(content),
            }
        )
    return Page("downloads.html", "downloads", "下载", {"files": files})


def _size(size_bytes: int) -> str:
    if size_bytes < 1024:
        return f"{size_bytes} 字节"
    kilobytes = size_bytes / 1024
    return f"{kilobytes:.1f} KB" if kilobytes < 1024 else f"{kilobytes / 1024:.1f} MB"
