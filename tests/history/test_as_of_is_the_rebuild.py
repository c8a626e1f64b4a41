"""A small city's year, moment by moment: what the history says of one is what the archive, cut there, gives.

5 moments drawn by lot in `make test`, 45 in `make test-deep`. Each state is rebuilt once.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import duckdb
import pytest

from sources.archive.archive import archived_decisions, archived_receipts
from sources.declarations.city import City
from sources.system.settings import Settings
from sources.write.sheet_values import SheetValues
from tests.any_city.test_notes import CODE, EVERY, SCHOOLS, bureau, of_school, write_city
from tests.conftest import ingest
from tests.support.small_books import TOPICS, outcomes, pour
from warehouse.history.as_of import open_history, publications
from warehouse.history.keep_history import published_shapes
from warehouse.intake.decisions import decide_version
from warehouse.run.build import build
from warehouse.run.changed import record_build
from warehouse.run.publish import publish
from warehouse.run.rebuild import rebuilt_from_archive
from warehouse.store.connection import open_published, open_working

YEAR = 2023
Books = Mapping[str, Mapping[str, SheetValues]]


@dataclass
class Life:
    """An installation through several publications. `rebuilt` keeps the rebuild of each, by when it was made."""

    settings: Settings
    city: City
    folder: Path
    days: dict[datetime, date] = field(default_factory=dict)
    rebuilt: dict[datetime, Path] = field(default_factory=dict)

    def night(self, day: date, books: Books | None = None) -> None:
        """What comes until a night, and its run."""
        settings = replace(self.settings, fixed_today=day)
        pour(settings, self.city, {YEAR: books or {}})
        ingest(settings, self.city, (YEAR,))
        assert build(settings, self.city.pack, with_tests=False).success
        with open_working(settings) as connection:
            record_build(connection, settings, self.city)
        publish(settings)
        self.days[datetime.now(UTC)] = day

    def decide(self, respondent: str, version: int) -> None:
        """Lets one of a school's versions count, by its number."""
        with open_published(self.settings) as connection:
            row = connection.execute(
                "select submission_id from quality.submission where respondent_code = ? order by received_at"
                " limit 1 offset ?",
                [respondent, version - 1],
            ).fetchone()
            decide_version(connection, self.settings, row[0], False, "学校来函", "张处长")

    def rebuild_at(self, moment: datetime) -> Path:
        """The published file of a warehouse made from the archive cut at the last publication before the moment."""
        with open_history(self.settings, "UTC") as connection:
            known = max(each.known_from for each in publications(connection) if each.known_from <= moment)
        if known not in self.rebuilt:
            again = replace(
                self.settings,
                home=self.folder / f"again{len(self.rebuilt)}",
                fixed_today=min((noted, day) for noted, day in self.days.items() if noted > known)[1],
            )
            cut = known.astimezone(UTC).isoformat()
            receipts = [asdict(each) for each in archived_receipts(self.settings.archive) if each.received_at <= cut]
            decisions = sum(each["decided_at"] <= cut for each in archived_decisions(self.settings.archive))
            rebuilt_from_archive(self.settings, again, self.city, receipts, decisions, [YEAR])
            self.rebuilt[known] = again.published_database
        return self.rebuilt[known]


def begun(folder: Path) -> Life:
    city = write_city(folder / "city", (YEAR,))
    return Life(Settings(home=folder / "home", city_dir=folder / "city"), city, folder)


def short_life(folder: Path) -> Life:
    """On time, and late."""
    life = begun(folder)
    life.night(date(2023, 11, 30), {CODE: bureau(YEAR), "V1": SCHOOLS["V1"], "T1": SCHOOLS["T1"]})
    life.night(date(2023, 12, 2), {"V2": SCHOOLS["V2"]})
    return life


def long_life(folder: Path) -> Life:
    """A correction, a decision, days on which somebody is overdue, another choice of scopes, another roster."""
    life = short_life(folder)
    corrected = of_school(320, 31, outcomes(95, 85, 60, 20, 3))
    life.night(date(2023, 12, 3), {"V1": corrected})
    life.night(date(2023, 12, 4), {"V3": SCHOOLS["V3"]})
    life.decide("V1", 1)
    life.night(date(2023, 12, 5))
    chosen = SheetValues(records=[{"topic": topic, "scope": EVERY} for topic in TOPICS])
    life.night(date(2023, 12, 9), {CODE: bureau(YEAR) | {"scope_choice": chosen}})
    without = replace(bureau(YEAR)["roster"], records=bureau(YEAR)["roster"].records[:3])
    life.night(date(2024, 1, 15), {CODE: bureau(YEAR) | {"scope_choice": chosen, "roster": without}})
    return life


