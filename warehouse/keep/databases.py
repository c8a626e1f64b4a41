"""Are the databases what was written, and do registry, archive and published copy say the same?"""

import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path

import duckdb

from sources.archive.archive import archived_decisions, archived_ids, archived_receipts
from sources.declarations.city import City
from sources.declarations.pack import Pack
from sources.system.faults import ToldError
from sources.system.seal import broken_seal, is_sealed
from sources.system.settings import Settings
from warehouse.history.as_of import open_history, publications
from warehouse.history.keep_history import WHEN_JUDGED
from warehouse.keep.ailment import Ailment, Examined
from warehouse.keep.files import FROM_BACKUP, HISTORY, PUBLISHED, broken_history, broken_published
from warehouse.run.changed import built_from, fingerprint_of, row_sum, table_sums
from warehouse.run.needed import unfinished_years
from warehouse.run.rebuild import rebuilt_from_archive
from warehouse.store.connection import working_lock
from warehouse.store.ddl import all_tables, misfits
from warehouse.store.notes import CLOCK_STATE, get_state
from warehouse.store.turn import WarehouseBusyError

REGISTRY, REBUILT = "登记（工作数据库）", "登记与重建比对"
REBUILDS = "请运行 nianbao run：它把坏的工作数据库移开，从存档重建；存档有问题时先恢复存档"
FROM_ARCHIVE = "请运行 nianbao rebuild，从存档重新建好并发布"
SHOWN = 20


