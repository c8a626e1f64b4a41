"""Whether everything that a reader will read is finished, and in words that are allowed; if not, what and where."""

import re
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import duckdb

from sources.declarations.city import City
from sources.declarations.strict_yaml import Declaration, load
from sources.system.faults import ToldError
from sources.system.hands import Hands, Shared, in_portions
from sources.system.plain_text import cut_short
from warehouse.release.item import Listed
from warehouse.release.proofread.passages import Passage, passages, read_files
from warehouse.store.sql import query

LATIN = re.compile(r"[A-Za-z]{2,}")
IN_PIECES = re.compile(r"[A-Za-z]+(?:\n[A-Za-z]+)+")
TOLD, SHOWN_OF_A_PASSAGE = 20, 60
AROUND = 20
SAID_BY_OTHERS = (
    ("registry.cell", "raw_text"),
    ("registry.submission", "file_name"),
    ("registry.submission", "revision_reason"),
    ("registry.submission", "decision_reason"),
    ("registry.explanation", "reason"),
    ("registry.explanation", "author"),
    ("registry.explanation", "value"),
    ("registry.finding", "message"),
    ("registry.finding", "suggestion"),
    ("reference.respondent", "name"),
    ("reference.respondent_period", "name"),
    ("reference.region", "name"),
    ("reference.region_period", "name"),
    ("reference.scope", "label"),
    ("reference.scope", "description"),
    ("reference.scope_period", "label"),
    ("reference.scope_period", "description"),
    ("reference.change", "told"),
    ("reference.target", "source"),
    ("reference.published_figure", "label"),
)
"""Where what respondents typed and what the bureau calls things stands: their words are theirs."""


class _Allowed(Declaration):
    """allowed.yml."""

    words: tuple[str, ...]
    codes: tuple[str, ...]
    unfinished: tuple[str, ...]
    exempt: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stray:
    """Something in a passage that must not be released: `what` is wrong, and the text itself."""

    passage: Passage
    what: str
    text: str

    @property
    def line(self) -> str:
        """As it is told: the file, the place in it, what, and the text around it."""
        whole = " ".join(self.passage.text.split())
        at = max(0, whole.find(self.text) - AROUND)
        around = f"{'…' if at else ''}{cut_short(whole[at:], SHOWN_OF_A_PASSAGE)}"
        return f"{self.passage.file}，{self.passage.place}：{self.what}“{self.text}”（{around}）"


class UnfinishedTextError(ToldError):
    """A release would say what is not finished or not allowed; nothing has been released."""

    def __init__(self, strays: Iterable[Stray]) -> None:
        self.strays = tuple(strays)
        more = len(self.strays) - TOLD
        super().__init__(
            "\n".join(
                (
                    "给读者看的文字里有没写完的话，或没有登记的外文词，没有发布：",
                    *(each.line for each in self.strays[:TOLD]),
                    *([f"……另有 {more} 处"] if more > 0 else []),
                    "没写完的，请改报告模板或声明；外文词确实要用的，写在城市文件夹的 publication.yml 的 words 里",
                )
            )
        )


def refuse_unfinished_text(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    city: City,
    listed: Sequence[Listed],
    hands: Hands | None = None,
) -> None:
    """Raises UnfinishedTextError when a file of a release that was made from the database says what it must not.

    `listed` is the release's list: a reason that somebody gave stands in footnotes and is theirs. `hands` take a share
    of the reading.
    """
    quoted = said_by_others(connection, (each.settled.reason for each in listed if each.settled))
    if found := strays(folder, frozenset(city.publication.words), quoted, hands):
        raise UnfinishedTextError(found)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a release's files are read with: words that are known (in small letters), and what others said."""

    known: frozenset[str]
    quoted: str


def strays(folder: Path, own: frozenset[str], quoted: str, hands: Hands | None = None) -> list[Stray]:
    """What must not stand in a release's files, each text once a file, in the order of the files.

    `own` are the city's own allowed words; `quoted` is what others said (`said_by_others`), which is not ours to mend.
    """
    hands, allowed = hands or Hands(), _allowed()
    known = frozenset(word.casefold() for word in (*allowed.words, *own, *LATIN.findall(quoted)))
    reading = hands.shared(_Reading(known, quoted))
    files = in_portions(read_files(folder, frozenset(allowed.exempt)))
    return [stray for found in hands.share(partial(_strays_in, folder, reading), files) for stray in found]


def _strays_in(folder: Path, shared: Shared[_Reading], files: Sequence[Path]) -> list[Stray]:
    """What must not stand in some of the files, each text once a file."""
    reading = shared.value
    found: dict[tuple[str, str], Stray] = {}
    sound: set[str] = set()
    for passage in (passage for path in files for passage in passages(path, folder)):
        if passage.text not in sound:
            of_passage = (*_unfinished(passage, reading.quoted), *_foreign(passage, reading.known))
            for stray in of_passage:
                found.setdefault((passage.file, stray.text), stray)
            sound |= set() if of_passage else {passage.text}
    return list(found.values())


def said_by_others(connection: duckdb.DuckDBPyConnection, more: Iterable[str] = ()) -> str:
    """Every text that respondents and the bureau wrote, of the database and `more`, a line each."""
    rows = [
        text
        for table, column in SAID_BY_OTHERS
        for (text,) in query(
            connection,
            f"select distinct {column} from {table} where {column} is not null order by 1",
        ).rows()
    ]
    return "\n".join((*rows, *more))


@lru_cache
def _allowed() -> _Allowed:
    return load(Path(__file__).with_name("allowed.yml"), _Allowed)


@lru_cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What is unfinished, and what is no word."""
    return re.compile("|".join(_allowed().unfinished)), re.compile("|".join(_allowed().codes))


def _unfinished(passage: Passage, quoted: str) -> Iterator[Stray]:
    """Without regard to where a line breaks."""
    for text in (passage.text, "".join(passage.text.split())):
        for found in _patterns()[0].finditer(text):
            if found.group() not in quoted:
                yield Stray(passage, "没写完的话", found.group())


def _foreign(passage: Passage, known: Set[str]) -> Iterator[Stray]:
    text = IN_PIECES.sub(lambda found: "\n".join(whole_words(found.group().split("\n"), known)), passage.text)
    for word in LATIN.findall(_patterns()[1].sub(" ", text)):
        if word.casefold() not in known:
            yield Stray(passage, "没有登记的词", word)


def whole_words(pieces: list[str], known: Set[str]) -> Iterator[str]:
    """The pieces, those together that make a known word: a page of a PDF may draw one in several runs."""
    while pieces:
        ends = (end for end in range(len(pieces), 1, -1) if "".join(pieces[:end]).casefold() in known)
        end = next(ends, 1)
        yield "".join(pieces[:end])
        pieces = pieces[end:]
