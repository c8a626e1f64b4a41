"""A run's events reach its page soon, in few messages: the same events, in the same order, to the last one."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from queue import Queue

import dagster as dg
import pytest
from dagster_graphql.schema.pipelines.subscription import GraphenePipelineRunLogsSubscriptionFailure as Failure
from dagster_graphql.schema.pipelines.subscription import GraphenePipelineRunLogsSubscriptionSuccess as Events
from hypothesis import given
from hypothesis import strategies as st

from orchestration.code_server import IMPORTED
from orchestration.lib.event_log import KeptOpenEventLogStorage
from orchestration.web.live_events import AT_MOST, together
from tests.support.own_loop import in_own_loop

GUARD_SECONDS = 60
WRITER = """
import sys, dagster as dg
from orchestration.lib.event_log import KeptOpenEventLogStorage
storage = KeptOpenEventLogStorage(sys.argv[1])
for line in sys.stdin:
    storage.store_event(dg.EventLogEntry(None, 'debug', line.strip(), 'a-run', 0.0))
    print('written', flush=True)
"""


def message(*events: int) -> Events:
    """A message with events, here numbers; its cursor is the last of them."""
    return Events(run=None, messages=list(events), hasMorePastEvents=False, cursor=str(events[-1]))


async def sent(messages: Sequence[object], stops: frozenset[int] = frozenset()) -> AsyncGenerator[object]:
    """The messages; before some of them the sender has nothing for a while."""
    for number, each in enumerate(messages):
        if number in stops:
            await asyncio.sleep(0.002)
        if isinstance(each, Exception):
            raise each
        yield each


async def received(messages: AsyncGenerator[object], seconds: float) -> list[object]:
    return [each async for each in together(messages, seconds)]


def events_of(messages: Sequence[object]) -> list[object]:
    return [event for each in messages for event in (each.messages if isinstance(each, Events) else [each])]


MESSAGES = st.lists(st.one_of(st.lists(st.integers(), min_size=1).map(lambda n: message(*n)), st.builds(Failure)))


@given(MESSAGES, st.frozensets(st.integers(0, 5)), st.sampled_from([0.0, 0.001, 0.01]))
def test_every_event_comes_once_and_in_order_with_where_the_last_ends(messages, stops, seconds):
    came = in_own_loop(received(sent(messages, stops), seconds))
    assert events_of(came) == events_of(messages)
    assert all(each.cursor == str(each.messages[-1]) for each in came if isinstance(each, Events))


def test_what_comes_at_once_is_two_messages_at_most():
    """What is there goes at once, for whoever opens the page; the rest together."""
    came = in_own_loop(received(sent([message(number) for number in range(300)]), GUARD_SECONDS))
    assert len(came) <= 2
    assert events_of(came) == [*range(300)]


def test_no_message_has_more_than_so_many_put_together():
    came = in_own_loop(received(sent([message(number) for number in range(2 * AT_MOST + 1)]), GUARD_SECONDS))
    assert max(len(each.messages) for each in came) <= AT_MOST
    assert len(events_of(came)) == 2 * AT_MOST + 1


def test_an_error_of_the_sender_comes_after_the_events_before_it():
    came = []

    async def receive() -> None:
        async for each in together(sent([message(1), message(2), ValueError("gone")]), 0.01):
            came.append(each)

    with pytest.raises(ValueError, match="gone"):
        in_own_loop(receive())
    assert events_of(came) == [1, 2]


def test_a_page_that_is_closed_ends_the_sender():
    ended = []

    async def endless() -> AsyncGenerator[object]:
        try:
            yield message(1)
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    async def look_once() -> None:
        page = together(endless(), 0.01)
        await anext(page)
        await page.aclose()

    in_own_loop(look_once())
    assert ended == [True]


def test_a_look_that_is_cancelled_while_nothing_comes_ends_the_sender():
    ended = []

    async def silent() -> AsyncGenerator[object]:
        try:
            await asyncio.Event().wait()
            yield message(1)
        finally:
            ended.append(True)

    async def look_for_a_moment() -> None:
        looking = asyncio.ensure_future(received(silent(), 0.01))
        await asyncio.sleep(0.01)
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)

    in_own_loop(look_for_a_moment())
    assert ended == [True]


@pytest.fixture
def writer(tmp_path: Path):
    """A run's process: it writes an event for each line, and keeps its file open."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    yield process
    process.kill()
    process.wait()


def write(writer: subprocess.Popen, text: str) -> None:
    writer.stdin.write(f"{text}\n")
    writer.stdin.flush()
    assert writer.stdout.readline() == "written\n"


def test_whoever_looks_sees_each_event_while_the_run_keeps_its_file_open(tmp_path, writer):
    """What is written stands in the file's log, and the file itself may not change before the run is over."""
    write(writer, "before")
    seen: Queue[str] = Queue()
    storage = KeptOpenEventLogStorage(str(tmp_path))

    def see(entry: dg.EventLogEntry, cursor: str) -> None:
        seen.put(entry.user_message)

    storage.watch("a-run", None, see)
    for text in ("first", "second", "last"):
        write(writer, text)
        while seen.get(timeout=GUARD_SECONDS) != text:
            pass
    storage.end_watch("a-run", see)
    storage.dispose()


def test_what_a_run_finds_imported_starts_no_thread():
    """A process that is forked has none of the threads that it was forked from, and their locks as they stood."""
    count = f"import os, {', '.join(IMPORTED)}; print(len(os.listdir('/proc/self/task')))"
    told = subprocess.run([sys.executable, "-c", count], capture_output=True, text=True, check=True, env=os.environ)
    assert told.stdout == "1\n"
