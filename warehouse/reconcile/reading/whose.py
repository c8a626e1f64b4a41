"""Whose a printed number is, and of what kind: another place's, a part's, a plan, a mean, a sum of several years.

Such a number is not the city's of the year, and is not judged against it. The words are those of `whose.yml`; the
city's own regions and schools, and the classes of schools, are those of its declarations.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from sources.declarations.city import City, Region
from sources.declarations.codelist import load_codelists
from sources.declarations.pack import REGIONS
from sources.declarations.strict_yaml import Declaration, read_document
from warehouse.reconcile.reading.names import as_all_say, of_wider_region

CLAUSE_END = re.compile("[，。；：]")
HAN = "[\u4e00-\u9fff]"
LONGEST_STEM = 7
SHORTEST_NAME = 2
ANOTHER_PLACE, OF_A_PART, OF_A_SCHOOL = "别处", "一部分学校", "别的学校"
BETWEEN_NAMES = ("、", "和", "与", "及", "以及")
CLASSES = ("ownership", "affiliation", "school_category")


@dataclass(frozen=True, slots=True)
class Whose:
    """What a number that is not the city's own of the year is of."""

    kind: str
    told: str
    """In the memo."""
    is_sure: bool = True
    """Otherwise it may be the city's all the same: a right number is right, and none is called wrong."""
    of_clause: bool = False
    """Whether it ends with the clause, and not with the sentence."""
    name: str = ""
    """What an indicator's own name has in it that is of this very kind: 民办 in 民办学校数, 省级 in 省级培训教师数."""
    region: str = ""
    """The code of the city's own region that the place is."""


@dataclass(frozen=True, slots=True)
class Mention:
    """Words in a sentence that say whose the numbers after them are; of nobody else when they name the city."""

    start: int
    end: int
    whose: Whose | None


class KindOfNumber(Declaration):
    """A kind of number that is no count of the year, with the words before it."""

    reason: str
    words: str
    of_clause: bool = False
    is_sure: bool = True
    unless_in_name: tuple[str, ...] = ()
    until: str | None = None


class WhoseWords(Declaration):
    """The content of whose.yml, which explains each part."""

    place_endings: tuple[str, ...]
    no_places: tuple[str, ...]
    places: tuple[str, ...]
    before_names: str
    no_place_before: str
    own_parts: tuple[str, ...]
    all_of: tuple[str, ...]
    pointing: tuple[str, ...]
    only_in_a_name: str
    offices: str
    subject_after: str
    school_endings: str
    of_any_school: str
    other_schools: tuple[str, ...]
    there_are: str
    counted_in: str
    gone_to: str
    says_nothing: str
    narrow: tuple[str, ...]
    in_turn: str
    described: str
    changed: str
    of_scope: str
    any_school: str
    school_itself: str
    kinds: tuple[KindOfNumber, ...]
    growth: str
    year_before: str
    this_year: str
    totals: tuple[str, ...]
    subtotals: tuple[str, ...]
    parts_of_headings: tuple[str, ...]
    empty_headings: tuple[str, ...]
    unit_headings: tuple[str, ...]
    remark_headings: tuple[str, ...]
    not_additive: str
    some_only: str
    all_schools: str
    counted_schools: str
    left_out: str
    taken_in: str
    units_of_speech: tuple[str, ...]
    rough: str


OF_GROWTH = Whose("增减的百分比", "是比上年增减的百分比，报告没有印出与它对应的两个数，不能核对")


@lru_cache
def whose_words() -> WhoseWords:
    """The declarations of whose.yml. Raises DeclarationError."""
    read = read_document(Path(__file__).with_name("whose.yml")).parsed(WhoseWords)
    endings = tuple(ending for each in read.place_endings for ending in as_all_say(each).split("|"))
    return read.model_copy(update={"place_endings": endings, "of_any_school": as_all_say(read.of_any_school)})


class PlaceNames(Declaration):
    """The content of provinces.yml and prefectures.yml."""

    names: tuple[str, ...]


@lru_cache
def provinces() -> tuple[str, ...]:
    """The short names of all provinces. Raises DeclarationError."""
    return read_document(REGIONS / "provinces.yml").parsed(PlaceNames).names


@lru_cache
def prefectures() -> tuple[str, ...]:
    """The short names of cities and autonomous prefectures. Raises DeclarationError."""
    return read_document(REGIONS / "prefectures.yml").parsed(PlaceNames).names


def is_own_name(name: str, city: City) -> bool:
    """Whether a name means all of the city: 钦州市, 钦州, 全市, 我市."""
    return name in own_names(city)


