"""The history says of any moment what was published then, row by row, and survives what kills whoever writes it."""

from collections import Counter
from datetime import timedelta
from pathlib import Path
from random import Random

import duckdb
import pytest

from sources.system.disk import FullDiskError
from sources.system.settings import Settings
from sources.system.whole_file import remove_partials
from tests.conftest import deep
from tests.crash import children
from tests.history.published_files import BEGAN, Published, life, publish_by_hand
from warehouse.history.as_of import NotKnownError, open_history, publication_at, publications, rows_as_of
from warehouse.history.keep_history import SET_ASIDE, note_publication
from warehouse.keep.files import broken_history

ZONE = "Asia/Shanghai"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", city_dir=tmp_path)


def lived(settings: Settings, seed: int, publications: int) -> list[Published]:
    made = life(Random(seed), publications)
    for nth, each in enumerate(made):
        publish_by_hand(settings, each, f"inputs {nth}")
        note_publication(settings)
    return made


def known_at(settings: Settings, moment: str, relation: str) -> Counter:
    """The rows of a table as columns and values, without the times of verdicts and what it did not have."""
    with open_history(settings, ZONE) as connection:
        rows = rows_as_of(connection, moment, relation).to_dicts()
    return Counter(plain(row) for row in rows)


def plain(row: dict) -> tuple:
    return tuple(
        sorted((name, str(value)) for name, value in row.items() if name != "decided_at" and value is not None)
    )


def published_then(each: Published, relation: str) -> Counter:
    columns, rows = each.tables.get(relation, ((), []))
    texts = [
        {
            name: f"{value}.0000" if name == "value" and value is not None else value
            for name, value in zip(columns, row, strict=True)
        }
        for row in rows
    ]
    return Counter(map(plain, texts))


@pytest.mark.parametrize("count", [7, *deep(23, 24)])
def test_any_moment_gives_what_was_published_then(settings, count):
    made, random = lived(settings, count, count), Random(count)
    for _ in range(count):
        moment = made[0].moment + random.random() * (made[-1].moment + timedelta(days=1) - made[0].moment)
        then = [each for each in made if each.moment <= moment][-1]
        for relation in ("core.fct_fact", "quality.verdict", "report.table_1"):
            assert known_at(settings, moment.isoformat(), relation) == published_then(then, relation), (
                moment,
                relation,
            )


def test_a_verdict_given_again_is_no_news(settings):
    made = lived(settings, 1, 2)
    again = Published(made[1].moment + timedelta(days=1), made[1].tables | {
        "quality.verdict": (
            made[1].tables["quality.verdict"][0],
            [(*row[:2], row[2] + timedelta(hours=1)) for row in made[1].tables["quality.verdict"][1]],
        )
    })  # fmt: skip
    publish_by_hand(settings, again, "other inputs")
    note_publication(settings)
    with open_history(settings, ZONE) as connection:
        assert len(publications(connection)) == 3
        came = 'select count(*) from history.kept."quality.verdict.1" where known_from > ?'
        assert connection.execute(came, [made[1].moment]).fetchone() == (0,)


def test_what_is_published_again_unchanged_is_not_written(settings):
    lived(settings, 1, 2)
    before = settings.history_database.stat()
    note_publication(settings)
    assert settings.history_database.stat().st_ino == before.st_ino


def test_a_day_means_its_end_where_the_city_lies_and_before_the_first_nothing_was_known(settings):
    made = lived(settings, 1, 3)
    local = made[0].moment + timedelta(hours=8)
    with open_history(settings, ZONE) as connection:
        assert publication_at(connection, local.date().isoformat()).known_from == made[0].moment
        with pytest.raises(NotKnownError, match="还没有发布过；历史从"):
            publication_at(connection, (local.date() - timedelta(days=1)).isoformat())
        with pytest.raises(NotKnownError, match="不是日期或时刻"):
            publication_at(connection, "三月十五日")
        with pytest.raises(NotKnownError, match="没有这张公开的表"):
            rows_as_of(connection, local.date().isoformat(), "core.fct_fcat")


