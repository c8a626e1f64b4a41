"""A run's events for its page: those that come together go in one message.

Dagster sends each live event as a message of its own, eight hundred for a city's run, and the browser draws the page
anew for each, on the processors that the run needs (docs/decisions/0088). Which events are sent, their order and their
form stay Dagster's own.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from itertools import groupby
from typing import Any

from dagster_graphql.schema.pipelines.subscription import GraphenePipelineRunLogsSubscriptionSuccess as Events
from dagster_graphql.schema.roots.subscription import GrapheneSubscription

GATHERING_SECONDS = 0.5
"""From message to message at least: less than a person notices."""
AT_MOST = 1000
"""Messages that are put together. While they are sent no others are fetched."""


def send_together() -> None:
    """Has the web server of this process send live events together; to be called once, before the server is made."""
    one_by_one = GrapheneSubscription.subscribe_pipelineRunLogs

    def subscribe(root: Any, info: Any, runId: str, cursor: str | None = None) -> AsyncGenerator[Any]:  # noqa: N803
        return together(one_by_one(root, info, runId, cursor))

    GrapheneSubscription.subscribe_pipelineRunLogs = subscribe  # type: ignore[method-assign,assignment]


async def together(messages: AsyncGenerator[Any], seconds: float = GATHERING_SECONDS) -> AsyncGenerator[Any]:
    """The same events in the same order, in fewer messages: no two within `seconds`, and no event waits longer."""
    clock = asyncio.get_running_loop().time
    async with aclosing(messages):
        coming, sent = _next_of(messages), clock() - seconds
        try:
            while True:
                await asyncio.wait([coming])
                gathered = list[Any]()
                while _has_come(coming) and len(gathered) < AT_MOST:
                    gathered.append(coming.result())
                    coming = _next_of(messages)
                    await asyncio.wait([coming], timeout=max(sent + seconds - clock(), 0))
                if not gathered:
                    coming.result()  # raises what has ended it
                    return
                for message in merged(gathered):
                    yield message
                sent = clock()
        finally:
            coming.cancel()
            await asyncio.wait([coming])  # a generator can be closed when it stands still


def _next_of(messages: AsyncGenerator[Any]) -> asyncio.Future[Any]:
    """The next message, or None after the last."""
    return asyncio.ensure_future(anext(messages, None))


def _has_come(coming: asyncio.Future[Any]) -> bool:
    return coming.done() and not coming.exception() and coming.result() is not None


def merged(messages: Sequence[Any]) -> Iterator[Any]:
    """Messages with events as one, with where the last of them ends; others as they are."""
    for has_events, several in groupby(messages, lambda message: isinstance(message, Events)):
        if not has_events:
            yield from several
            continue
        all_of_them = list(several)
        events = [event for each in all_of_them for event in each.messages]
        last = all_of_them[-1]
        yield Events(run=last.run, messages=events, hasMorePastEvents=last.hasMorePastEvents, cursor=last.cursor)
