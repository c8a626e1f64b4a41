"""What is wrong in a declaration, as whoever edits the file is told: file, line, key, and what would be right."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sources.system.faults import ToldError
from sources.system.nearest import nearest
from sources.system.settings import PROJECT_ROOT

Language = Literal["zh", "en"]
"""A city's files are edited by a bureau (zh), contracts, rules and catalogue by developers (en)."""
LISTED = 12
"""How many right words a message lists when none is near."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake; `str()` is its line of a message."""

    file: str
    line: int | None
    """From 1; None where the file as such is meant."""
    key: str
    """The key that is wrong, or whose value is."""
    text: str
    language: Language = "zh"

    def __str__(self) -> str:
        if self.language == "en":
            return f"{self.file}:{self.line}: {self.text}" if self.line else f"{self.file}: {self.text}"
        return f"{self.file} 第 {self.line} 行：{self.text}" if self.line else f"{self.file}：{self.text}"


class DeclarationError(ToldError, ValueError):
    """What people have declared cannot be used; `problems` has every reason, in the order of files and lines."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems), key=lambda each: (each.file, each.line or 0, each.text)))
        super().__init__("\n".join(map(str, self.problems)))


def shown_path(path: Path) -> str:
    """A file as messages name it: below the project's folder without that folder, elsewhere in full."""
    return str(path.relative_to(PROJECT_ROOT) if path.is_relative_to(PROJECT_ROOT) else path)


def meant(wrong: object, known: Iterable[object], language: Language = "zh") -> str:
    """The end of a message about an unknown word: the nearest right one, else a list of them."""
    words = [str(each) for each in known]
    near = nearest(wrong, words)
    if language == "en":
        return f"; did you mean `{near}`?" if near else f"; there is: {', '.join(words[:LISTED]) or 'nothing'}"
    if near:
        return f"；是不是“{near}”？"
    return f"；可以写：{'、'.join(words[:LISTED])}{'……' if len(words) > LISTED else ''}" if words else ""
