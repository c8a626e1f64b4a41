"""What the page has while a declaration of the city is wrong: the same jobs and steps, which only say what is wrong.

Without them the page would be empty, and the reason an English traceback two clicks away. The steps have the names of
the true ones, so that a run that was launched before tells the same.
"""

import dagster as dg

from orchestration.lib.asset_keys import DOCUMENTS_JOB, JOB, RELEASE_JOB, SCHOOL_REPORTS_JOB, TODO_JOB
from orchestration.lib.failures import StepFailedError
from orchestration.lib.progress import STEP_LABELS
from sources.system.plain_text import as_markdown

WHAT_TO_DO = (
    "{why}。现在什么也不能运行，收到的文件和已发布的数据都不受影响。"
    "怎么办：改正以后，在左边的 Deployment 里点 Reload；nianbao check-city 列出城市文件夹里的全部错误。"
)
STEPS_OF = {
    JOB: tuple(STEP_LABELS),
    DOCUMENTS_JOB: ("documents",),
    SCHOOL_REPORTS_JOB: ("school_reports",),
    RELEASE_JOB: ("released",),
    TODO_JOB: ("todo",),
}


def build_refused_jobs(why: str) -> dg.Definitions:
    """Jobs whose first step fails with the sentence, and whose other steps wait for it; `why` is told in Chinese."""
    sentence = WHAT_TO_DO.format(why=why.rstrip("。"))
    described = as_markdown(sentence, len(sentence))

    def job(name: str, steps: tuple[str, ...]) -> dg.JobDefinition:
        first = _step(steps[0], sentence, described, waits=False)
        rest = [_step(step, sentence, described, waits=True) for step in steps[1:]]

        @dg.job(name=name, description=f"不能运行：{described}", executor_def=dg.in_process_executor)
        def refused() -> None:
            begun = first()
            for each in rest:
                each(begun)

        return refused

    return dg.Definitions(jobs=[job(name, steps) for name, steps in STEPS_OF.items()])


def _step(name: str, sentence: str, described: str, waits: bool) -> dg.OpDefinition:
    ins = {"begun": dg.In(dg.Nothing)} if waits else {}

    given = dg.Permissive()  # type: ignore[no-untyped-call]

    @dg.op(name=name, description=described, ins=ins, out=dg.Out(dg.Nothing), config_schema=given)
    def refuse() -> None:
        raise StepFailedError(sentence)

    return refuse
