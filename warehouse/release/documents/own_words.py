"""The city's own words held against the year's figures: what each mark prints, and what an editor has to put right.

Here is no writer of documents: the release's checklist asks, and so does the page that says what waits.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from sources.audit.personal_text import redacted
from sources.declarations.problem import Problem
from sources.system.plain_text import cut_short
from warehouse.catalogue.edition import Section
from warehouse.figures.fact import Fact
from warehouse.release.documents import words
from warehouse.release.documents.marks import ALLOWED, MARK, SENTENCE, Missing, TokenError
from warehouse.release.documents.vocabulary import Vocabulary
from warehouse.release.narrative.marks_in_words import (
    NOT_IN_WORDS,
    Broken,
    Declared,
    NumberMark,
    PieceOfWords,
    PlainWords,
)
from warehouse.release.narrative.paragraphs import WrittenParagraph, WrittenSpan
from warehouse.release.narrative.read_narrative import Case, Narrative, WrittenSection

NUMERAL = re.compile(r"\d+(?:,\d{3})*(?:[.．]\d+)?")
IN_CHINESE = "[〇零一二两三四五六七八九十百千万亿]"
WITH_TENS = re.compile(rf"(?={IN_CHINESE}*[十百千万亿]){IN_CHINESE}{{2,}}")
PER_CENT = re.compile(rf"百分之{IN_CHINESE}+|{IN_CHINESE}+个百分点")
GROWTH = "增长|增加|上升|提升|提高|扩大|下降|减少|降低|回落|持平"
STANDS_FOR_NUMBER, STANDS_FOR_DECLARED = "\x01", "\x02"
OF_GROWTH = re.compile(
    rf"(?:(?:比|较|与|同)上年|同比)[^，。；！？{STANDS_FOR_NUMBER}{STANDS_FOR_DECLARED}]{{0,10}}?(?P<after>{GROWTH})"
    rf"|(?P<before>{GROWTH})(?:了|到|至|为|约|近)?(?={STANDS_FOR_NUMBER})"
)
"""A growth that somebody typed: beside last year, or before a number."""
TELLING = 3
"""A number of fewer digits equals too many figures by chance."""
OFFERED = 3
SHOWN = 30
YEARS = {"年": 0, "上年": -1, "下年": 1}
State = Literal["written", "missing", "open", "short", "long", "faulty"]
STATES: dict[State, str] = {
    "written": "已写",
    "missing": "缺（必写）",
    "open": "没有写（可以不写）",
    "short": "太短",
    "long": "太长",
    "faulty": "有问题",
}


@dataclass(frozen=True, slots=True)
class JudgedSection:
    """A section with what is wrong in its words; `unsaid` are sentences that lack a figure and are not printed."""

    written: WrittenSection
    state: State
    problems: tuple[Problem, ...] = ()
    unsaid: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class JudgedWords:
    """A city's words: each section, what is wrong with cases and files, and all that keeps them from being released."""

    narrative: Narrative
    sections: tuple[JudgedSection, ...]
    problems: tuple[Problem, ...]
    """Of cases, and of files that nobody can read or prints."""

    @property
    def unfinished(self) -> tuple[JudgedSection, ...]:
        """Sections that must not be released as they are; of a city that has begun to write."""
        if not self.narrative.is_begun:
            return ()
        return tuple(each for each in self.sections if each.state not in ("written", "open"))


def spoken(mark: NumberMark, names: Mapping[str, Any]) -> str:
    """What a mark says, with marks of the document in it; `names` are the vocabulary's.

    Raises TokenError for a mark that means nothing.
    """
    if mark.name in NOT_IN_WORDS:
        raise TokenError(f"“{mark.name}”只能用在模板里")
    word = names.get(mark.name)
    if not mark.is_called:
        if isinstance(word, str):
            return word
        return str(names["值"](mark.name))
    if word is None:
        raise TokenError(f"没有“{mark.name}”这个词；可以写指标的名称，如 {{{{毕业去向落实率}}}}")
    if isinstance(word, str):
        raise TokenError(f"“{mark.name}”后面不用括号")
    try:
        return str(word(*mark.arguments, **dict(mark.worded)))
    except TypeError:
        raise TokenError(f"“{mark.name}”的括号里，多写或少写了东西") from None


