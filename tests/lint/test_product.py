"""What ships stands alone: nothing of it needs the tests, which a user does not have."""

import re
from pathlib import Path

import pytest

from sources.system.settings import PROJECT_ROOT
from tests.lint.house import PACKAGES

OF_TESTS = re.compile(r"""(from|import)\s+tests\b|["']tests\.""")
MODULES = [path for package in PACKAGES for path in sorted((PROJECT_ROOT / package).rglob("*.py"))]


def mentions_of_tests(path: Path) -> list[str]:
    """Lines that import a module of the tests, or name one in a string that is imported later."""
    return [line for line in path.read_text(encoding="utf-8").splitlines() if OF_TESTS.search(line)]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PROJECT_ROOT)))
def test_no_module_that_ships_imports_the_tests(path: Path):
    assert mentions_of_tests(path) == []