def equals_the_rebuild(life: Life, moments: list[datetime]) -> None:
    for moment in moments:
        database = life.rebuild_at(moment)
        with open_history(life.settings, "UTC") as connection:
            connection.execute(f"attach '{database}' as published (read_only)")
            shapes = published_shapes(connection)
            assert len(shapes) > 40
            assert sum(
                compared(connection, moment, relation, shape.compared.casts) for relation, shape in shapes.items()
            )


def compared(connection: duckdb.DuckDBPyConnection, moment: datetime, relation: str, columns: str) -> int:
    """The rows of a table, which both have alike."""
    schema, name = relation.split(".")
    then = connection.execute(f"select {columns} from history.as_of('{moment.isoformat()}', '{relation}') order by all")
    known = then.fetchall()
    assert known == connection.execute(f'select {columns} from published.{schema}."{name}" order by all').fetchall(), (
        moment,
        relation,
    )
    return len(known)


def drawn(life: Life, count: int, states: int | None = None) -> list[datetime]:
    """So many moments from the first publication to an hour after the last; or while the first `states` were known."""
    random = Random(count)
    with open_history(life.settings, "UTC") as connection:
        known = [each.known_from for each in publications(connection)]
    ends = [*known[1:], known[-1] + timedelta(hours=1)]
    which = [random.randrange(states or len(known)) for _ in range(count)]
    return [known[nth] + random.random() * (ends[nth] - known[nth]) for nth in which]


def revisions_add_up(life: Life) -> set[str]:
    """Every change of a printed figure is split without a rest, and follows on the one before. Returns the causes."""
    key = "report_year, region_code, indicator_code"
    with open_history(life.settings, "UTC") as connection:
        connection.execute(f"attach '{life.settings.published_database}' as published (read_only)")
        sums = f"select {key}, known_from, sum(difference) as parts from history.report.revision_part group by all"
        not_split = connection.execute(
            f"select * from history.report.revision left join ({sums}) using ({key}, known_from)"
            " where coalesce(parts, 0) <> coalesce(difference, 0)"
        )
        assert not_split.fetchall() == []
        earlier = f"lag((display_after, value_after)) over (partition by {key} order by known_from)"
        broken = connection.execute(
            "select * from history.report.revision qualify (display_before, value_before) is distinct from"
            f" coalesce({earlier}, (null, null))"
        )
        assert broken.fetchall() == []
        of_regions = "(from published.core.fct_indicator_change where subject_kind = 'region')"
        last = f"select {key}, last(display_after order by known_from) as display"
        last += " from history.report.revision group by all"
        assert connection.execute(
            f"select count(*) from {of_regions} anti join ({last}) as told using ({key})"
        ).fetchone() == (0,)
        assert (
            connection.execute(
                f"select * from {of_regions} as now inner join ({last}) as told using ({key})"
                " where now.display is distinct from told.display"
            ).fetchall()
            == []
        )
        return {
            cause
            for (cause,) in connection.execute("select distinct cause from history.report.revision_part").fetchall()
        }


def test_at_five_moments_it_is_the_rebuild(tmp_path: Path) -> None:
    life = short_life(tmp_path)
    assert revisions_add_up(life) == {"version"}
    equals_the_rebuild(life, drawn(life, 5, states=1))
    assert len(life.rebuilt) == 1


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Life:
    return long_life(tmp_path_factory.mktemp("lived"))


@pytest.mark.deep
def test_at_forty_five_moments_it_is_the_rebuild(lived: Life) -> None:
    equals_the_rebuild(lived, drawn(lived, 45))
    assert len(lived.rebuilt) == 7


@pytest.mark.deep
def test_each_change_of_a_printed_figure_has_its_reasons_and_they_add_up(lived: Life) -> None:
    assert revisions_add_up(lived) - {"together"} == {"version", "scope", "roster"}
    with open_history(lived.settings, "UTC") as connection:
        told = connection.execute(
            "select cause, school_code, parts.difference from history.report.revision inner join"
            " history.report.revision_part as parts using (report_year, region_code, indicator_code, known_from)"
            " where indicator_code = 'students_full_time' order by known_from"
        ).fetchall()
    assert told == [
        ("version", "V2", 100),
        ("version", "V1", 20),
        ("version", "V3", 50),
        ("version", "V1", -20),
        ("roster", "T1", -900),
    ]
