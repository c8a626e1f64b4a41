"""One school's piece that fails is told as its own trouble, the others are made, and the exit code says so."""

import importlib
import re
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
from typer.testing import CliRunner

from orchestration.cli.main import app
from sources.declarations.city import City
from sources.system.settings import PROJECT_ROOT, Settings
from tests.conftest import NURSING_SCHOOL, cell_of, edit
from tests.crash.boundaries import COMMANDS, ELSEWHERE, Boundary
from tests.crash.eve import SPOILT_SCHOOL


def inject(boundary: Boundary, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the one piece of the boundary fail, by a mistake of ours, and no other."""
    module_name, _, name = boundary.function.rpartition(".")
    module = importlib.import_module(module_name)
    made: Callable[..., Any] = getattr(module, name)

    def fails(*given: Any, **named: Any) -> Any:
        if boundary.is_the_one(given):
            raise KeyError("a fault of ours")
        return made(*given, **named)

    monkeypatch.setattr(module, name, fails)


def result_of(settings: Settings, *typed: str) -> tuple[int, str]:
    """The exit code of a command, in this process, and what it says."""
    given = {"NIANBAO_HOME": str(settings.home), "NIANBAO_CITY": str(settings.city_dir)}
    done = CliRunner().invoke(app, list(typed), env=given)
    return done.exit_code, done.output


def spoil(book: openpyxl.Workbook) -> None:
    cell_of(book, "学生情况", "全日制在校生数").value = "25a1"


@pytest.fixture
def asked(fresh_copy: Settings, city: City) -> Settings:
    """Two schools have sent workbooks with an error each."""
    for code in (NURSING_SCHOOL, SPOILT_SCHOOL):
        edit(fresh_copy, city, code, 2023, spoil)
    return fresh_copy


@pytest.mark.deep
def test_whatever_fails_of_one_is_told_as_its_own_trouble_and_all_others_are_made(asked, monkeypatch):
    """All pieces of a command at once, one command after the other on one installation."""
    for name, command in COMMANDS.items():
        with monkeypatch.context() as patch:
            for boundary in command.boundaries:
                inject(boundary, patch)
            code, said = result_of(asked, *command.typed)
        assert code == command.code, f"{name}: {said}"
        told = [line for line in said.splitlines() if line.startswith("没有做成")]
        for boundary in command.boundaries:
            assert any(boundary.told in line for line in told), f"{boundary.piece}: {told}"
        assert len(told) == len(command.boundaries), told
        for pattern, least in command.made.items():
            assert len(list(asked.home.glob(pattern))) >= least, f"{name}: {pattern}"


@pytest.mark.deep
def test_a_model_that_fails_is_named_and_what_needs_no_model_goes_on(asked, monkeypatch):
    """All models stand or none: readers keep the copy of before, the schools get their marked workbooks."""
    before = asked.published_database.read_bytes()
    build = importlib.import_module("warehouse.run.build")
    create = build._create

    def fails(connection: Any, model: Any) -> int:
        if model.name == "figure":
            connection.execute("select no_such_column from registry.submission")
        made: int = create(connection, model)
        return made

    monkeypatch.setattr(build, "_create", fails)
    code, said = result_of(asked, "run", "--year", "2023", "--force")
    assert code == 1
    assert "数据模型 rpt_figure 没有建成" in said
    assert "少了它做不出的表：report.figure。" in said
    assert "上一次发布的数据保持不变" in said
    assert asked.published_database.read_bytes() == before
    assert list(asked.feedback.glob("2023/*.xlsx"))


def test_every_boundary_is_of_a_function_that_is_there():
    """What is declared elsewhere names the test that holds it."""
    for command in COMMANDS.values():
        for boundary in command.boundaries:
            module, _, name = boundary.function.rpartition(".")
            assert callable(getattr(importlib.import_module(module), name)), boundary
    for told in ELSEWHERE.values():
        (file,) = re.findall(r"tests/[a-z_/]+\.py", told)
        assert (PROJECT_ROOT / file).exists(), told