def test_an_analyst_asks_in_one_line(settings):
    """Opened by itself or attached beside the published file, by either name, with a text, a date or a moment."""
    made = lived(settings, 1, 3)
    day = (made[-1].moment + timedelta(days=2)).date()
    count = len(made[-1].tables["core.fct_fact"][1])
    with duckdb.connect(str(settings.history_database), read_only=True) as own:
        for asked in (f"as_of('{day}', 'core.fct_fact')", f"core.fct_fact(date '{day}')", "core.fct_fact(?)"):
            given = [day] if "?" in asked else None
            assert own.execute(f"select count(*) from {asked}", given).fetchone() == (count,), asked
    with duckdb.connect(str(settings.published_database), read_only=True) as beside:
        beside.execute(f"attach '{settings.history_database}' as history (read_only)")
        joined = f"select count(*) from core.fct_fact inner join history.as_of('{day}', 'core.fct_fact') using (code)"
        assert beside.execute(joined).fetchone() == (count,)


def test_what_nobody_lived_to_note_is_noted_before_it_is_replaced(settings):
    """The process dies between the swap and the note; the next publication begins with what stands."""
    first, second = lived(settings, 1, 1)[0], life(Random(2), 1)[0]
    late = Published(first.moment + timedelta(days=3), second.tables)
    publish_by_hand(settings, late, "inputs of the dead")
    note_publication(settings)
    with open_history(settings, ZONE) as connection:
        assert [each.known_from for each in publications(connection)] == [first.moment, late.moment]


def test_a_clock_that_was_put_back_changes_no_order(settings):
    made = lived(settings, 1, 2)
    publish_by_hand(settings, Published(BEGAN - timedelta(days=300), made[0].tables), "inputs")
    note_publication(settings)
    with open_history(settings, ZONE) as connection:
        *_, before, last = publications(connection)
    assert last.known_from == before.known_from + timedelta(microseconds=1)


def test_a_full_disk_leaves_the_history_as_it_was_and_is_made_up_for(settings, monkeypatch):
    made = lived(settings, 1, 2)
    before = settings.history_database.read_bytes()
    publish_by_hand(settings, Published(made[1].moment + timedelta(days=1), made[0].tables), "more")

    def full(source: Path, target: Path) -> None:
        target.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("warehouse.history.keep_history.copy_file", full)
        with pytest.raises(FullDiskError):
            note_publication(settings)
    assert settings.history_database.read_bytes() == before
    note_publication(settings)
    with open_history(settings, ZONE) as connection:
        assert len(publications(connection)) == 3


def test_a_damaged_history_is_set_aside_never_overwritten(settings):
    made = lived(settings, 1, 2)
    data = bytearray(settings.history_database.read_bytes())
    data[5_000] ^= 1
    settings.history_database.chmod(0o644)
    settings.history_database.write_bytes(data)
    publish_by_hand(settings, Published(made[1].moment + timedelta(days=1), made[0].tables), "more")
    note_publication(settings)
    (aside,) = settings.history_database.parent.glob(f"{SET_ASIDE}*")
    assert aside.read_bytes() == data
    assert [str(aside) in each.what for each in broken_history(settings.history_database)] == [True]
    with open_history(settings, ZONE) as connection:
        assert len(publications(connection)) == 1


@pytest.mark.deep
def test_whoever_is_killed_at_any_moment_leaves_the_history_whole(settings):
    made = lived(settings, 1, 2)
    kept = settings.history_database.read_bytes()
    publish_by_hand(settings, Published(made[1].moment + timedelta(days=1), made[0].tables), "more")
    log = settings.home / "moments.log"
    assert children.finish(children.counted, settings, note_publication, log) == 0
    moments = log.read_text().split("\n")
    assert "os.rename published" in moments
    for nth in range(len(moments)):
        for path in settings.published_database.parent.glob("*history*"):
            path.unlink()
        settings.history_database.write_bytes(kept)
        assert children.finish(children.killed_before, settings, note_publication, nth) == children.KILLED
        with open_history(settings, ZONE) as connection:
            assert len(publications(connection)) in (2, 3), moments[nth]
        remove_partials(settings.published_database.parent)
        note_publication(settings)
        with open_history(settings, ZONE) as connection:
            assert len(publications(connection)) == 3, moments[nth]
        assert broken_history(settings.history_database) == []
