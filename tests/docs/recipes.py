"""Reads the recipes of CONTRIBUTING.md and follows them on a copy of the project.

A recipe is a section of level three. Its steps are numbered; the words before a block say what to do with it:
"As `path`" writes a file, "At the end of `path`" appends, "At the end of `key:` in `path`" adds to a list, "In `path`"
takes a diff without line numbers, and a block of `sh` is run.
"""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from sources.system.settings import PROJECT_ROOT

PAGE = PROJECT_ROOT / "CONTRIBUTING.md"
TRACES = shutil.ignore_patterns(".git", ".venv", ".*_cache", ".hypothesis", "models-*", "*.pickle", "logs", "images")
"""Of what was made, Python's bytecode and dbt's compiled models are copied too: both know what they were made of."""
WRITTEN = str(PROJECT_ROOT / "warehouse"), "data"
"""Where an installation without NIANBAO_HOME writes."""
STEP = re.compile(r"^\d+\. ", re.MULTILINE)
INDENT = re.compile(r"^ {3}", re.MULTILINE)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PLACE = re.compile(r"(As|At the end of|In) `([^`]+)`(?: in `([^`]+)`)?")
TIMEOUT_SECONDS = 300


@dataclass(frozen=True)
class Step:
    """One numbered step: its words, and its blocks as (language, text)."""

    words: str
    blocks: tuple[tuple[str, str], ...]


@dataclass
class Copy:
    """A copy of the project, with an installation of its own and what the commands printed."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    printed: list[str] = field(default_factory=list)

    @property
    def home(self) -> Path:
        return self.root / "home"

    def run(self, command: str, expected: tuple[int, ...] = (0, 3)) -> str:
        """What the command prints, run in the copy. Exit code 3 says that somebody has to act, which is no failure."""
        programs = str(Path(sys.executable).parent)
        environment = os.environ | {
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(self.root),
            "NIANBAO_HOME": str(self.home),
            "COLUMNS": "200",
        }
        done = subprocess.run(
            command,
            shell=True,
            cwd=self.root,
            env=environment | self.environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
        )
        assert done.returncode in expected, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        self.printed.append(done.stdout)
        return done.stdout


def recipes() -> dict[str, tuple[Step, ...]]:
    """Title → steps, of every recipe of the page."""
    _, *sections = re.split(r"^### (.+)$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {title: _steps(text) for title, text in zip(sections[::2], sections[1::2], strict=True)}


def copied_to(folder: Path) -> Copy:
    """The project's files, without what runs and tools have written."""

    def left_out(parent: str, names: list[str]) -> set[str]:
        return TRACES(parent, names) | {name for name in names if (parent, name) == WRITTEN}

    shutil.copytree(PROJECT_ROOT, folder, ignore=left_out)
    return Copy(folder)


def follow(steps: tuple[Step, ...], copy: Copy) -> None:
    """Does what the steps say. Raises AssertionError where one cannot be followed."""
    for step in steps:
        for language, text in step.blocks:
            if language == "sh":
                for line in text.strip().splitlines():
                    _command(line, copy)
            else:
                _edit(step.words, text, copy.root)


def _steps(text: str) -> tuple[Step, ...]:
    parts = [INDENT.sub("", part) for part in STEP.split(text)[1:]]
    return tuple(Step(part.partition("```")[0], tuple(BLOCK.findall(part))) for part in parts)


def _command(line: str, copy: Copy) -> None:
    if line.startswith("export "):
        name, _, value = line.removeprefix("export ").partition("=")
        copy.environment[name] = value
    else:
        copy.run(line)


def _edit(words: str, text: str, root: Path) -> None:
    place = PLACE.search(words)
    assert place, f"no place is named: {words}"
    verb, first, second = place.groups()
    path = root / (second or first)
    if verb == "As":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return
    before = path.read_text(encoding="utf-8")
    if verb == "In":
        after = _patched(before, text)
    elif second:
        after = _listed(before, first, text)
    else:
        after = before + ("\n\n" if path.suffix == ".py" else "") + text
    path.write_text(after, encoding="utf-8")


def _patched(before: str, diff: str) -> str:
    lines = diff.splitlines(keepends=True)
    old = "".join(line[1:] for line in lines if line[0] in " -")
    new = "".join(line[1:] for line in lines if line[0] in " +")
    assert before.count(old) == 1, f"stands {before.count(old)} times:\n{old}"
    return before.replace(old, new)


def _listed(before: str, key: str, text: str) -> str:
    """The entry at the end of a list of the file: before the next key of level one, or at the end."""
    lines = before.splitlines(keepends=True)
    start = next(number for number, line in enumerate(lines) if line.split("&")[0].strip() == key) + 1
    end = next((n for n in range(start, len(lines)) if lines[n].strip() and lines[n][0] not in " #"), len(lines))
    return "".join([*lines[:start], *lines[start:end], text, *lines[end:]])
