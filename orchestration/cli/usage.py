"""A command that was typed wrongly is told in Chinese, in one line, with the nearest right word; help pages as well.

The library says these things in English and keeps the classes of its errors to itself: they are told apart by the names
that its documentation gives them.
"""

import re
from typing import Any

from typer import Typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

from sources.declarations.problem import meant

HELP = {
    "ARGUMENTS_PANEL_TITLE": "参数",
    "OPTIONS_PANEL_TITLE": "选项",
    "COMMANDS_PANEL_TITLE": "命令",
    "REQUIRED_LONG_STRING": "[必须给出]",
    "DEFAULT_STRING": "[不给时为 {}]",
}
"""Words of help pages, by the names that typer has for them."""
SHOWS_HELP = "显示这一页"
VALUES = {"bool": "", "int": "<整数>", "str": "<文字>", "file": "<文件>", "path": "<路径>", "dir": "<文件夹>"}
"""What is written behind an option, by typer's word for it."""


class _InChinese:
    """A command whose help page has no word of the library's."""

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        formatter.write_usage(ctx.command_path, " ".join(ctx.command.collect_usage_pieces(ctx)), "用法：")

    def get_params(self, ctx: Any) -> list[Any]:
        params: list[Any] = super().get_params(ctx)  # type: ignore[misc] # of the class that it is mixed into
        for param in params:
            if "--help" in param.opts:
                param.help = SHOWS_HELP
            if param.param_type_name == "option" and param.metavar is None:
                shown = str(param.display_type(ctx) or "")
                param.metavar = VALUES.get(shown.strip("<>"), shown)
        return params


class _CommandInChinese(_InChinese, TyperCommand):
    """One command."""


class _GroupInChinese(_InChinese, TyperGroup):
    """All commands together."""


def speak_chinese(app: Typer) -> None:
    """Sets the words of help pages, before one is shown."""
    from typer import rich_utils  # only help pages need it

    for name, text in HELP.items():
        setattr(rich_utils, name, text)
    app.info.cls, app.info.subcommand_metavar, app.info.options_metavar = _GroupInChinese, "命令 …", ""
    for command in app.registered_commands:
        command.cls, command.options_metavar = _CommandInChinese, "[选项]"


def told_usage(error: TyperException) -> str:
    """What is wrong with a command line, and where its help is."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "nianbao"
    what = _what(error)
    return f"{what.strip()}{'' if what.endswith('？') else '。'}用法见 {command} --help"


def _what(error: Any) -> str:
    text = str(error.message)
    parameter = getattr(error, "param", None)
    name = type(error).__name__
    if name == "MissingParameter":
        return f"缺少{_named(parameter)}"
    if name == "NoSuchOption":
        return f"没有 {error.option_name} 这个选项" + meant(error.option_name, _options(error))
    if name == "BadOptionUsage":
        return f"{error.option_name} " + ("后面要写一个值" if "requires" in text else "后面不写值")
    if parameter is not None:
        return f"{_named(parameter)}的值不对：{_wanted(text)}"
    if found := re.match(r"No such command '(.*?)'", text):
        return f"没有 {found[1]} 这个命令" + meant(found[1], error.ctx.command.list_commands(error.ctx))
    if found := re.match(r"Got unexpected extra argument\(?s?\)? \((.*)\)", text):
        return f"多写了“{found[1]}”"
    return text


def _named(parameter: Any) -> str:
    """`--year（报告年度）`: an option as it is typed, an argument by what it means."""
    help_text = str(getattr(parameter, "help", None) or "").split("；")[0]
    if parameter.param_type_name == "option":
        return f" {parameter.opts[0]}" + (f"（{help_text}）" if help_text else " ")
    return f"“{help_text or parameter.name}”"


def _options(error: Any) -> list[str]:
    return [name for each in error.ctx.command.params if each.param_type_name == "option" for name in each.opts]


def _wanted(text: str) -> str:
    if found := re.search(r"is not one of (.*?)\.?$", text):
        return f"可以写 {found[1].replace(chr(39), '').replace(', ', '、')}"
    if "integer" in text:
        return "应当是整数"
    if found := re.search(r"'(.*)' does not exist", text):
        return f"没有这个文件：{found[1]}"
    if found := re.search(r"'(.*)' is a directory", text):
        return f"{found[1]} 是文件夹，要写一个文件"
    return text
