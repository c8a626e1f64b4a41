"""The log tells where somebody has changed it, whatever was changed."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.system.settings import Settings
from tests.support.hostile_texts import HOSTILE

pytestmark = pytest.mark.usefixtures("desk")


@pytest.fixture(autouse=True)
def empty_log(desk: Settings) -> Iterator[None]:
    from orchestration.desk.models import LogEntry

    LogEntry.objects.all().delete()
    yield
    LogEntry.objects.all().delete()


def written(count: int) -> list[int]:
    from orchestration.desk.desk_log import log
    from orchestration.desk.models import LogEntry

    LogEntry.objects.all().delete()
    return [log(f"张{number}", "decide", "钦州", "待决定", f"认可 {number}").pk for number in range(count)]


def test_a_log_that_nobody_has_touched_is_whole() -> None:
    from orchestration.desk.desk_log import first_broken

    written(5)
    assert first_broken() is None


@given(
    at=st.integers(0, 5),
    field=st.sampled_from(["account_name", "act", "about", "before", "after", "digest", "at", "gone", "again"]),
)
def test_an_entry_changed_taken_out_or_put_in_shows(at: int, field: str) -> None:
    from django.utils import timezone

    from orchestration.desk.desk_log import first_broken
    from orchestration.desk.models import LogEntry

    ids = written(7)
    entry = LogEntry.objects.get(pk=ids[at])
    if field == "gone":
        entry.delete()
        assert first_broken() is not None
        return
    if field == "again":
        entry.pk = None
        entry.save(force_insert=True)
        assert first_broken() == entry
        return
    setattr(entry, field, timezone.now() if field == "at" else "别的")
    entry.save()
    assert first_broken() == entry


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_is_logged_and_its_chain_holds(text: str) -> None:
    from orchestration.desk.desk_log import first_broken, log

    log(text, "note", text, text, text)
    log("张", "note", "后面一条")
    assert first_broken() is None


def test_a_page_answers_for_itself_and_the_whole_is_checked_when_asked_for(
    signed_in: Callable[..., SimpleNamespace], monkeypatch: pytest.MonkeyPatch
) -> None:
    from orchestration.desk.models import LogEntry

    administrator = signed_in("administrator")

    def told(address: str) -> str:
        return administrator.get(address).content.decode()

    monkeypatch.setattr("orchestration.desk.log_views.ON_A_PAGE", 3)
    ids = written(7)
    assert "日志完整" in told("/log?check=all")
    assert all("这一页的每一条都与记下时一样" in told(f"/log?page={page}") for page in (1, 2, 3))
    LogEntry.objects.filter(pk=ids[2]).update(after="别的")
    assert ["这一页的每一条" in told(f"/log?page={page}") for page in (1, 2, 3)] == [True, False, True]
    assert "日志从" in told("/log?check=all")