def judge(vocabulary: Vocabulary, narrative: Narrative) -> JudgedWords:
    """Everything that an editor has to put right; of words that are in order nothing."""
    reader = _Reader(vocabulary, narrative)
    sections = tuple(reader.section(each) for each in narrative.sections)
    of_sections = {problem for each in sections for problem in each.problems}
    others = [problem for problem in narrative.problems if problem not in of_sections]
    others += [problem for case in narrative.cases for problem in reader.case(case)]
    return JudgedWords(narrative, sections, tuple(others))


class _Reader:
    """Reads words as the report will print them."""

    def __init__(self, vocabulary: Vocabulary, narrative: Narrative) -> None:
        self.vocabulary, self.narrative = vocabulary, narrative
        self.names = vocabulary.names()
        units = {words.unit_word(each.unit) for each in vocabulary.catalogue.indicators.values()}
        self.units = tuple(sorted(unit for unit in units if unit and not unit.isascii()))

    def section(self, written: WrittenSection) -> JudgedSection:
        section, shown = written.section, f"{self.narrative.written.shown}/{written.file}"
        of_form = tuple(each for each in self.narrative.problems if written.file and each.file == shown)
        if not written.paragraphs:
            state: State = "faulty" if of_form else "missing" if section.required else "open"
            return JudgedSection(written, state, of_form)
        problems = (*of_form, *self.problems(written.paragraphs, shown, section))
        fewest, most = section.length
        state = "short" if written.length < fewest else "long" if written.length > most else "written"
        return JudgedSection(written, "faulty" if problems else state, problems, tuple(self.unsaid(written.paragraphs)))

    def case(self, case: Case) -> Iterator[Problem]:
        shown = f"{self.narrative.written.shown}/{case.file}"
        yield from self.problems((WrittenParagraph("text", case.title), *case.paragraphs), shown, None)

    def problems(
        self, paragraphs: Sequence[WrittenParagraph], shown: str, section: Section | None
    ) -> Iterator[Problem]:
        first = section.indicators if section else ()
        for paragraph in paragraphs:
            for span, text in self.faults(paragraph, first):
                yield Problem(shown, span.line, "", text)

    def faults(self, paragraph: WrittenParagraph, first: Sequence[str]) -> Iterator[tuple[WrittenSpan, str]]:
        for at, span in enumerate(paragraph.spans):
            piece = span.piece
            if isinstance(piece, Broken):
                yield span, f"{piece.source} 不能识别：{piece.why}"
            elif isinstance(piece, NumberMark):
                try:
                    spoken(piece, self.names)
                except (TokenError, LookupError) as error:
                    yield span, f"{piece.source} 不能识别：{error}"
            elif isinstance(piece, Declared):
                following = paragraph.spans[at + 1].piece.source if at + 1 < len(paragraph.spans) else ""
                yield from ((span, text) for text in self.undeclarable(piece, following))
            else:
                yield from ((span, text) for text in self.typed(piece.source, first))
        yield from self.typed_growth(paragraph)
        if kinds := redacted(paragraph.source)[1]:
            yield paragraph.spans[0], f"有{'、'.join(kinds)}，发布后人人看得到，请去掉"

    def typed(self, text: str, first: Sequence[str]) -> Iterator[str]:
        """Numerals that stand in words as they were typed."""
        for numeral in NUMERAL.findall(ALLOWED.sub("", text)):
            yield f"直接写了数字“{numeral}”；{self.advice(numeral, first)}"
        for found in PER_CENT.finditer(text):
            yield f"直接写了数字“{found.group()}”；{self.advice(found.group(), first)}"
        for found in WITH_TENS.finditer(text):
            if text[found.end() :].lstrip("余多来").startswith(self.units):
                yield f"直接写了数字“{found.group()}”；{self.advice(found.group(), first)}"

    def advice(self, numeral: str, first: Sequence[str]) -> str:
        """What to write in place of a numeral."""
        year = self.narrative.written.report_year
        marks = [f"{{{{{name}}}}}" for name in ("年", "上年", "下年") if numeral == str(year + YEARS[name])]
        marks += self.marks_of(numeral, first)
        equal = f"它等于 {' 或 '.join(marks[:OFFERED])}，请改用这个词；" if marks else "数字要用取数的词来写；"
        return f"{equal}不是指标的数字（文号、日期等）写成 [[{numeral}]]"

    def marks_of(self, numeral: str, first: Sequence[str]) -> list[str]:
        """Marks that print the numeral this year; those of the section first."""
        try:
            number = Decimal(numeral.replace(",", "").replace("．", "."))
        except ArithmeticError:
            return []
        figures, found = self.vocabulary.figures, list[tuple[int, str]]()
        for code, change in figures.changes.items():
            label, is_far = figures.catalogue.indicators[code].label, code not in first
            if _shows(figures.of_region(code), number):
                found.append((2 * is_far, f"{{{{{label}}}}}"))
            elif _shows(figures.of_region_last_year(code), number):
                found.append((2 * is_far + 1, f"{{{{{label}|上年}}}}"))
            elif change.value is not None and change.comparability == "comparable" and abs(change.value) == number != 0:
                found.append((2 * is_far + 1, f"{{{{{label}|较上年}}}}"))
        return [mark for _, mark in sorted(found, key=lambda each: each[0])]

    def undeclarable(self, declared: Declared, following: str) -> Iterator[str]:
        """A figure that somebody has declared to be none."""
        numeral = declared.text
        if len(re.findall(r"\d", numeral)) < TELLING or not NUMERAL.fullmatch(numeral):
            return
        for mark in self.marks_of(numeral, ()):
            code = self.vocabulary.code_of(mark.strip("{}").partition("|")[0])
            unit = words.unit_word(self.vocabulary.catalogue.indicators[code].unit)
            if unit and following.lstrip().startswith(unit):
                yield f"{declared.source}{unit} 是指标的数，请写成 {mark}"
                return

    def typed_growth(self, paragraph: WrittenParagraph) -> Iterator[tuple[WrittenSpan, str]]:
        """Words of growth follow the number: nobody types them beside one."""
        text, starts = "", list[int]()
        for span in paragraph.spans:
            starts.append(len(text))
            text += _as_sign(span.piece)
        for found in OF_GROWTH.finditer(text):
            at = found.start("after") if found["after"] else found.start("before")
            span = paragraph.spans[max(number for number, start in enumerate(starts) if start <= at)]
            yield (
                span,
                f"“{cut_short(found.group(), SHOWN)}”是打上去的增减，数字变了它不会变；"
                "请写 {{指标|较上年}}，它自己说增减，口径变了就不说；确实不是说指标的，写成 [[…]]",
            )

    def unsaid(self, paragraphs: Sequence[WrittenParagraph]) -> Iterator[str]:
        """Sentences that lack a figure this year."""
        for paragraph in paragraphs:
            for sentence in SENTENCE.findall(self.said(paragraph)):
                lacking = [piece for index in MARK.findall(sentence) if isinstance(piece := self.piece(index), Missing)]
                if lacking:
                    labels = words.joined([each.label or "目标" for each in lacking])
                    shown = cut_short(self.vocabulary.text(sentence), SHOWN)
                    yield f"“{shown}”不印：这一年没有{labels}"

    def piece(self, index: str) -> object:
        return self.vocabulary.pieces[int(index)]

    def said(self, paragraph: WrittenParagraph) -> str:
        return "".join(said_of(span, self.vocabulary, self.names) for span in paragraph.spans)


