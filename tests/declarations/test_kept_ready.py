"""Declarations that were read before are taken as they were, until a file of the project changes."""

import os
import sys
from pathlib import Path

import pytest

from sources.declarations import kept_ready
from sources.declarations.contract import contracts_as_declared
from sources.declarations.pack import NEUTRAL_PACK, Pack, shipped_packs
from sources.declarations.rule import cross_rules_as_declared, load_cross_rules

PACKS = (NEUTRAL_PACK, *shipped_packs())


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that declarations are made of, with one file, and a place of its own for what is kept."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "declared.yml").write_text("one")
    monkeypatch.setattr(kept_ready, "MADE_OF", (folder,))
    monkeypatch.setattr(kept_ready, "FOLDER", tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return folder  # no other test has it, so nothing of it is remembered


class Loader:
    """Reads the project's file, and counts how often."""

    def __init__(self, project: Path) -> None:
        self.project, self.reads, self.__name__ = project, 0, "declared"

    def __call__(self, pack: Pack) -> str:
        self.reads += 1
        return (self.project / "declared.yml").read_text() + pack.code


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.code or "neutral")
def test_what_is_kept_is_what_is_declared(pack: Pack, project: Path):
    for load in (contracts_as_declared, cross_rules_as_declared):
        declared = load.__wrapped__(pack)
        twice = kept_ready.kept_ready(load.__wrapped__)
        assert twice(pack) == declared == twice(pack)
    assert load_cross_rules(pack) == load_cross_rules.__wrapped__(pack)


def test_it_is_read_once_and_again_when_a_file_has_changed(project: Path):
    load = Loader(project)
    loaded = kept_ready.kept_ready(load)
    assert [loaded(NEUTRAL_PACK), loaded(NEUTRAL_PACK), load.reads] == ["one", "one", 1]
    (project / "declared.yml").write_text("two")
    os.utime(project / "declared.yml", ns=(1, 1))
    assert [loaded(NEUTRAL_PACK), load.reads] == ["one", 1], "a process goes by what it saw first, as with its modules"
    kept_ready.stand_of.cache_clear()  # as in the next process
    assert [loaded(NEUTRAL_PACK), load.reads] == ["two", 2]
    (project / "another.yml").touch()
    kept_ready.stand_of.cache_clear()
    assert [loaded(NEUTRAL_PACK), load.reads] == ["two", 3]


def test_each_pack_has_its_own(project: Path):
    loaded = kept_ready.kept_ready(Loader(project))
    assert [loaded(pack) for pack in (*PACKS, *PACKS)] == [f"one{pack.code}" for pack in (*PACKS, *PACKS)]


@pytest.mark.parametrize("data", [b"", b"\x80", b"no pickle", b"\x80\x04N."])
def test_what_is_cut_short_or_of_another_kind_is_made_anew(data: bytes, project: Path, tmp_path: Path):
    load = Loader(project)
    loaded = kept_ready.kept_ready(load)
    loaded(NEUTRAL_PACK)
    (tmp_path / "declared-neutral.pickle").write_bytes(data)
    assert [loaded(NEUTRAL_PACK), loaded(NEUTRAL_PACK), load.reads] == ["one", "one", 2]


def test_a_pack_that_lies_with_a_city_or_was_kept_is_read_each_time(project: Path, tmp_path: Path):
    load = Loader(project)
    loaded = kept_ready.kept_ready(load)
    for pack in (Pack(tmp_path / "990000"), Pack(PACKS[-1].folder, kept=tmp_path / "declarations.json")):
        before = load.reads
        assert loaded(pack) == loaded(pack)
        assert load.reads == before + 2
    assert not list(tmp_path.glob("*.pickle"))


def test_nothing_is_kept_where_python_may_write_no_bytecode(project: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    kept_ready.kept_ready(Loader(project))(NEUTRAL_PACK)
    assert not list(tmp_path.glob("*.pickle"))


def test_a_folder_that_is_not_ours_costs_only_time(project: Path, tmp_path: Path, monkeypatch):
    (tmp_path / "a file").touch()
    monkeypatch.setattr(kept_ready, "FOLDER", tmp_path / "a file")
    assert kept_ready.kept_ready(Loader(project))(NEUTRAL_PACK) == "one"
