"""Is what the history says of a moment what the archive, cut at that moment, gives?"""

import tempfile
from dataclasses import asdict, replace
from datetime import UTC
from pathlib import Path

from sources.archive.archive import archived_decisions, archived_receipts, declarations_file
from sources.declarations.archived import kept_city
from sources.declarations.city import City
from sources.system.settings import Settings
from warehouse.history.as_of import Publication, open_history, publication_at
from warehouse.history.keep_history import published_shapes
from warehouse.run.rebuild import rebuilt_from_archive
from warehouse.store.sql import quoted


def differing_from_archive(settings: Settings, city: City, moment: str) -> dict[str, int]:
    """Public table → how many rows it has in the history at the moment or in the rebuild, and not in both.

    Empty when all are equal, row by row (but for when a verdict was given: a rebuild gives it again). Slow.

    Raises NotKnownError when nothing had been published by then, FileNotFoundError when the archive lacks a file.
    """
    with open_history(settings, city.calendar.timezone) as connection:
        publication = publication_at(connection, moment)
        with tempfile.TemporaryDirectory(prefix="nianbao-as-of-") as scratch:
            again = replace(settings, home=Path(scratch) / "home", fixed_today=publication.day)
            _rebuild(settings, again, city, publication)
            connection.execute(f"attach {quoted(str(again.published_database))} as published (read_only)")
            found = {}
            for relation, shape in published_shapes(connection).items():
                columns = shape.compared.casts
                schema, _, name = relation.partition(".")
                then = f"select {columns} from history.as_of({quoted(moment)}, {quoted(relation)})"
                rebuilt = f'select {columns} from published.{schema}."{name}"'
                row = connection.execute(
                    f"select count(*) from (({then} except all {rebuilt}) union all ({rebuilt} except all {then}))"
                ).fetchone()
                found[relation] = row[0] if row else 0
            connection.execute("detach published")
    return {relation: count for relation, count in found.items() if count}


def _rebuild(settings: Settings, again: Settings, city: City, publication: Publication) -> None:
    """Builds from the archive as far as the publication knew it, with the declarations that held."""
    until = publication.received_until
    receipts = [
        asdict(each)
        for each in archived_receipts(settings.archive)
        if until and each.received_at <= until.astimezone(UTC).isoformat(timespec="microseconds")
    ]
    file = declarations_file(settings.archive, publication.judged_by)
    declared = kept_city(file, city.pack) if publication.judged_by and file.exists() else city
    decisions = len(archived_decisions(settings.archive)[: publication.decisions])
    years = sorted(city.calendar.years)
    rebuilt_from_archive(settings, again, declared, receipts, decisions, years, publication.releases)
