"""The archive's files in a store that several machines reach, for workers that do not mount the archive.

A store is an address that fsspec knows: `s3://bucket/folder`, with s3fs. A file keeps its place in the archive. What is
there already is never put again: what is put there, workbooks and declarations, does not change.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sources.system.faults import ToldError
from sources.system.parallel import while_waiting


class StoreError(ToldError):
    """A store that takes nothing."""


@dataclass(frozen=True, slots=True)
class Store:
    """`address`: where files are; `archive`: whose files they are."""

    address: str
    archive: Path

    def put(self, files: Sequence[Path]) -> None:
        """Puts those files of the archive that the store has not. Raises StoreError when it cannot."""
        try:
            system, root = self._opened()
            for _ in while_waiting(lambda file: self._put_one(system, root, file), files):
                pass
        except Exception as error:
            raise StoreError(
                f"存档的文件存不进 NIANBAO_SPARK_STORE（{self.address}）：{error}。"
                "请检查地址、桶和密钥（S3 还要 make .venv/s3.stamp），再运行一次"
            ) from error

    def get(self, file: Path, folder: Path) -> Path:
        """Fetches a file of the archive into a folder, under its own name, unless it is there."""
        here = folder / file.name
        if not here.exists():
            system, root = self._opened()
            here.write_bytes(system.cat_file(self._place(root, file)))
        return here

    def _put_one(self, system: Any, root: str, file: Path) -> None:
        place = self._place(root, file)
        if not system.exists(place):
            system.pipe_file(place, file.read_bytes())

    def _opened(self) -> tuple[Any, str]:
        from fsspec.core import url_to_fs  # not needed without a store, and s3fs takes long to import

        system, root = url_to_fs(self.address)
        return system, root

    def _place(self, root: str, file: Path) -> str:
        return f"{root.rstrip('/')}/{file.relative_to(self.archive).as_posix()}"
