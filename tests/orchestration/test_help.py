"""What `nianbao --help` lists: every command with a sentence, under what somebody is about to do."""

import re

from typer.testing import CliRunner

from orchestration.cli.console import Panel, app
from orchestration.cli.main import main
from orchestration.cli.usage import speak_chinese


def test_every_command_is_described_and_stands_under_what_it_is_for():
    assert main is not None  # its module brings all commands together
    for command in app.registered_commands:
        assert command.callback is not None
        assert command.callback.__doc__, command.callback.__name__
        assert command.rich_help_panel in set(Panel), command.callback.__name__


def test_the_help_shows_the_panels_in_the_order_of_the_work():
    shown = CliRunner().invoke(app, ["--help"], terminal_width=160).stdout
    panels = [name for name in re.findall(r"─ (\w+) ─", shown) if name in set(Panel)]
    assert panels == list(Panel)


def test_a_command_that_is_nearly_right_is_suggested():
    assert "findings" in CliRunner().invoke(app, ["finding"]).output


def test_no_help_page_has_a_word_of_the_library():
    speak_chinese(app)
    names = [
        (each.name or getattr(each.callback, "__name__", "")).replace("_", "-").strip("-")
        for each in app.registered_commands
    ]
    for command in ([], *([name] for name in names)):
        shown = CliRunner().invoke(app, [*command, "--help"], terminal_width=160)
        assert shown.exit_code == 0, (command, shown.output)
        assert "用法：" in shown.stdout, command
        assert "显示这一页" in shown.stdout, command
        assert not re.findall(r"Usage|Show this|OPTIONS|ARGS|<bool>", shown.stdout), command