def _as_sign(piece: PieceOfWords) -> str:
    """A piece among words of growth: a number that has been reached is one sign; a target is growth by itself."""
    if isinstance(piece, NumberMark) and piece.name != "目标":
        return STANDS_FOR_NUMBER
    return STANDS_FOR_DECLARED if isinstance(piece, (NumberMark, Declared)) else piece.source


def _shows(fact: Fact | None, number: Decimal) -> bool:
    return fact is not None and fact.rounded == number


def said_of(span: WrittenSpan, vocabulary: Vocabulary, names: Mapping[str, Any]) -> str:
    """A piece as it goes into the document: each number a mark; what is not understood stands as it was typed."""
    piece = span.piece
    if isinstance(piece, Declared):
        return vocabulary.plain(piece.text)
    if isinstance(piece, PlainWords):
        return _with_marked_numerals(piece.source, vocabulary)
    if isinstance(piece, NumberMark):
        try:
            return spoken(piece, names)
        except (TokenError, LookupError):
            return vocabulary.plain(piece.source)
    return vocabulary.plain(piece.source)


def _with_marked_numerals(text: str, vocabulary: Vocabulary) -> str:
    """A typed numeral is a finding, and stops no draft: it stands there as text."""
    return NUMERAL.sub(lambda found: vocabulary.plain(found.group()), text)
