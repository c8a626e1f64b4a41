"""Working database → published copy: whole or not at all, and without disturbing readers."""

from pathlib import Path

import duckdb

from sources.system.faults import ToldError
from sources.system.seal import remove_seal, seal
from sources.system.settings import Settings
from sources.system.whole_file import whole_file
from warehouse.history.keep_history import note_publication
from warehouse.run.changed import built_from, inputs_fingerprint
from warehouse.run.shape import shaped_copy
from warehouse.store.connection import settle, working_lock


class NotBuiltError(ToldError):
    """The working database holds something that its models were not built from."""


def publish(settings: Settings) -> Path:
    """Swaps in a read-only copy of the working database, with keys and closed lists declared, and returns its path.

    The copy is written beside its destination, read once and flushed before the swap; a reader that has the old
    copy open keeps it until it closes. The lock is held to the end: a copy never replaces a later one.

    Raises NotBuiltError when the models were not built from exactly what the copy holds.
    """
    target = settings.published_database
    with working_lock(settings):
        note_publication(settings)  # what stands, if whoever published it died before he had noted it
        with whole_file(target, mode=0o444) as partial:
            settle(settings)
            shaped_copy(settings, settings.working_database, partial)
            connection = duckdb.connect(str(partial), read_only=True)
            try:
                if built_from(connection) != inputs_fingerprint(connection):
                    raise NotBuiltError(
                        "没有发布：工作数据库里有数据模型还没有算进去的内容。请完整运行一次：nianbao run。"
                    )
            finally:
                connection.close()
            remove_seal(target)
        seal(target)
        note_publication(settings)
    return target
