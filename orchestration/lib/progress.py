"""A Dagster logger that tells a person at a terminal what a run is doing, in Chinese."""

import logging
from typing import Any

import dagster as dg

from orchestration.lib.terminal import Terminal
from sources.system.faults import ToldError, in_chinese

STEP_LABELS = {
    "reference": "载入参照数据",
    "intake": "接收、读取、审核、装入报送",
    "feedback": "标出问题，准备退回件",
    "transform": "建立数据模型并检验",
    "published": "发布数据库",
    "summary_tables": "输出汇总表",
}


class _ProgressHandler(logging.Handler):
    """Prints step starts and what the assets themselves log; everything else stays in the event log."""

    def __init__(self, console: Terminal) -> None:
        super().__init__()
        self.console = console

    def emit(self, record: logging.LogRecord) -> None:
        meta = getattr(record, "dagster_meta", {})
        event = meta.get("dagster_event")
        if event is None:
            if record.levelno in (logging.INFO, logging.WARNING):
                self.console.print(f"    {meta.get('orig_message', record.getMessage())}", highlight=False)
        elif event.event_type_value == "STEP_START":
            self.console.print(f"▶ {STEP_LABELS.get(event.step_key, event.step_key)}", style="bold")
        elif event.event_type_value == "STEP_FAILURE":
            self.console.print(f"✗ {STEP_LABELS.get(event.step_key, event.step_key)} 失败", style="red")
            self.console.print(f"    原因：{_cause(event.step_failure_data)}", highlight=False)


def _cause(failure: Any) -> str:
    """What the step tells; else the original error, without those that frameworks wrap around it."""
    if failure.user_failure_data and failure.user_failure_data.description:
        return str(failure.user_failure_data.description)
    error = failure.error
    while error is not None and error.cause is not None:
        error = error.cause
    if error is None:
        return "未知"
    message = error.message.strip()
    return in_chinese(message.partition(": ")[2] if error.cls_name in _told_errors(ToldError) else message)


def _told_errors(kind: type[ToldError]) -> set[str]:
    """The names of the errors whose message is for people."""
    return {kind.__name__}.union(*(_told_errors(each) for each in kind.__subclasses__()))


@dg.logger(
    {"to_stderr": dg.Field(bool, default_value=False, description="写到标准错误，标准输出留给结果")},
    description="在终端用中文显示进度。",
)
def progress_logger(context: dg.InitLoggerContext) -> logging.Logger:
    logger = logging.Logger("nianbao.progress", level=logging.DEBUG)
    logger.addHandler(_ProgressHandler(Terminal(soft_wrap=True, stderr=context.logger_config["to_stderr"])))
    return logger
