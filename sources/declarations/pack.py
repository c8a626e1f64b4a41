"""The province pack (省级资料包): what a province adds to the neutral core, and the words in which it speaks.

A pack is a folder: `pack.yml`, and files laid over those of the core that have the same name (`contracts/`,
`codelists/`, `rules/`; `catalogue/` is laid over `warehouse/catalogue`, `documents/report.docx` replaces the core's
template). A city names its pack in city.yml; one that names none speaks in the words of the neutral core.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import Field

from sources.declarations.misfit import Misfit, Place
from sources.declarations.problem import DeclarationError, meant
from sources.declarations.strict_yaml import Declaration, Document, Name, load, read_document
from sources.system.settings import SOURCES_ROOT

REGIONS = SOURCES_ROOT / "regions"
"""The packs that ship, each in the folder of its GB/T 2260 code."""
NEUTRAL = REGIONS / "neutral"
HEAD = "pack.yml"
WORD = re.compile(r"\$\{([a-z0-9_]+(?::[a-z0-9_]+)?)\}")
"""`${province_level}` in a text: a word of the pack; `${affiliation:regional}`: the label of a code."""
KEYS = ("name", "code", "id", "indicator")
"""What an entry of a list is called: the first of these keys that it has."""
AFTER, WITHOUT = "after", "without"


@dataclass(frozen=True, slots=True)
class Pack:
    """Which pack: its folder, None for the neutral core alone. What it holds is loaded by those who ask."""

    folder: Path | None = None
    kept: Path | None = None
    """A file of the archive with declarations as they were: contracts, code lists and rules are those in it.

    Only what judges was kept; the catalogue asks for `today`.
    """
    on_trial: bool = False
    """With the rules in shadow and those to come: for their record alone, never for what anybody is told."""

    @property
    def trying(self) -> "Pack":
        """The pack as it is now, with the rules in shadow and those to come."""
        return replace(self, kept=None, on_trial=True)

    @property
    def today(self) -> "Pack":
        """The pack as it is now, whatever was kept of it."""
        return replace(self, kept=None)

    @property
    def code(self) -> str:
        return self.folder.name if self.folder else ""

    def layer(self, name: str) -> Path | None:
        """The pack's folder for one layer (`contracts`, `catalogue` …), if it has one."""
        path = self.folder / name if self.folder else None
        return path if path and path.is_dir() else None


NEUTRAL_PACK = Pack()


class PackHead(Declaration):
    """pack.yml: how a province speaks, and its amounts."""

    name: str = Field(description="省级地方的名称", examples=["江南省"])
    words: dict[Name, str] = Field(
        {}, description="本省怎样说，词的代号 → 说法；没有写的用通用的说法", examples=[{"province": "江南省"}]
    )
    amounts: dict[Name, int | None] = Field(
        {}, description="规则里的金额（元）；没有写的，用到它的规则就不查", examples=[{"provincial_scholarship": 3000}]
    )
    distinctive: tuple[str, ...] = Field(
        (), description="本省独有的词：资料包以外的文件不得出现，由测试检查", examples=[["江南省"]]
    )


class _UnknownWordError(Exception):
    """A text wants a word that no pack gives."""


class _NotGivenError(Exception):
    """A text wants an amount that this pack does not give."""


@lru_cache
def load_head(pack: Pack) -> PackHead:
    """The pack's own words over the neutral ones. Raises DeclarationError."""
    neutral = load(NEUTRAL / HEAD, PackHead)
    if pack.folder is None:
        return neutral
    document = read_document(pack.folder / HEAD, "zh")
    own = document.parsed(PackHead)
    unknown = [
        Misfit((field, name), f"没有“{name}”这一项{meant(name, known)}")
        for field, known in (("words", neutral.words), ("amounts", neutral.amounts))
        for name in getattr(own, field)
        if name not in known
    ]
    if unknown:
        raise DeclarationError(document.problems_of(unknown))
    return own.model_copy(update={"words": neutral.words | own.words, "amounts": neutral.amounts | own.amounts})


def find_pack(code: str, city_dir: Path) -> Pack | None:
    """The pack that a city names: a code under `sources/regions`, or a folder beside its files; else None."""
    folders = (REGIONS / code, city_dir / code)
    return next((Pack(folder.resolve()) for folder in folders if code and (folder / HEAD).is_file()), None)


def layered(core: Path, pack: Pack, layer: str, labels: Mapping[str, str] | None = None) -> dict[str, Document]:
    """The YAML files of a core folder and of the pack's layer over it, by their path in it; words are filled in.

    `labels` are the labels of codes (`list:code`). Entries of a list are told apart by their name, code or id: the
    pack's entry changes the core's of the same name key by key, or comes in `after` the one that it names; `without`
    names entries that are left out. Raises DeclarationError.
    """
    over = pack.layer(layer)
    names = {path.relative_to(folder).as_posix() for folder in (core, over) if folder for path in folder.rglob("*.yml")}
    head = load_head(pack)
    amounts = {name: None if amount is None else str(amount) for name, amount in head.amounts.items()}
    words = {**head.words, **amounts, **(labels or {})}
    return {name: _layered(core / name, over / name if over else None, words) for name in sorted(names)}


