"""What the pages and the docstrings name is there: files, links, commands, settings."""

import re
from pathlib import Path

import pytest
import typer

from orchestration.cli.main import app
from sources.system.settings import PROJECT_ROOT
from tests.lint.house import PACKAGES, modules

PAGES = [*PROJECT_ROOT.glob("*.md"), *(PROJECT_ROOT / "docs").glob("*.md")]
"""Decisions are records: they name what was there when they were written."""
LINK = re.compile(r"\]\(([^)#\s]*)(#[^)\s]*)?\)")
QUOTED = re.compile(r"`([^`\s]+)`")
TOP = ("sources", "warehouse", "orchestration", "dbt_project", "docs", "tests", ".ci", ".github")
OPEN = re.compile(r"[<>*…$]|__|warehouse/data|sources/cities/451200|_1_4\b|/1_4\b")
"""Paths with a gap to fill in, written at run time, or made by a recipe."""
PYTHON = re.compile(r"\b[\w/]+\.py\b")
LINES_OF_A_SCREEN = 50


def headings(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    lines = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {"#" + re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in lines}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    for target, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" in target or target.startswith("mailto:"):
            continue
        path = page.parent / target if target else page
        assert path.exists(), f"{page.name}: {target}"
        assert not anchor or anchor in headings(path), f"{page.name}: {target}{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_that_is_named_exists(page):
    named = [each.rstrip(":/") for each in QUOTED.findall(page.read_text(encoding="utf-8"))]
    paths = [each for each in named if each.split("/")[0] in TOP and "/" in each and not OPEN.search(each)]
    missing = [each for each in paths if not (PROJECT_ROOT / each.partition(":")[0]).exists()]  # module.py:function
    assert missing == []


def test_every_module_that_a_docstring_or_a_comment_names_exists():
    known = {path.name for folder in (*PACKAGES, "tests") for path in (PROJECT_ROOT / folder).rglob("*.py")}
    stale = {
        f"{module.name}: {name}"
        for module in modules().values()
        for name in PYTHON.findall(module.path.read_text(encoding="utf-8"))
        if name.rpartition("/")[2] not in known or ("/" in name and not (PROJECT_ROOT / name).exists())
    }
    assert stale == set()


def test_the_readme_fits_on_a_screen():
    assert len((PROJECT_ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= LINES_OF_A_SCREEN


def test_the_page_of_commands_has_every_command_and_no_other():
    commands = set(typer.main.get_command(app).commands)
    text = (PROJECT_ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`nianbao .+?) \|", text, re.MULTILINE)
    named = {part.removeprefix("nianbao ").split()[0] for row in rows for part in QUOTED_COMMAND.findall(row)}
    assert named == commands


QUOTED_COMMAND = re.compile(r"`([^`]+)`")
