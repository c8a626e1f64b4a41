"""An archived file is held against its name, which is the hash of what was received, whenever it is used."""

from pathlib import Path

import pytest

from sources.archive.archive import DamagedContentError, archived_path, content_at, restore, store
from sources.declarations.city import City
from sources.handle import ToMark, ToRead, mark_apart, read_apart
from sources.system.settings import Limits


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    path = archived_path(store(b"as it came", tmp_path), tmp_path)
    assert content_at(path) == b"as it came"
    path.chmod(0o644)
    path.write_bytes(b"as it came?")
    return path


def test_a_file_that_has_changed_is_told_with_what_to_do(damaged: Path):
    with pytest.raises(DamagedContentError, match="请从备份恢复") as told:
        content_at(damaged)
    assert str(damaged) in str(told.value)


def test_it_is_neither_read_nor_marked_nor_rebuilt_from(damaged: Path, city: City, tmp_path: Path):
    with pytest.raises(DamagedContentError, match=damaged.name):
        list(read_apart([ToRead(damaged.stem, "a.xlsx", damaged)], city, Limits()))
    with pytest.raises(DamagedContentError, match=damaged.name):
        list(mark_apart([ToMark(damaged, (), "")], Limits()))
    with pytest.raises(DamagedContentError, match=damaged.name):
        restore(tmp_path, tmp_path / "again", [{"submission_id": damaged.stem}], [])
