"""Names find the indicator of a printed figure: by its code, by the report's usual name for it, or by the closest name.

The names are the catalogue's labels, the headings of the sheets, the rows of the report's tables, the further names
of `names.yml`, and the labels of the city's own lists of printed figures from earlier years.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import log
from pathlib import Path

from sources.declarations.city import City
from sources.declarations.codelist import load_codelists
from sources.declarations.contract import load_contracts
from sources.declarations.pack import WORD, Pack, said_everywhere
from sources.declarations.problem import meant
from sources.declarations.strict_yaml import Declaration, read_document
from warehouse.catalogue.catalogue import Catalogue
from warehouse.figures.fact import CHANGE, SCHOOL_SCOPE, STANDARD, TARGET, VALUE, Kind, Reference
from warehouse.reconcile.reading.figure_list import read_list
from warehouse.reconcile.reading.printed_figure import PrintedFigure

CLOSE_ENOUGH = 0.5
CLEARLY_BETTER = 0.04
SURE = 0.8
SHORT = 3
CHANGE_WORDS = re.compile(r"-?(比上年|较上年|与上年相比|同比)?(变化|增减|增加|减少|增长|下降|新增)?(情况|数)?$")
KIND_ENDING = {CHANGE: CHANGE_WORDS, STANDARD: re.compile("(设置)?(标准|要求)"), TARGET: re.compile("新增|目标")}
KIND_WORDS: Mapping[Kind, tuple[str, ...]] = {
    STANDARD: ("标准", "要求"),
    TARGET: ("目标",),
    CHANGE: ("变化", "增减", "比上年", "较上年", "同比"),
}


@dataclass(frozen=True)
class Meaning:
    """The fact that a figure speaks of, and how that was found: code, name, similar, context; none when it was not."""

    fact: Reference | None
    how: str
    likeness: float = 0.0


@dataclass(frozen=True, slots=True)
class NameMatch:
    """The indicator whose name is, or is closest to, a label; none when none is close, or two are about as close."""

    indicator: str | None = None
    how: str = "none"
    """name, similar or none."""
    likeness: float = 0.0


@dataclass(frozen=True, slots=True)
class UnderstoodFigure:
    """A printed figure at its position in the print, with what it speaks of."""

    position: int
    figure: PrintedFigure
    meaning: Meaning
    fact: Reference | None
    """None for a figure without a number, one that was not understood, and one that was probably read wrong."""
    is_doubtful: bool = False
    """Whether it was probably read wrong."""
    asked_scope: str = ""
    """The scope that one would suppose, where the number is right in another one only."""
    other_readings: tuple[Reference, ...] = ()
    """What its words may mean as well, where the number is right in one reading only."""


def is_of_wider_region(label: str) -> bool:
    return label.startswith(of_wider_region())


@dataclass(frozen=True)
class Name:
    text: str
    """Normalised."""
    indicator: str
    is_of_wider_region: bool = False
    is_own: bool = False
    """The indicator's own label, which goes before all others."""


@dataclass(frozen=True, slots=True)
class SpokenName:
    """A name, and the pairs of characters that it shows in a sentence."""

    name: Name
    pairs: frozenset[str]


class NamesOfEach(Declaration):
    """A further name for each code of a code list."""

    for_each: str
    code: str
    name: str


class Words(Declaration):
    """The content of names.yml, which explains each part."""

    same: dict[str, str]
    units: dict[str, tuple[str, ...]]
    names: dict[str, tuple[str, ...]]
    levels: dict[str, str]
    prizes: str
    prize_kinds: tuple[str, ...]
    either: dict[str, tuple[str, ...]]
    says_no_more: str
    said_only_of: dict[str, str]
    each: tuple[NamesOfEach, ...]


@lru_cache
def words() -> Words:
    """The declarations of names.yml. Raises DeclarationError."""
    read = read_document(_names_file()).parsed(Words)
    same = {as_all_say(pattern): text for pattern, text in read.same.items()}
    levels = {name: as_all_say(pattern) for name, pattern in read.levels.items()}
    return read.model_copy(update={"same": same, "levels": levels})


