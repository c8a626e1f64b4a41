"""Another installation for the desk of this process, for as long as a test lasts."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import pytest

from sources.system.settings import Settings


@contextmanager
def serving(settings: Settings) -> Iterator[None]:
    """The desk serves `settings`, and the programs that it starts find it; accounts and uploads' records stay in the
    database of the process."""
    from orchestration.desk import installed as room

    before = room.installed()
    with pytest.MonkeyPatch.context() as around:
        around.setenv("NIANBAO_HOME", str(settings.home))
        around.setenv("NIANBAO_CITY", str(settings.city_dir))
        around.setenv("NIANBAO_TODAY", settings.today.isoformat())
        try:
            _serve(settings)
            yield
        finally:
            _serve(before)
    assert room.installed() == before


def _serve(settings: Settings) -> None:
    from orchestration.desk import installed as room

    room.installed.cache_clear()
    with patch.object(room, "load_settings", return_value=settings):
        room.installed()
