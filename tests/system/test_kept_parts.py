"""What is slow to make is made once for the same ingredients; what is kept decides nothing by itself."""

from pathlib import Path

import pytest

from sources.system import kept_parts
from sources.system.kept_parts import KeptParts


class Maker:
    """Makes a part, and counts how often."""

    def __init__(self, part: bytes) -> None:
        self.part, self.times = part, 0

    def __call__(self) -> bytes:
        self.times += 1
        return self.part


@pytest.fixture
def kept(tmp_path: Path) -> KeptParts:
    return KeptParts(tmp_path / "working" / "parts")


def test_the_same_again_is_not_made(kept: KeptParts):
    make = Maker("图".encode())
    assert [kept.part(("甲", b"1"), make) for _ in range(3)] == [make.part] * 3
    assert make.times == 1


@pytest.mark.parametrize("other", [("甲", b"2"), ("乙", b"1"), ("甲1",), ("甲", b"1", "")])
def test_whatever_is_else_is_made(kept: KeptParts, other):
    make = Maker(b"x")
    kept.part(("甲", b"1"), make)
    kept.part(other, make)
    assert make.times == 2


@pytest.mark.parametrize("damage", [b"", b"x", b"0" * 64 + b"y"])
def test_what_a_disk_has_changed_is_made_again(kept: KeptParts, damage: bytes):
    make = Maker(b"y")
    kept.part(("甲",), make)
    (file,) = kept.folder.iterdir()
    file.chmod(0o600)
    file.write_bytes(damage)
    assert kept.part(("甲",), make) == b"y"
    assert make.times == 2


def test_the_last_used_are_kept_for_the_service_alone(kept: KeptParts, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(kept_parts, "MOST", 5)
    for number in range(9):
        kept.part((str(number),), Maker(b""))
    files = list(kept.folder.iterdir())
    assert len(files) == 5
    assert all(path.stat().st_mode & 0o077 == 0 for path in (kept.folder, *files))


def test_without_a_folder_and_where_none_can_be_made_all_is_made(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"")
    for nowhere in (KeptParts(), KeptParts(tmp_path / "file" / "parts")):
        make = Maker(b"z")
        assert [nowhere.part(("甲",), make) for _ in range(2)] == [b"z", b"z"]
        assert make.times == 2
