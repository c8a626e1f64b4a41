"""What a run says that fails: a sentence in Chinese with what to do, in the run's page and in the list of runs.

A clerk reads it. A traceback is kept only where the program itself is wrong, below the sentence, for whoever mends it.
"""

import functools
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

import dagster as dg
from dagster._core.errors import DagsterUserCodeProcessError
from dagster._utils.error import serializable_error_info_from_exc_info
from dagster_shared.error import SerializableErrorInfo

from orchestration.lib.asset_keys import FAILURE_TAG
from orchestration.lib.installation import HELD, READING, Installation
from sources.system.disk import with_disks
from sources.system.faults import told
from sources.system.plain_text import cut_short, legible

Work = TypeVar("Work", bound=Callable[..., Any])
REASON = "原因"
TAG_LETTERS, SHOWN_OF_AN_ERROR = 120, 200
OURS = (
    "程序出错（{what}），这一步没有做成；收到的文件都留着。请把这次运行的页面上这一步的全部文字发给维护人员，"
    "修好以后再运行一次。"
)


class StepFailedError(DagsterUserCodeProcessError, dg.Failure):
    """The failure of a step, told in Chinese: the page shows the sentence and `metadata`, and no traceback.

    Dagster shows a failure's traceback; of an error that another process has told, only what was told. So this is both.
    """

    def __init__(
        self, sentence: str, metadata: Mapping[str, Any] | None = None, cause: SerializableErrorInfo | None = None
    ) -> None:
        shown = SerializableErrorInfo(f"{legible(sentence)}\n", [], type(self).__name__, cause)
        DagsterUserCodeProcessError.__init__(self, legible(sentence), user_code_process_error_infos=[shown])  # type: ignore[no-untyped-call]
        dg.Failure.__init__(self, legible(sentence), metadata, allow_retries=False)


def tells_failures(work: Work) -> Work:
    """The work of an asset, whose first argument is its context; whatever it raises is told as StepFailedError."""
    if inspect.isgeneratorfunction(work):

        @functools.wraps(work)
        def steps(context: dg.AssetExecutionContext, *given: Any, **resources: Any) -> Iterator[Any]:
            with _told(context, resources.get(HELD) or resources.get(READING)):
                yield from work(context, *given, **resources)

        return cast("Work", steps)

    @functools.wraps(work)
    def step(context: dg.AssetExecutionContext, *given: Any, **resources: Any) -> Any:
        with _told(context, resources.get(HELD) or resources.get(READING)):
            return work(context, *given, **resources)

    return cast("Work", step)


@contextmanager
def _told(context: dg.AssetExecutionContext, served: Installation | None) -> Iterator[None]:
    try:
        if served and served.trouble:
            raise _of_sentence(served.trouble)
        yield
    except Exception as error:
        failure = step_failure(error, served.settings.home if served else None)
        context.instance.add_run_tags(context.run_id, {FAILURE_TAG: cut_short(failure.description or "", TAG_LETTERS)})
        raise failure from error


def _of_sentence(told: str) -> StepFailedError:
    """What is told of an error of ours: its first line is for everybody, the others are details."""
    sentence, _, detail = told.partition("\n")
    return StepFailedError(sentence, {REASON: detail} if detail else None)


def step_failure(error: Exception, home: Path | None = None) -> StepFailedError:
    """What is told of an error that is being handled: its own sentence, or that the program is wrong.

    With `home`, the installation's, a full disk is named.
    """
    if isinstance(error, StepFailedError):
        return error
    if isinstance(error, dg.Failure):
        return StepFailedError(error.description or OURS.format(what=type(error).__name__), error.metadata)
    if sentence := told(error):
        return _of_sentence(with_disks(sentence, home) if home else sentence)
    what = cut_short(f"{type(error).__name__}：{error}".partition("\n")[0], SHOWN_OF_AN_ERROR)
    return StepFailedError(OURS.format(what=what), cause=serializable_error_info_from_exc_info(sys.exc_info()))
