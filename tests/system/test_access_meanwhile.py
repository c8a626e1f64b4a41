"""A home is prepared while others write in it."""

import os
from pathlib import Path

import pytest

from sources.system.access import prepare_home


def test_what_goes_while_the_home_is_looked_through_is_nobodys_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    listed = os.scandir

    def listed_and_gone(folder: Path) -> list[os.DirEntry[str]]:
        entries = list(listed(folder))
        (tmp_path / "alerts.sqlite-journal").unlink(missing_ok=True)
        return entries

    (tmp_path / "alerts.sqlite-journal").touch()
    (tmp_path / "alerts.sqlite").touch(0o644)
    monkeypatch.setattr(os, "scandir", listed_and_gone)
    prepare_home(tmp_path, ())
    assert (tmp_path / "alerts.sqlite").stat().st_mode & 0o077 == 0
