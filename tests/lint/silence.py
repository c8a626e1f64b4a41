"""What may be silent: every `suppress(…)`, and every `except` that only goes on, says in a comment why.

`python -m tests.lint.silence` lists those that do not; the linter (BLE, S110, S112) holds the broad ones.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("sources", "warehouse", "orchestration")


def silent_places(source: str) -> Iterator[int]:
    """Lines of a module on which an error is dropped without a comment on the line, the one above or below it."""
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        is_silent = (
            _goes_on(node.body)
            if isinstance(node, ast.ExceptHandler)
            else isinstance(node, ast.With) and any(_is_suppress(item.context_expr) for item in node.items)
        )
        if is_silent and not any("#" in line for line in lines[max(node.lineno - 2, 0) : node.lineno + 1]):
            yield node.lineno


def _goes_on(body: list[ast.stmt]) -> bool:
    """Whether a handler does nothing but pass, continue, or return nothing at all."""
    (first, *rest) = body
    is_nothing = isinstance(first, ast.Return) and (
        first.value is None or (isinstance(first.value, ast.Constant) and first.value.value is None)
    )
    return not rest and (isinstance(first, ast.Pass | ast.Continue) or is_nothing)


def _is_suppress(call: ast.expr) -> bool:
    return isinstance(call, ast.Call) and getattr(call.func, "id", getattr(call.func, "attr", "")) == "suppress"


def found() -> list[str]:
    paths = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    return [
        f"{path.relative_to(ROOT)}:{line}" for path in paths for line in silent_places(path.read_text(encoding="utf-8"))
    ]


if __name__ == "__main__":
    places = found()
    print("\n".join(places))
    sys.exit(bool(places))
