"""Published files made by hand, with rows that come, go and change: to hold a history against what was published."""

import os
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

import duckdb

from sources.system.settings import Settings

BEGAN = datetime(2031, 3, 1, 8, tzinfo=UTC)
Row = tuple[object, ...]
KINDS = {
    "code": "varchar",
    "value": "decimal(20,4)",
    "status": "varchar",
    "decided_at": "timestamptz",
    "share": "bigint",
}


@dataclass(frozen=True)
class Published:
    """What was published at a moment: relation → columns, and rows."""

    moment: datetime
    tables: dict[str, tuple[tuple[str, ...], list[Row]]]


def publish_by_hand(settings: Settings, published: Published, made_from: str) -> None:
    """Puts a file in the place of the published one, as a publication at that moment would."""
    target = settings.published_database
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name("new.duckdb")
    with closing(duckdb.connect(str(partial))) as connection:
        connection.execute("create schema registry; create table registry.state (name varchar, value varchar)")
        connection.execute("create table registry.receipt (received_at timestamptz)")
        connection.execute("insert into registry.state values ('built_from', ?), ('today', '2031-03-01')", [made_from])
        for relation, (columns, rows) in published.tables.items():
            connection.execute(f"create schema if not exists {relation.partition('.')[0]}")
            listed = ", ".join(f"{name} {KINDS[name]}" for name in columns)
            if "status" in columns:  # a closed list, as long as what is in it
                values = sorted({str(row[columns.index("status")]) for row in rows}) or ["ok"]
                connection.execute(f"create type status_of_{relation.replace('.', '_')} as enum ({str(values)[1:-1]})")
                listed = listed.replace("status varchar", f"status status_of_{relation.replace('.', '_')}")
            connection.execute(f"create table {relation} ({listed})")
            if rows:
                connection.executemany(f"insert into {relation} values ({', '.join('?' * len(columns))})", rows)
    os.utime(partial, (published.moment.timestamp(),) * 2)
    partial.replace(target)


def life(random: Random, publications: int) -> list[Published]:
    """A series of publications. Among them: nothing changes, a row comes back as it was, a table gets another column,
    loses it again, goes away for a while."""
    moment, rows, made = BEGAN, {f"S{number}": _drawn(random) for number in range(20)}, []
    for nth in range(publications):
        moment += timedelta(seconds=random.randint(1, 200_000), microseconds=random.randint(0, 999_999))
        for code in random.sample(sorted(rows), random.choice([0, 1, 5])):
            rows[code] = _drawn(random)
        if random.random() < 0.5:
            rows.pop(random.choice(sorted(rows)))
        if random.random() < 0.5:
            rows[f"S{random.randint(0, 25)}"] = _drawn(random)
        has_share = publications // 3 < nth < 2 * publications // 3
        verdict = moment.replace(microsecond=0)  # a rebuild gives it again: no change
        facts = [(code, *of[:2], *((of[2],) if has_share else ())) for code, of in sorted(rows.items())]
        tables = {
            "core.fct_fact": (("code", "value", "status", *(("share",) if has_share else ())), facts),
            "quality.verdict": (
                ("code", "status", "decided_at"),
                [(code, of[1], verdict) for code, of in rows.items()],
            ),
        }
        if nth % 7 != 3:
            tables["report.table_1"] = (("code", "value"), [(code, of[0]) for code, of in rows.items() if of[0]])
        made.append(Published(moment, tables))
    return made


def _drawn(random: Random) -> Row:
    return (
        random.choice([None, random.randint(0, 3)]),
        random.choice(["ok", "missing", "suppressed"]),
        random.randint(0, 2),
    )
