"""One word for one thing: finds the words that docs/glossary.md says are not used.

`python -m tests.lint.glossary` is part of `make check`. It reads identifiers word by word (`report_year`,
`ReportYear`), comments, docstrings, YAML, SQL and pages. Records of the past (decisions), published text (samples) and
what is generated from files that are read anyway are left alone.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from sources.system.settings import PROJECT_ROOT

PAGE = PROJECT_ROOT / "docs" / "glossary.md"
FOLDERS = ("sources", "warehouse", "orchestration", "dbt_project", "docs", "tests")
SUFFIXES = frozenset({".py", ".yml", ".md", ".sql", ".j2", ".toml", ".typ"})
LEFT_ALONE = (
    "docs/glossary.md",
    "docs/decisions/*",
    "docs/reference/*",
    "sources/cities/*/samples/*",
    "sources/cities/*/narrative/*",
    "tests/lint/glossary.py",
    "tests/lint/test_glossary.py",
    "warehouse/data/*",
    "dbt_project/target/*",
)
NOTHING = "—"
HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
BETWEEN_WORDS = re.compile(r"[_\-]+")


@dataclass(frozen=True, slots=True)
class Synonym:
    """A word that is not used, and what is said instead."""

    text: str
    instead: str

    @property
    def is_chinese(self) -> bool:
        return not self.text.isascii()


@dataclass(frozen=True, slots=True)
class Exemption:
    """Files in which a synonym is another thing's name."""

    text: str
    patterns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Misnomer:
    """One place where a synonym stands."""

    path: str
    line: int
    synonym: Synonym

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.synonym.text!r} is called {self.synonym.instead!r} (docs/glossary.md)"


def synonyms(page: str) -> tuple[Synonym, ...]:
    """Every word of a last column of the page's tables, with the words of its row (English and Chinese)."""
    found = []
    for word, chinese, _, others in _rows(page, 4):
        found += [Synonym(other, word if other.isascii() else chinese) for other in _listed(others)]
    return tuple(found)


def exemptions(page: str) -> tuple[Exemption, ...]:
    """The rows of the page's table of places where such a word is right."""
    return tuple(Exemption(word, _listed(where)) for word, where, _ in _rows(page, 3))


def misnomers_in(path: str, text: str, forbidden: Iterable[Synonym], allowed: Iterable[Exemption]) -> list[Misnomer]:
    """The places of a file's text; `path` is relative to the project."""
    exempt = {each.text for each in allowed if any(fnmatch(path, pattern) for pattern in each.patterns)}
    asked = [each for each in forbidden if each.text not in exempt]
    words = {each.text: each for each in asked if not each.is_chinese}
    any_word = re.compile(rf"\b({'|'.join(map(re.escape, words))})(?:s|es)?\b") if words else None
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if any_word and line.strip():
            spelt = BETWEEN_WORDS.sub(" ", HUMP.sub(" ", line)).lower()
            found += [Misnomer(path, number, words[match[1]]) for match in any_word.finditer(spelt)]
        found += [Misnomer(path, number, each) for each in asked if each.is_chinese and each.text in line]
    return found


def files(root: Path = PROJECT_ROOT) -> Iterator[Path]:
    """What is read: text that people write."""
    yield from root.glob("*.md")
    for folder in FOLDERS:
        yield from (path for path in sorted((root / folder).rglob("*")) if path.suffix in SUFFIXES)


def misnomers(root: Path = PROJECT_ROOT) -> list[Misnomer]:
    """Every place of the project."""
    page = PAGE.read_text(encoding="utf-8")
    forbidden, allowed = synonyms(page), exemptions(page)
    found = []
    for path in files(root):
        name = path.relative_to(root).as_posix()
        if not any(fnmatch(name, pattern) for pattern in LEFT_ALONE):
            found += misnomers_in(name, path.read_text(encoding="utf-8"), forbidden, allowed)
    return found


def _rows(page: str, width: int) -> Iterator[list[str]]:
    """The cells of each row of the page's tables of that width, without heads."""
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and len(cells) == width and cells[0] not in ("word", "---"):
            yield cells


def _listed(cell: str) -> tuple[str, ...]:
    return tuple(part for each in cell.split(",") if (part := each.strip()) and part != NOTHING)


def main() -> int:
    found = misnomers()
    for each in found:
        print(each)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