def as_all_say(pattern: str) -> str:
    """A pattern with each word in ${} as the packs of all provinces say it."""
    return WORD.sub(lambda found: "|".join(said_everywhere(found[1])), pattern)


@lru_cache
def of_wider_region() -> tuple[str, ...]:
    """Words at the head of a name that speaks of the region above the city."""
    return tuple(dict.fromkeys("|".join(said_everywhere("said_of_whole_province")).split("|")))


def _names_file() -> Path:
    return Path(__file__).with_name("names.yml")


def either_of(text: str, catalogue: Catalogue) -> tuple[str, ...]:
    """The indicators of which the words may mean any: 在校生 is said of all and of those in full time."""
    bare = re.sub(words().says_no_more, "", normal(text))
    for said, codes in words().either.items() if bare else ():
        if bare in {re.sub(words().says_no_more, "", normal(each)) for each in said.split("|")}:
            return tuple(code for code in codes if code in catalogue.indicators)
    return ()


def further_names(catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    """(Name, code of its indicator) as names.yml gives them. Raises DeclarationError for an unknown indicator."""
    known = catalogue.indicators
    for code, texts in words().names.items():
        if code not in known:
            fault = f"there is no indicator `{code}`{meant(code, known, 'en')}"
            raise read_document(_names_file()).fault(("names", code), fault)
        yield from ((text, code) for text in texts)


def normal(text: str) -> str:
    """A name in the form for comparing: half-width, without punctuation and the words that distinguish nothing."""
    text = re.sub(r"\W", "", unicodedata.normalize("NFKC", text)).lower()
    for old, new in words().same.items():
        text = re.sub(old, new, text)
    return text


@lru_cache
def unit_kind(unit: str) -> str:
    """Units that may stand for each other have the same kind: 人 and 名, % and 百分点, 元 and 万元."""
    if "/" in unit or unit.startswith(":"):
        return unit[:1] if unit.startswith(":") else "/"
    bare = re.sub("^(百万|千万|千|万|亿)", "", unit)
    for kind, units in words().units.items():
        if bare in units:
            return str(kind)
    return bare


class Names:
    """Every known name with its indicator, and how telling each pair of characters is."""

    def __init__(self, catalogue: Catalogue, names: Iterable[Name]) -> None:
        self.catalogue = catalogue
        self.names = list(dict.fromkeys(names))
        seen = Counter(pair for name in {n.text: n for n in self.names}.values() for pair in pairs(name.text))
        self.weight = {pair: log(1 + len(self.names) / count) for pair, count in seen.items()}
        self.unknown = log(1 + len(self.names))
        self.sets = [(name, pairs(name.text)) for name in self.names]
        self.of_kind: dict[str, list[tuple[Name, frozenset[str]]]] = {}
        """The names of indicators whose unit is of a kind: asked for once for each cell of a table."""
        for name, found in self.sets:
            self.of_kind.setdefault(unit_kind(catalogue.indicators[name.indicator].unit), []).append((name, found))
        # in a sentence a number stands where a name has 数
        self.spoken = [
            SpokenName(name, pairs(re.sub("(人|总)?数$", "", name.text) or name.text)) for name in self.names
        ]

    def weigh(self, found: Iterable[str]) -> float:
        return sum(self.weight.get(pair, self.unknown) for pair in found)

    def find(self, label: str, unit: str, wider: bool = False, among: Collection[str] | None = None) -> NameMatch:
        """The indicator that a label names; `wider` is for labels of the region above, `among` limits the choice."""
        text = normal(label)
        of_unit = self.of_kind.get(unit_kind(unit), []) if unit else self.sets
        fitting = of_unit if among is None else [(name, found) for name, found in of_unit if name.indicator in among]
        same = [name for name, _ in fitting if name.text == text and name.is_of_wider_region == wider]
        for exact in ({name.indicator for name in same if name.is_own}, {name.indicator for name in same}):
            if len(exact) == 1:
                return NameMatch(exact.pop(), "name", 1.0)
        asked = pairs(text)
        scores: dict[str, float] = {}
        for name, found in fitting:
            common = self.weigh(asked & found)
            score = 2 * common / (self.weigh(asked) + self.weigh(found)) if common else 0.0
            score -= 0.2 * (name.is_of_wider_region != wider)
            scores[name.indicator] = max(score, scores.get(name.indicator, 0.0))
        ranked = sorted(scores.items(), key=lambda item: -item[1])[:2]
        if not ranked or ranked[0][1] < CLOSE_ENOUGH:
            return NameMatch()
        if len(ranked) > 1 and ranked[0][1] - ranked[1][1] < CLEARLY_BETTER:
            return NameMatch()
        return NameMatch(ranked[0][0], "similar", ranked[0][1])


def pairs(text: str) -> frozenset[str]:
    return frozenset(text[i : i + 2] for i in range(len(text) - 1)) or frozenset({text})


@lru_cache
def load_names(catalogue: Catalogue, published: tuple[Path, ...] = ()) -> Names:
    """All names; `published` are lists of printed figures in the project's own form, whose labels are names too.

    Raises DeclarationError when names.yml names an indicator that the catalogue does not have.
    """
    names = [*_catalogue_names(catalogue)]
    for path in published:
        for figure in read_list(path):
            if figure.codes and figure.codes.indicator in catalogue.indicators:
                indicator = catalogue.indicators[figure.codes.indicator]
                bare = CHANGE_WORDS.sub("", figure.label) if figure.codes.kind == CHANGE else figure.label
                names.append(Name(normal(bare), indicator.code, is_of_wider_region(indicator.label)))
    return Names(catalogue, names)


def bare_title(title: str) -> str:
    """A table's title without years, placeholders and the words that every title has."""
    return re.sub(r"\{\w+\}|20\d\d|[年度—-]|^在|情况|分析|总体", "", title.replace("{city}在", ""))


@lru_cache
def _catalogue_names(catalogue: Catalogue) -> tuple[Name, ...]:
    labels: list[tuple[str, str]] = []
    known, measures, by_measure = catalogue.indicators, catalogue.measures, catalogue.sums
    for indicator in known.values():
        labels += [(measures[code].label, indicator.code) for code in indicator.numerator if code in by_measure
                   and by_measure[code] == indicator.code]  # fmt: skip
    for contract in load_contracts(catalogue.pack):
        for column in contract.columns:
            if column.name in by_measure:
                labels += [(text, by_measure[column.name]) for text in (column.label, *column.aliases)]
    for table in catalogue.tables.values():
        # a row that only makes sense below another one names nothing by itself
        labels += [
            (row.group + re.sub("（.*?）", "", row.label), row.indicator)
            for row in table.rows
            if len(row.label) > SHORT
        ]
        if table.layout == "years":
            # such a table's title says what its columns count
            labels += [(bare_title(table.title) + heading, name) for name, heading in table.columns.items()]
    labels += further_names(catalogue)
    for entry in words().each:
        for code in load_codelists(catalogue.pack)[entry.for_each].codes:
            labels.append((entry.name.format(each_label=code.label), entry.code.format(each=code.code)))
    own = [Name(normal(i.label), i.code, is_of_wider_region(i.label), True) for i in known.values()]
    others = ((text.removeprefix("其中："), code) for text, code in labels if code in known)
    return (*own, *(Name(normal(text), code, is_of_wider_region(text)) for text, code in others))


def subject_of(text: str, city: City) -> str | None:
    """The code of a school or of the city; None for anybody else."""
    if text in city.respondent_by_code or text == city.code:
        return text
    if text in ("全市", "", city.name, "标准", "目标"):
        return city.code
    return next((r.code for r in city.respondents if r.name == text and r.kind == SCHOOL_SCOPE), None)


def scope_of(text: str, city: City) -> str | None:
    """The scope that a report's words mean: its code or label, or by what 不含… leaves out; None when they say none."""
    plain = normal_scope(text)
    for scope in city.scopes:
        if text == scope.code or plain == normal_scope(scope.label):
            return scope.code
    if "不含" in text:
        left_out = _left_out(city.pack, text.partition("不含")[2])
        return next((s.code for s in city.scopes if left_out and s.exclusions == left_out), None)
    named = [s for s in city.scopes if s.exclude and len(normal_scope(s.label)) > 1]
    return next((s.code for s in named if normal_scope(s.label) in plain and "不含" not in s.label), None)


def normal_scope(text: str) -> str:
    return re.sub(r"中等职业学校|中职学校|职业学校|学校|中职|[\W_]", "", text)


def _left_out(pack: Pack, text: str) -> frozenset[tuple[str, str]]:
    """The attributes named after 不含: 技工学校、民办."""
    lists = {"category": "school_category", "affiliation": "affiliation", "ownership": "ownership"}
    found: set[tuple[str, str]] = set()
    for part in re.split("[、，,和及与]|也不含|不含", text):
        for attribute, name in lists.items():
            labels = {code.code: normal_scope(code.label) for code in load_codelists(pack)[name].codes}
            named = {code: label for code, label in labels.items() if label and label in part}
            # 高级技工学校 names one kind, not 技工学校 as well
            found |= {
                (attribute, code)
                for code, label in named.items()
                if not any(label != other and label in other for other in named.values())
            }
    return frozenset(found)


def kind_of(figure: PrintedFigure) -> Kind:
    if figure.subject in ("标准",):
        return STANDARD
    for kind, marks in KIND_WORDS.items():
        if figure.scope == marks[0] or any(figure.label.endswith(mark) for mark in marks):
            return kind
        if kind == CHANGE and any(mark in figure.label for mark in marks):
            return kind
    return VALUE


def meaning(figure: PrintedFigure, names: Names, city: City) -> Meaning:
    """What the figure speaks of; never raises."""
    if figure.context:
        return Meaning(figure.codes, "context" if figure.codes else "none", figure.likeness)
    if figure.codes is not None:
        known = figure.codes.indicator in names.catalogue.indicators
        return Meaning(figure.codes if known else None, "code" if known else "none", float(known))
    subject = subject_of(figure.subject, city)
    kind = kind_of(figure)
    if figure.year is None or figure.value is None:
        return Meaning(None, "none")
    label, part_scope = _without_scope(figure.label, city)
    among = None
    if kind == STANDARD:
        among = {standard.indicator for standard in names.catalogue.standards}
    if kind == TARGET:
        among = {target.indicator for target in city.targets}
    bare = KIND_ENDING[kind].sub("", label) if kind in KIND_ENDING else label
    # a unit that does not fit is a reason to look closer, not to give up
    for unit, least in ((figure.unit, 0.0), ("", SURE)):
        tries = [names.find(text, unit, subject is None, among) for text in dict.fromkeys((figure.label, bare))]
        best = max(tries, key=lambda match: match.likeness)
        if best.indicator is not None and best.likeness >= least:
            break
    else:
        return Meaning(None, "none")
    if subject not in (None, city.code):
        scope = SCHOOL_SCOPE
    else:
        scope = part_scope or scope_of(figure.scope, city) or city.scopes[0].code
    return Meaning(Reference(best.indicator, figure.year, subject or city.code, scope, kind), best.how, best.likeness)


def _without_scope(label: str, city: City) -> tuple[str, str | None]:
    """A label that ends in a scope (中等职业学校数-市属) without it."""
    bare, _, last = label.rpartition("-")
    scope = scope_of(last, city) if bare else None
    return (bare, scope) if scope else (label, None)