@contextmanager
def _opened(database: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with closing(duckdb.connect(str(database), read_only=True)) as connection:
        yield connection


def examine_databases(settings: Settings, pack: Pack | None) -> list[Examined]:
    """Examines the working and the published database, one against the other and the registry against the archive.

    While a run writes, the working database is left alone. `pack` is None where the city cannot be read.
    """
    published = settings.published_database
    try:
        with working_lock(settings, wait_seconds=0):
            return [_examine_working(settings, pack), _examine_published(settings, is_still=True)]
    except WarehouseBusyError:
        busy = "另一个运行正在写，工作数据库没有检查；等它结束再运行一次 nianbao doctor"
        return [Examined(REGISTRY, "没有检查", (), (busy,)), _examine_published(settings, is_still=False)]
    except PermissionError:  # an analyst looks
        ailments = tuple(broken_published(published))
        return [Examined(PUBLISHED, "只核对了校验文件", ailments)]


def _examine_working(settings: Settings, pack: Pack | None) -> Examined:
    database = settings.working_database
    if not database.exists():
        new = ("工作数据库还没有；下一次 nianbao run 从存档建",) if archived_ids(settings.archive) else ()
        return Examined(REGISTRY, "还没有", (), new)
    if broken := broken_seal(database):
        return Examined(REGISTRY, "", (Ailment(REGISTRY, broken, REBUILDS),))
    waits: list[str] = []
    if not is_sealed(database):
        waits.append(
            "工作数据库没有校验文件（早先的版本不写，被杀死的运行来不及写），读了它的每一行；下一次 nianbao run 补上"
        )
    try:
        with _opened(database) as connection:
            if not is_sealed(database):
                _read_all(connection)
            if pack and (changed := misfits(connection, all_tables(pack))):
                waits.append(f"表的结构是另一个版本的，下一次 nianbao run 从存档重建：{'；'.join(changed[:SHOWN])}")
            ailments, more, seen = _against_archive(connection, settings)
    except duckdb.Error as error:
        return Examined(REGISTRY, "", (Ailment(REGISTRY, f"{database} 读不出来：{error}", REBUILDS),))
    if years := unfinished_years(settings):
        waits.append(f"{'、'.join(map(str, sorted(years)))} 年的运行没有做完，下一次 nianbao run 接着做")
    return Examined(REGISTRY, seen, tuple(ailments), (*waits, *more))


def _against_archive(connection: duckdb.DuckDBPyConnection, settings: Settings) -> tuple[list[Ailment], list[str], str]:
    """What the registry has and the archive has not is wrong; the other way round the next run takes it in."""
    registered = {
        (submission_id, _utc(received_at))
        for submission_id, received_at in connection.execute(
            "select submission_id, strftime(received_at at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%f')"
            " from registry.receipt"
        ).fetchall()
    }
    try:
        archived = {(each.submission_id, _utc(each.received_at)) for each in archived_receipts(settings.archive)}
    except (ToldError, TypeError, KeyError):
        return [], ["存档有损坏，登记没有和它核对"], ""
    remedy = f"请从备份恢复存档里的这个文件和它的 .receipts.jsonl；确实不要的，{FROM_ARCHIVE}"
    ailments = [
        Ailment(REGISTRY, f"登记里有、存档里没有的收件记录：{submission_id}（{received_at} UTC）", remedy)
        for submission_id, received_at in sorted(registered - archived)[:SHOWN]
    ]
    new = len({submission_id for submission_id, _ in archived} - {submission_id for submission_id, _ in registered})
    more = [f"存档有 {new} 份文件还没有登记，下一次 nianbao run 登记"] if new else []
    return ailments, more, f"登记的收件记录 {len(registered)} 条，都和存档核对了"


def _utc(moment: str) -> str:
    return moment.removesuffix("+00:00")


def _read_all(connection: duckdb.DuckDBPyConnection) -> None:
    """Reads every row of every table: DuckDB checks the blocks that it reads."""
    tables = connection.execute("select schema_name, table_name from duckdb_tables() where not internal").fetchall()
    for schema, name in tables:
        connection.execute(row_sum(schema, name)).fetchone()


def _examine_published(settings: Settings, is_still: bool) -> Examined:
    """`is_still`: nobody writes to the working database now, so it can be compared with."""
    database = settings.published_database
    if not database.exists():
        return Examined(PUBLISHED, "还没有")
    if broken := broken_published(database):
        return Examined(PUBLISHED, "", tuple(broken))
    try:
        with _opened(database) as connection:
            if not is_sealed(database):
                _read_all(connection)
            sums = table_sums(connection)
        if not is_still or not settings.working_database.exists():
            return Examined(PUBLISHED, "可以读，没有和登记比对")
    except duckdb.Error as error:
        return Examined(PUBLISHED, "", (Ailment(PUBLISHED, f"{database} 读不出来：{error}", FROM_ARCHIVE),))
    try:
        with _opened(settings.working_database) as connection:
            now, built = table_sums(connection), built_from(connection)
    except duckdb.Error:  # told of the working database
        return Examined(PUBLISHED, "可以读，没有和登记比对")
    if now == sums:
        return Examined(PUBLISHED, f"登记和报送的 {len(sums)} 张表与工作数据库一致")
    if built != fingerprint_of(now) or unfinished_years(settings):
        return Examined(PUBLISHED, "比登记旧", (), ("登记里有还没有发布的内容，请运行 nianbao run",))
    other = "、".join(sorted(name for name in now.keys() | sums.keys() if now.get(name) != sums.get(name)))
    return Examined(PUBLISHED, "", (Ailment(PUBLISHED, f"与工作数据库不同：{other}", FROM_ARCHIVE),))


def examine_history(settings: Settings) -> Examined:
    """Examines the file that tells what was published when."""
    if broken := broken_history(settings.history_database):
        return Examined(HISTORY, "", tuple(broken))
    if not settings.history_database.exists():
        return Examined(HISTORY, "还没有，下一次发布起记")
    try:
        with open_history(settings, "UTC") as connection:
            known = publications(connection)
    except duckdb.Error as error:
        broken = [Ailment(HISTORY, f"{settings.history_database} 读不出来：{error}", FROM_BACKUP)]
        return Examined(HISTORY, "", tuple(broken))
    return Examined(
        HISTORY, f"{len(known)} 次发布，从 {known[0].known_from:%Y-%m-%d} 到 {known[-1].known_from:%Y-%m-%d}"
    )


def examine_by_rebuilding(settings: Settings, city: City) -> Examined:
    """Builds the warehouse again from the archive, beside, and compares every table that Python writes, and its models.

    Slow; exact: what it calls equal is what the archive gives.
    """
    database = settings.published_database
    with tempfile.TemporaryDirectory(prefix="nianbao-doctor-") as scratch:
        with _opened(database) as connection:
            before = _contents(connection)
            versions = [row[0] for row in connection.execute("select version from registry.release").fetchall()]
            clock = date.fromisoformat(get_state(connection, CLOCK_STATE) or settings.today.isoformat())
        again = replace(settings, home=Path(scratch) / "home", fixed_today=clock)
        receipts = [asdict(each) for each in archived_receipts(settings.archive)]
        decisions = len(archived_decisions(settings.archive))
        rebuilt_from_archive(settings, again, city, receipts, decisions, sorted(city.calendar.years), versions)
        with _opened(again.published_database) as connection:
            after = _contents(connection)
    other = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    if not other:
        return Examined(REBUILT, f"{len(after)} 张表与从存档重建的逐行相同")
    what = f"与从存档重建的不同：{'、'.join(other[:SHOWN])}"
    return Examined(
        REBUILT, "", (Ailment(REBUILT, what, f"有新内容还没有运行的，先运行 nianbao run；否则{FROM_ARCHIVE}"),)
    )


def _contents(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Table → a sum over its rows, without the times of verdicts and without the runs' own notes."""
    tables = connection.execute(
        "select schema_name, table_name, list(column_name order by column_name) from duckdb_columns()"
        " where not internal and column_name <> ? and (schema_name, table_name) <> ('registry', 'state')"
        " and table_name in (select table_name from duckdb_tables()) group by all",
        [WHEN_JUDGED],
    ).fetchall()
    found = {}
    for schema, name, columns in tables:
        listed = ", ".join(f'"{column}"' for column in columns)
        rows = f'(select {listed} from {schema}."{name}") as each'
        row = connection.execute(f"select cast(sum(cast(hash(each) as hugeint)) as varchar) from {rows}").fetchone()
        found[f"{schema}.{name}"] = str(row[0]) if row else ""
    return found
