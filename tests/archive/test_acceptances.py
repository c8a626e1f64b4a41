"""The archive knows by which declarations a file was accepted, and has them: the first acceptance counts for ever."""

from pathlib import Path

from sources.archive.archive import (
    ACCEPTANCES_FILE,
    Acceptance,
    archived_acceptances,
    damaged,
    declarations_file,
    note_acceptances,
    restore,
    store_declarations,
)

FIRST, LATER = "aaaaaaaaaaaa", "bbbbbbbbbbbb"


def accepted(submission_id: str, declarations: str = FIRST) -> Acceptance:
    return Acceptance(submission_id, declarations, "S1", 2030)


def test_the_first_acceptance_counts(tmp_path: Path):
    note_acceptances(tmp_path, [accepted("one"), accepted("two")])
    note_acceptances(tmp_path, [accepted("one", LATER)])
    found = archived_acceptances(tmp_path)
    assert {key: each.declarations for key, each in found.items()} == {"one": FIRST, "two": FIRST}


def test_a_line_that_a_crash_cut_off_is_left_out_and_overwritten(tmp_path: Path):
    note_acceptances(tmp_path, [accepted("one")])
    with (tmp_path / ACCEPTANCES_FILE).open("ab") as file:
        file.write(b'{"submission_id": "tw')
    assert list(archived_acceptances(tmp_path)) == ["one"]
    note_acceptances(tmp_path, [accepted("two")])
    assert sorted(archived_acceptances(tmp_path)) == ["one", "two"]


def test_the_same_declarations_are_the_same_bytes_and_written_once(tmp_path: Path):
    store_declarations(tmp_path, FIRST, b"{}")
    written = declarations_file(tmp_path, FIRST).read_bytes()
    store_declarations(tmp_path, FIRST, b"something else")
    assert declarations_file(tmp_path, FIRST).read_bytes() == written
    store_declarations(tmp_path / "again", FIRST, b"{}")
    assert declarations_file(tmp_path / "again", FIRST).read_bytes() == written


def test_declarations_that_are_named_and_gone_or_spoilt_are_damage(tmp_path: Path):
    note_acceptances(tmp_path, [accepted("one"), accepted("two", LATER)])
    store_declarations(tmp_path, FIRST, b"{}")
    store_declarations(tmp_path, LATER, b"{}" * 1000)
    assert damaged(tmp_path) == []
    spoilt = declarations_file(tmp_path, LATER)
    spoilt.chmod(0o644)
    spoilt.write_bytes(spoilt.read_bytes()[:-4])
    declarations_file(tmp_path, FIRST).unlink()
    assert damaged(tmp_path) == [declarations_file(tmp_path, FIRST), spoilt]


def test_a_part_of_an_archive_takes_its_acceptances_and_their_declarations_along(tmp_path: Path):
    archive, target = tmp_path / "archive", tmp_path / "target"
    note_acceptances(archive, [accepted("one")])
    store_declarations(archive, FIRST, b"{}")
    restore(archive, target, [], [])
    assert archived_acceptances(target) == {}
    assert not declarations_file(target, FIRST).exists()