def _layered(core: Path, over: Path | None, words: Mapping[str, str | None]) -> Document:
    if over is None or not over.exists():
        return _filled(read_document(core), words)
    own = _filled(read_document(over, "zh"), words)
    if not core.exists():
        return own
    return _laid_over(_filled(read_document(core), words), own)


def _filled(document: Document, words: Mapping[str, str | None]) -> Document:
    """The document with its words; a rule that wants an amount which is not given is left out."""
    data = dict(document.data)
    try:
        if isinstance(rules := data.get("rules"), list):
            data["rules"] = [filled for rule in rules if (filled := _rule(rule, words)) is not None]
        return document.holding(_with_words(data, words))
    except _UnknownWordError as error:
        told = f"没有“{error}”这个词" if document.language == "zh" else f"no pack gives the word `{error}`"
        raise document.fault((), told) from None


def _rule(rule: Any, words: Mapping[str, str | None]) -> Any:
    try:
        return _with_words(rule, words)
    except _NotGivenError:  # an amount that this province has not: the rule asks nothing here
        return None


def _with_words(value: Any, words: Mapping[str, str | None]) -> Any:
    if isinstance(value, str) and "${" in value:
        return WORD.sub(lambda found: _word(found[1], words), value)
    if isinstance(value, dict):
        return {key: _with_words(item, words) for key, item in value.items()}
    return [_with_words(item, words) for item in value] if isinstance(value, list) else value


def _word(name: str, words: Mapping[str, str | None]) -> str:
    if name not in words:
        raise _UnknownWordError(name)
    if (word := words[name]) is None:
        raise _NotGivenError(name)
    return word


def _laid_over(core: Document, own: Document) -> Document:
    """The core's document with the pack's changes; a mistake is told of the file in which it was made."""
    data: dict[Any, Any] = dict(core.data)
    origins: dict[Place, tuple[Document, Place]] = {}
    for field, value in own.data.items():
        if field == WITHOUT:
            continue
        if not isinstance(value, list) or not isinstance(data.get(field), list) or not _names(value):
            data[field] = value
            origins[field,] = own, (field,)
            continue
        entries = _Entries([(entry, core, (field, at)) for at, entry in enumerate(data[field])])
        for position, entry in enumerate(value):
            entries.lay(entry, own, (field, position))
        data[field] = [entry for entry, _, _ in entries.listed]
        origins |= {(field, at): (document, place) for at, (_, document, place) in enumerate(entries.listed)}
    for field, names in own.data.get(WITHOUT, {}).items():
        kept = [(at, entry) for at, entry in enumerate(data[field]) if _name_of(entry) not in names]
        moved = {(field, new): origins.get((field, old), (core, (field, old))) for new, (old, _) in enumerate(kept)}
        origins = {place: origin for place, origin in origins.items() if place[0] != field} | moved
        data[field] = [entry for _, entry in kept]
    return replace(core.holding(data, origins), language=own.language)


class _Entries:
    """The entries of a list, each with the document and the place that it comes from."""

    def __init__(self, listed: Sequence[tuple[Any, Document, Place]]) -> None:
        self.listed = list(listed)

    def _position(self, name: object) -> int | None:
        return next((at for at, (entry, _, _) in enumerate(self.listed) if _name_of(entry) == name), None)

    def lay(self, entry: dict[str, Any], document: Document, place: Place) -> None:
        """Changes the entry of that name, or brings in a new one."""
        own = {key: value for key, value in entry.items() if key != AFTER}
        at = self._position(_name_of(entry))
        if at is not None:
            self.listed[at] = self.listed[at][0] | own, document, place
            return
        after = len(self.listed) - 1 if AFTER not in entry else self._position(entry[AFTER])
        if after is None:
            known = [str(_name_of(each)) for each, _, _ in self.listed]
            told = f"“{AFTER}”：没有“{entry[AFTER]}”这一项{meant(str(entry[AFTER]), known)}"
            raise document.fault((*place, AFTER), told)
        self.listed.insert(after + 1, (own, document, place))


def _name_of(entry: Any) -> object:
    return next((entry[key] for key in KEYS if key in entry), None) if isinstance(entry, dict) else entry


def _names(entries: Sequence[Any]) -> bool:
    """Whether the entries of a list have names, so that they can be laid over others one by one."""
    return all(isinstance(entry, dict) and _name_of(entry) is not None for entry in entries)


def said_everywhere(word: str) -> tuple[str, ...]:
    """How the neutral core and every pack that ships say a word, each once: for reading what others have printed."""
    return tuple(dict.fromkeys(load_head(pack).words[word] for pack in (NEUTRAL_PACK, *shipped_packs())))


def shipped_packs() -> Iterator[Pack]:
    """Every pack that ships."""
    for folder in sorted(REGIONS.iterdir()):
        if (folder / HEAD).is_file() and folder != NEUTRAL:
            yield Pack(folder)