def own_names(city: City) -> tuple[str, ...]:
    """What the city is called; 全市 in a city, 全县 in a county."""
    level = city.name[-1]
    short = (city.name[:-1],) if len(city.name) > 2 and level in whose_words().place_endings else ()
    return (city.name, *short, *all_names(city))


def as_of_a_city(text: str, city: City) -> str:
    """A text with 全市 for 全区 in a district, for 全省 in a province: elsewhere these are wider regions. As long as
    before."""
    said = "|".join(map(re.escape, all_names(city)))
    return re.sub(f"(?:{said})(?!{whose_words().no_place_before})", lambda found: f"{found.group()[:-1]}市", text)


def all_names(city: City) -> tuple[str, ...]:
    """全市, 我市, 本市; 全县 in a county."""
    return tuple(f"{word}{city.name[-1]}" for word in whose_words().all_of)


def whose_number(before: str, city: City, carried: Whose | None = None) -> Whose | None:
    """Whose the number is that stands after the words of its sentence; None when it is the city's own, or a school's.

    `carried` is whose the sentence before was; the names of known schools are blanked out with □.
    """
    found, end = carried, 0
    for mention in mentions(before, city):
        if mention.whose is None or not mention.whose.of_clause or not CLAUSE_END.search(before, mention.end):
            found, end = mention.whose, mention.end
    if found is None or found.kind != OF_A_PART:
        return found
    if re.search(whose_words().any_school, before[end:]):
        return None
    return replace(found, is_sure=CLAUSE_END.search(before, end) is None)


def blanked(text: str, names: Sequence[str]) -> str:
    """A sentence as long as before, with □ for the names of the city's schools, and without what says the scope."""
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, "□" * len(name))
    return re.sub(whose_words().of_scope, lambda scope: "·" * len(scope.group()), text)


def kind_of_number(before: str) -> tuple[Whose, tuple[str, ...]] | None:
    """The kind of a number that is no count of the year, by the words before it, and the words that make an indicator
    one of this kind by its name; None for all others."""
    for kind in whose_words().kinds:
        last = list(re.finditer(kind.words, before))
        if not last or (kind.until and re.search(kind.until, before[last[-1].end() :])):
            continue
        if not (kind.of_clause and CLAUSE_END.search(before, last[-1].start())):
            each = re.fullmatch("([校班师户组])均|每一?([校班])", last[-1].group())
            # a mean of each class is no mean of each student
            unless = (f"{each[1] or each[2]}均",) if each else kind.unless_in_name
            return Whose(kind.reason, f"是{kind.reason}", kind.is_sure, kind.of_clause), unless
    return None


def mentions(text: str, city: City) -> list[Mention]:
    """Every mention of the city, of another place, of some of its schools and of an unknown school, in order."""
    own, places = list(_own(text, city)), list(_joined(_places(text, city), text, city))
    strange = [each for each in _unknown_schools(text, city) if not _overlaps(each, places)]
    # 钦州市第九中专 is not the city
    own = [each for each in own if not _overlaps(each, strange)]
    parts = [*_parts(text, city), *_other_schools(text, city)]
    others = [each for each in (*places, *parts) if not _overlaps(each, [*own, *strange])]
    return sorted([*own, *strange, *others], key=lambda mention: mention.end)


def _overlaps(mention: Mention, others: Sequence[Mention]) -> bool:
    return any(other.start < mention.end and mention.start < other.end for other in others)


def _own(text: str, city: City) -> Iterator[Mention]:
    names = "|".join(map(re.escape, own_names(city)))
    # a known school, blanked out, is ours as well
    for match in re.finditer(f"(?:{names})(?!{whose_words().no_place_before})|□+", text):
        yield Mention(match.start(), match.end(), None)


def _places(text: str, city: City) -> Iterator[Mention]:
    words = whose_words()
    known = {*words.places, *provinces(), *of_wider_region(), *_declared(city), *_districts(city)}
    own = own_names(city)
    cities = _any_of(tuple(name for name in prefectures() if name not in own))
    names = _any_of(tuple(sorted(known, key=len, reverse=True)))
    names = f"(?:{cities})(?:(?:{'|'.join(words.place_endings)})(?!{words.no_place_before}))?|{names}"
    endings = "|".join(words.place_endings)
    pattern = rf"(?P<known>{names})|(?P<stem>{HAN}{{0,{LONGEST_STEM}}}?)(?P<end>{endings})(?!{words.no_place_before})"
    position = 0
    while (match := _first_place(pattern, names, text, position)) is not None:
        position = match.end()
        name = match["known"] or re.split(words.before_names, match["stem"])[-1] + match["end"]
        start = match.end() - len(name)
        if match["known"] is None and (
            any(name.endswith(word) for word in words.no_places)
            or name == match["end"]
            or name[: -len(match["end"])].endswith(words.pointing)
        ):
            continue
        yield from _place(name, start, match.end(), text, city)


