"""Closed and open lists of codes (代码表), known to contracts and city alike."""

from functools import cached_property, lru_cache

from pydantic import Field, model_validator

from sources.declarations.headings import normalise_label
from sources.declarations.kept import CODELISTS, kept_part, read_kept
from sources.declarations.kept_ready import kept_ready
from sources.declarations.pack import Pack, layered
from sources.declarations.strict_yaml import Declaration, Name, once
from sources.system.settings import SOURCES_ROOT


class Code(Declaration):
    code: str
    label: str
    verified: bool = True
    note: str = ""
    also: tuple[str, ...] = Field(default=(), exclude=True)
    """Other labels that mean the code, where no code of the list has them as its own."""
    parent: str | None = None
    """The code of the same list that this one is a kind of: who names the parent means all of its kinds."""


class CodeList(Declaration):
    name: Name
    title: str
    source: str
    closed: bool = True
    """Closed: a value outside the list is an error. Open: the list helps and checks names, no more."""
    codes: tuple[Code, ...]

    @model_validator(mode="after")
    def _consistent(self) -> "CodeList":
        known = {entry.code for entry in self.codes}
        for entry in self.codes:
            if entry.parent is not None and entry.parent not in known - {entry.code}:
                raise ValueError(f"code list {self.name}: {entry.code} is a kind of the unknown `{entry.parent}`")
        return once(self, (entry.code for entry in self.codes), f"code of {self.name}")

    def kinds_of(self, code: str) -> tuple[str, ...]:
        """The code and all that are kinds of it, in the list's order."""
        kinds = {code}
        while added := {entry.code for entry in self.codes if entry.parent in kinds} - kinds:
            kinds |= added
        return tuple(entry.code for entry in self.codes if entry.code in kinds)

    def group_of(self, code: str) -> str:
        """The widest code that a code is a kind of; itself where it is none's."""
        parent = {entry.code: entry.parent for entry in self.codes}
        while (above := parent.get(code)) is not None:
            code = above
        return code

    @cached_property
    def label_of(self) -> dict[str, str]:
        return {entry.code: entry.label for entry in self.codes}

    @cached_property
    def code_of(self) -> dict[str, str]:
        """Code by normalised label, by what else it is called, and by the code itself: schools type either."""
        also = {normalise_label(label): entry.code for entry in self.codes for label in entry.also}
        by_label = {normalise_label(entry.label): entry.code for entry in self.codes}
        return also | {normalise_label(entry.code): entry.code for entry in self.codes} | by_label


@lru_cache
@kept_ready
def load_codelists(pack: Pack) -> dict[str, CodeList]:
    """The code lists by name, as the pack has them. Raises DeclarationError."""
    if pack.kept:
        kept = (read_kept(CodeList, each) for each in kept_part(pack.kept, CODELISTS))
        return {codelist.name: codelist for codelist in kept}
    documents = layered(SOURCES_ROOT / "codelists", pack, "codelists").values()
    return {codelist.name: codelist for codelist in (document.parsed(CodeList) for document in documents)}


def labels_of_codes(pack: Pack) -> dict[str, str]:
    """`list:code` → label, for texts that name a code by what it is called here."""
    return {
        f"{codelist.name}:{code.code}": code.label
        for codelist in load_codelists(pack).values()
        for code in codelist.codes
    }
