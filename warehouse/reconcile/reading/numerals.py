"""Numerals that are no figures: dates, ordinals, codes, page and list numbers, and those that nobody understood.

A reader counts on every numeral: what was not bound to an indicator is told with its reason, or as not understood.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from sources.declarations.strict_yaml import Declaration, read_document
from warehouse.reconcile.reading.chinese_numbers import spoken_number

Span = tuple[int, int]
AROUND = 30
"""Characters of the text that are shown before a numeral."""
ARABIC = r"\d+(?:,\d{3}(?!\d))*(?:\.\d+)*"
OTHER_FORMS = "[①-⑳㈠-㈩⑴-⒇❶-❿Ⅰ-Ⅻ]"
FIVE_YEARS = "十[一二三四五六]五"
"""The name of a five-year plan."""
DIGITS_IN_WORDS = "一二两三四五六七八九十"


HALF_WIDTH = {code: code - 0xFEE0 for code in range(ord("０"), ord("ｚ") + 1) if chr(code).isalnum()}
EVENED = HALF_WIDTH | str.maketrans({"％": "%", "．": ".", ";": "；", "(": "（", ")": "）", "？": "。"})


@dataclass(frozen=True, slots=True)
class Numeral:
    """A numeral that is no figure."""

    section: str
    printed: str
    context: str
    told: str
    """The kind of numeral that it is; "" when nobody knows."""
    place: str = ""
    """Where it stands in the file, as of a PrintedFigure."""


class KindOfNumeral(Declaration):
    """A kind of numeral that is no figure, by its form and the characters at it."""

    reason: str
    words: str
    is_never_a_figure: bool = False
    """Whether it is of this kind also where it could be read as a figure."""


class NumeralWords(Declaration):
    """The content of numerals.yml, which explains each part."""

    counted: str
    no_numerals: str
    kinds: tuple[KindOfNumeral, ...]
    start: tuple[KindOfNumeral, ...]


@lru_cache
def numeral_words() -> NumeralWords:
    """The declarations of numerals.yml. Raises DeclarationError."""
    return read_document(Path(__file__).with_name("numerals.yml")).parsed(NumeralWords)


def evened(sentence: str) -> str:
    """The text with half-width digits and letters, full-width punctuation and no white space."""
    # 2022 2023 are two numbers, 35 205 is one
    text = re.sub(r"(?<!\d)(\d{1,3}) (?=\d{3}(?!\d))", r"\1", sentence)
    text = re.sub(r"(?<=\d)\s+(?=\d)", "，", text)
    # １０，８８８ is one number as well
    text = re.sub(r"(?<![\d.．])\d{1,3}(?:，\d{3})+(?!\d)", lambda found: found.group().replace("，", ","), text)
    text = re.sub(r"\s", "", text).translate(EVENED)
    return re.sub(r"(?<!\d),|,(?!\d{3})", "，", text)


def never_figures(text: str) -> list[Span]:
    """Where numerals stand that are no figures, whatever unit and words they have: 应报12所学校."""
    kinds = [kind for kind in numeral_words().kinds if kind.is_never_a_figure]
    return [match.span() for kind in kinds for match in re.finditer(kind.words, text)]


def numerals_in(
    text: str, section: str, covered: Iterable[Span] = (), is_start: bool = True, otherwise: str = ""
) -> Iterator[tuple[int, Numeral]]:
    """Every numeral of a text outside of what is `covered`, with where it stands.

    `is_start` says that a paragraph or a cell begins here, and a list number may; `otherwise` is what is told of a
    numeral of no known kind.
    """
    of_list = next((m for kind in numeral_words().start if is_start and (m := re.match(kind.words, text))), None)
    first = [(of_list.span(), numeral_words().start[0].reason)] if of_list else []
    kinds, tokens = _kinds(text, covered, first), [*(span for span, _ in first), *_tokens(text)]
    end = position = 0
    while position < len(tokens):
        start, token_end = tokens[position]
        kind = kinds.get(start)
        if start < end or (kind is None and start in kinds):
            position += 1
            continue
        begin, kind_end, told = kind if kind is not None else (start, token_end, otherwise)
        begin = max(begin, end)  # 02023-10: a kind may begin within the numeral before
        end = max(kind_end, token_end)
        while (position := position + 1) < len(tokens) and tokens[position][0] < end:
            end = max(end, tokens[position][1])
        yield begin, Numeral(section, text[begin:end], text[max(0, begin - AROUND) : end], told)


def _kinds(
    text: str, covered: Iterable[Span], first: Iterable[tuple[Span, str]]
) -> dict[int, tuple[int, int, str] | None]:
    """Position → the span and the kind of what stands there; None for what is read as a figure."""
    kinds: dict[int, tuple[int, int, str] | None] = {at: None for span in covered for at in range(*span)}
    matches = ((m.span(), kind.reason) for kind in numeral_words().kinds for m in re.finditer(kind.words, text))
    for span, reason in (*first, *matches):
        if all(at not in kinds for at in range(*span)):
            kinds |= dict.fromkeys(range(*span), (*span, reason))
    return kinds


def _tokens(text: str) -> Iterator[Span]:
    """Every numeral by its characters: digits, or words that stand in front of what is counted."""
    words = numeral_words()
    pattern = (
        f"{ARABIC}|{OTHER_FORMS}|{FIVE_YEARS}|(?P<none>{words.no_numerals})"
        f"|(?P<words>[{DIGITS_IN_WORDS}零〇百千万亿]+)(?P<counted>{words.counted})?"
    )
    for match in re.finditer(pattern, text):
        if match["none"]:
            continue
        if match["words"]:
            is_ordinal = text[match.start() - 1 : match.start()] == "第"
            is_long = len(match["words"]) > 1 and spoken_number(match["words"]) is not None
            is_digit = re.match(f"[{DIGITS_IN_WORDS}]", match["words"])
            if not (is_ordinal or is_long or (is_digit and match["counted"])):
                continue
        yield match.start(), match.end("words") if match["words"] else match.end()