@lru_cache
def _any_of(names: tuple[str, ...]) -> str:
    """A pattern of any of the names."""
    return "|".join(map(re.escape, names))


def _joined(places: Iterator[Mention], text: str, city: City) -> Iterator[Mention]:
    """Places of which one directly follows the other as one: 浙江全省, 南宁市青秀区, 苏州市、无锡市."""
    last: Mention | None = None
    for mention in places:
        between = text[last.end : mention.start] if last is not None else ""
        if (
            last is not None
            and between in ("", *BETWEEN_NAMES)
            and last.whose is not None
            and mention.whose is not None
        ):
            told = _of_place(text[last.start : mention.end], city)
            # the second one is a part of the first one, or there are two
            lies_in = not between and last.whose.region in city.region_paths.get(mention.whose.region, ())
            region = mention.whose.region if lies_in else ""
            last = Mention(last.start, mention.end, replace(last.whose, told=told, region=region))
        else:
            last = mention
        yield last


def _first_place(pattern: str, names: str, text: str, position: int) -> re.Match[str] | None:
    """The next place; a known name inside what would be the stem of another one goes first."""
    match = re.compile(pattern).search(text, position)
    if match is None or match["known"]:
        return match
    known = re.compile(f"(?P<known>{names})(?P<stem>)(?P<end>)").search(text, match.start())
    return known if known and known.end() <= match.end() and known.start() > match.start() else match


def _place(name: str, start: int, end: int, text: str, city: City) -> Iterator[Mention]:
    words, before, after = whose_words(), text[:start], text[end:]
    if any(name.endswith(own) for own in own_names(city)):
        yield Mention(start, end, None)
    elif not re.match(words.only_in_a_name, after):
        is_subject = re.search(words.subject_after, before) is not None and not re.match(words.offices, after)
        told = _of_place(name, city)
        whose = Whose(ANOTHER_PLACE, told, is_subject, not is_subject, name, region_of_name(name, city))
        yield Mention(start, end, whose)


def region_of_name(name: str, city: City) -> str:
    """The code of the city's only region of the name, with or without 县 and 区; "" for any other place."""
    named = [r.code for r in city.regions if r.code != city.code and name in names_of_region(r)]
    return named[0] if len(named) == 1 else ""


def _of_place(name: str, city: City) -> str:
    return f"说的是{name}，不是{city.name}"


def _declared(city: City) -> Iterator[str]:
    """The city's own districts and counties: places, of which each is only a part of it."""
    return (region.name for region in city.regions if region.code != city.code)


def _districts(city: City) -> Iterator[str]:
    """The same without 县 and 区: 灵山 for 灵山县."""
    return (short for name in _declared(city) if (short := _short(name)) != name)


def names_of_region(region: Region) -> tuple[str, ...]:
    """The longest first."""
    return tuple(dict.fromkeys((region.name, _short(region.name))))


def _short(name: str) -> str:
    return name[:-1] if len(name) > SHORTEST_NAME and name.endswith(("县", "区", "市")) else name


def _parts(text: str, city: City) -> Iterator[Mention]:
    """Mentions of some of the schools: 民办学校, 市直学校."""
    labels = "|".join(map(re.escape, class_labels(city)))
    if not labels:
        return
    for match in re.finditer(rf"(?P<label>{labels})(?:中等职业|中职|职业)?(?P<school>学校|院校|校(?!级))?", text):
        label = match["label"]
        if match["school"] is None and not re.search("学校|学院", label):
            continue
        if re.search("含[^，。；）]*$", text[: match.start()]):
            continue
        told = f"只是{label if '学' in label else f'{label}学校'}的数，不是全部学校的"
        yield Mention(match.start(), match.end(), Whose(OF_A_PART, told, True, False, re.sub("学校$", "", label)))


