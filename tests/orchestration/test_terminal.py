"""What is printed is bounded, and says how much of it was left out."""

import io

import pytest

from orchestration.cli import console as shared
from orchestration.lib.terminal import SHOWN_LETTERS, Terminal


def printed(most: int | None = None) -> tuple[Terminal, io.StringIO]:
    file = io.StringIO()
    return Terminal(most, file=file, width=200), file


def test_lines_beyond_the_most_are_counted_and_not_shown():
    terminal, file = printed(most=10)
    for number in range(7):
        terminal.print(f"第 {number} 条\n续")
    terminal.say_left_out()
    lines = file.getvalue().splitlines()
    assert len(lines) == 11
    assert "另有 4 行" in lines[-1]


def test_what_fits_is_shown_whole_and_nothing_is_said():
    terminal, file = printed(most=10)
    terminal.print("一\n二")
    terminal.say_left_out()
    assert file.getvalue() == "一\n二\n"


def test_a_long_line_is_cut_and_says_how_long_it_is():
    terminal, file = printed()
    terminal.print("字" * 10_000, soft_wrap=True)
    assert "共 10000 个字" in file.getvalue()
    assert len(file.getvalue()) < SHOWN_LETTERS + 50


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    terminal, file = printed(most=shared.SHOWN_LINES)
    monkeypatch.setattr(shared, "console", terminal)
    return file


def test_a_list_is_cut_with_its_count(console):
    records = [{"message": f"第{number}条" + "长" * 1_000} for number in range(shared.SHOWN_RECORDS + 5)]
    shared.print_records("清单", {"message": "问题"}, records)
    shared.print_lines("没有做成", [str(number) for number in range(shared.SHOWN_RECORDS + 7)])
    said = console.getvalue()
    assert "另有 5 项" in said
    assert "另有 7 项" in said
    assert f"第{shared.SHOWN_RECORDS}条" not in said
    assert shared.joined([str(n) for n in range(50)]).endswith(" 等 50 个")


def test_a_message_that_stops_a_command_is_bounded_too(capsys):
    with pytest.raises(shared.typer.Exit):
        shared.fail("\n".join(f"第{number}行" for number in range(1_000)))
    said = capsys.readouterr().err
    assert f"另有 {1_000 - shared.SHOWN_RECORDS} 行" in said
    assert len(said.splitlines()) == shared.SHOWN_RECORDS + 1
