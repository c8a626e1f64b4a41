"""Closed and open lists of codes (代码表), known to contracts and city alike."""

from functools import cached_property, lru_cache

from pydantic import model_validator

from sources.declarations.headings import normalise_label
from sources.declarations.strict_yaml import Declaration, Name, load, once
from sources.system.settings import SOURCES_ROOT


class Code(Declaration):
    code: str
    label: str
    verified: bool = True
    note: str = ""


class CodeList(Declaration):
    name: Name
    title: str
    source: str
    closed: bool = True
    """Closed: a value outside the list is an error. Open: the list helps and checks names, no more."""
    codes: tuple[Code, ...]

    @model_validator(mode="after")
    def _consistent(self) -> "CodeList":
        return once(self, (entry.code for entry in self.codes), f"code of {self.name}")

    @cached_property
    def label_of(self) -> dict[str, str]:
        return {entry.code: entry.label for entry in self.codes}

    @cached_property
    def code_of(self) -> dict[str, str]:
        """Code by normalised label, and by the code itself: schools type either."""
        by_label = {normalise_label(entry.label): entry.code for entry in self.codes}
        return {normalise_label(entry.code): entry.code for entry in self.codes} | by_label


@lru_cache
def load_codelists() -> dict[str, CodeList]:
    paths = sorted((SOURCES_ROOT / "codelists").glob("*.yml"))
    return {codelist.name: codelist for codelist in (load(path, CodeList) for path in paths)}