def _other_schools(text: str, city: City) -> Iterator[Mention]:
    """Mentions of schools of another kind that the sentence is about: 幼儿园, 全市普通高中."""
    words = whose_words()
    ours = re.compile(f"(?:{'|'.join(map(re.escape, own_names(city)))}){words.there_are}")
    for match in re.finditer("|".join(words.other_schools), text):
        before = text[: match.start()]
        is_subject = re.search(words.subject_after, before) or ours.search(before)
        if re.search(words.counted_in, before):
            told = f"连{match.group()}也算在内，不只是中等职业学校"
            yield Mention(match.start(), match.end(), Whose(OF_A_PART, told, True, False, match.group()))
            continue
        if is_subject and not re.search(words.gone_to, before):
            told = f"说的是{match.group()}，不是中等职业学校"
            yield Mention(match.start(), match.end(), Whose(OF_A_PART, told, True, False, match.group()))


def class_labels(city: City) -> list[str]:
    """The names of classes of schools, the longest first; not of the class that nearly all are in."""
    lists = load_codelists(city.pack)
    usual = lists["school_category"].codes[0]
    labels = {code.label for name in CLASSES for code in lists[name].codes if code != usual}
    return sorted((re.sub("（.*?）", "", label) for label in labels), key=len, reverse=True)


def _unknown_schools(text: str, city: City) -> Iterator[Mention]:
    words = whose_words()
    for match in re.finditer(rf"[^，。；：、（）“”□\d\W]{{0,20}}?(?:{words.school_endings})(?!数|类|教育)", text):
        name = re.split(words.before_names, match.group())[-1]
        own = re.sub(f"(?:学校|学院|职校|中专|职高|技校)$|{words.of_any_school}|{'|'.join(own_names(city))}", "", name)
        start = match.end() - len(name)
        if len(own) >= SHORTEST_NAME:
            is_subject = re.search(words.subject_after, text[:start]) is not None
            told = f"说的是{name}，不是名册中的学校，也不是{city.name}"
            yield Mention(start, match.end(), Whose(OF_A_SCHOOL, told, False, not is_subject, name))


def unsure(whose: Whose | None) -> Whose | None:
    """Whose the next sentence may be: a reader carries a place on, until another one is named."""
    return replace(whose, is_sure=False) if whose and whose.kind in (ANOTHER_PLACE, OF_A_SCHOOL) else None


PART, SUBTOTAL, TOTAL = "part", "subtotal", "total"
"""What the row of a table is: a place or some of the schools, some of them, or all that stand above it."""


def role_of_row(words: Sequence[str], city: City) -> str:
    """Whether a row says by its first words that it is of a part, or the total; "" where they say neither."""
    declared, first = whose_words(), _bare(words[0]) if words else ""
    if any(first.startswith(word) for word in declared.subtotals):
        return SUBTOTAL
    if first in declared.totals or is_of_all(first, city):
        return TOTAL
    return PART if any(_part_named(_bare(word), city) for word in words) else ""


def is_of_all(text: str, city: City) -> bool:
    """Whether a row or a heading says that it is the city's: 全市, 全市合计, 钦州市."""
    bare = re.sub("|".join(whose_words().totals), "", text)
    return bare in own_names(city)


def _part_named(text: str, city: City) -> bool:
    return of_table_words(text, city) is not None or any(r.name == text for r in city.respondents)


def of_table_words(text: str, city: City) -> Whose | None:
    """Whose a row, a column or a table is by its name: another place's, some schools', an unknown school's."""
    bare = _bare(text)
    if _is_own_class(bare, city):
        return Whose(OF_A_PART, f"只是{bare}的数，不是全部学校的")
    last = next((m for m in reversed(mentions(bare, city)) if m.whose is not None and m.start == 0), None)
    if last is None or last.whose is None:
        return None
    return replace(last.whose, is_sure=True) if last.end == len(bare) or last.whose.kind == ANOTHER_PLACE else None


def is_known_part(words: Sequence[str], city: City) -> bool:
    """Whether a row is known to lie in the city: its school, its district, a class of its schools, or a place that
    one of its schools is named after."""
    names = [r.name for r in city.respondents]
    for word in map(_bare, words):
        if word in names or word in _declared(city) or _is_own_class(word, city):
            return True
        if re.fullmatch(rf"{HAN}+(?:{'|'.join(whose_words().place_endings)})", word) and any(word in n for n in names):
            return True
    return False


def _is_own_class(text: str, city: City) -> bool:
    """Whether a row is of a class of the city's schools: 民办, 市直学校, 市本级."""
    classes = class_labels(city)
    return text in classes or text.removesuffix("学校") in classes or text in whose_words().own_parts


def _bare(text: str) -> str:
    return re.sub(r"（.*?）|\(.*?\)|\s", "", text)
