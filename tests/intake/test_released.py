"""Which versions a run finds, and what the models are told of them."""

from dataclasses import replace
from pathlib import Path

import duckdb

from sources.system.settings import Settings
from warehouse.intake.released import latest_versions, note_releases, released_versions, releases_folder
from warehouse.store.ddl import create_tables, table


def lay(settings: Settings, *names: str) -> None:
    for name in names:
        folder = releases_folder(settings) / name
        folder.mkdir(parents=True)
        (folder / "manifest.json").touch()


def test_a_release_that_is_not_whole_is_none_and_the_tenth_comes_after_the_ninth(empty: Settings, tmp_path: Path):
    settings = replace(empty, home=tmp_path / "home")
    assert released_versions(settings) == ()
    lay(settings, "2031.9", "2031.10", "2032.1", ".2032.2.77.partial", "notes")
    (releases_folder(settings) / "2032.3").mkdir()
    assert latest_versions(settings) == {2031: "2031.10", 2032: "2032.1"}


def test_the_register_of_releases_follows_the_folder():
    with duckdb.connect() as connection:
        create_tables(connection, [table("registry", "release")])
        note_releases(connection, ["2031.10", "2031.9"])
        note_releases(connection, ["2031.10", "2031.9"])
        rows = connection.execute("select * from registry.release order by sequence").fetchall()
        assert rows == [("2031.9", 2031, 9, False), ("2031.10", 2031, 10, True)]
        note_releases(connection, [])  # a folder that was taken away
        assert connection.execute("select count(*) from registry.release").fetchone() == (0,)
