"""Which thing a person means by a name: the whole of it, a part, an abbreviation; or else the nearest there are."""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from difflib import SequenceMatcher

Names = Mapping[str, Collection[str]]
"""Code → what the thing is called: the name that is shown first, then the others. Its code is a name of it, too."""
FEW = 12
"""So many are named where several may be meant, or all where there are no more."""
NEAREST = 6
ALIKE = 0.3
SHORTEST = 2
DASHES = re.compile("[‐‑‒–—―−]+")
NOT_SPOKEN = re.compile(r"[^\w.\-]+")
AMOUNT = re.compile("(人数|总数|数量)$")


def spelled(text: str) -> str:
    """The text as names are compared: full-width and half-width, spaces, brackets, quotes and dashes are alike."""
    plain = DASHES.sub("-", unicodedata.normalize("NFKC", text).casefold())
    return AMOUNT.sub("数", NOT_SPOKEN.sub("", plain))


def called(word: str, known: Names) -> tuple[str, ...]:
    """The codes of all that may be meant, in their order: whose name the word is, or else those of which it is a part,
    or else those whose name has its characters in this order (卫校 of 卫生学校). Nothing when there is none."""
    said = spelled(word)
    spellings = {code: [spelled(name) for name in (code, *names)] for code, names in known.items()}
    for fits in (_is_whole, _is_part, _is_abbreviation):
        if found := tuple(code for code, names in spellings.items() if any(fits(said, name) for name in names)):
            return found
    return ()


def _is_whole(said: str, name: str) -> bool:
    return said == name


def _is_part(said: str, name: str) -> bool:
    return len(said) >= SHORTEST and said in name


def _is_abbreviation(said: str, name: str) -> bool:
    characters = iter(name)
    return len(said) >= SHORTEST and all(character in characters for character in said)


def the_one_called(what: str, word: str, known: Names, told: Callable[[str, str], str] | None = None) -> str:
    """The code of the one thing that is meant; `what` says in Chinese what kind of thing it is.

    `told` words a code and its name for a message. Raises LookupError, in Chinese, when several may be meant or none,
    with the nearest.
    """
    found = called(word, known)
    if len(found) == 1:
        return found[0]
    if not found:
        near, lead = (known, "有") if len(known) <= FEW else (nearest_called(word, known), "最接近的")
        raise LookupError(f"没有{what}“{word}”" + (f"；{lead}：{_told(near, known, told)}" if near else "") + "。")
    raise LookupError(f"“{word}”可以指 {len(found)} 个{what}：{_told(found, known, told)}。请写全名或代码。")


def nearest_called(word: str, known: Names) -> tuple[str, ...]:
    """The codes of the few things whose names are most like a word, the most alike first."""
    said = spelled(word)
    likeness = {
        code: max(SequenceMatcher(None, said, spelled(name)).ratio() for name in (code, *names))
        for code, names in known.items()
    }
    alike = [code for code in known if likeness[code] >= ALIKE]
    return tuple(sorted(alike, key=lambda code: -likeness[code])[:NEAREST])


def _told(codes: Collection[str], known: Names, told: Callable[[str, str], str] | None) -> str:
    told = told or (lambda code, name: name if name == code else f"{name}（{code}）")
    shown = [told(code, next(iter(known[code]), code)) for code in list(codes)[:FEW]]
    return "、".join(shown) + (f" 等 {len(codes)} 个" if len(codes) > FEW else "")


def names_by_code(rows: Iterable[tuple[str, str | None]]) -> dict[str, list[str]]:
    """Code → its names in their order, of (code, name) in which a code may come again."""
    found: dict[str, list[str]] = {}
    for code, name in rows:
        if name and name not in found.setdefault(code, []):
            found[code].append(name)
    return found
