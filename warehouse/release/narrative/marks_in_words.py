"""The marks in a city's own words: {{指标}} asks for a number, [[2024]] is a number that is no indicator.

A text is cut into pieces, and nothing of it gets lost: what is no mark is words, what should be one and is not is told.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

CALL = re.compile(r"(?P<name>\w+)\s*\((?P<arguments>[^()]*)\)")
ARGUMENT = re.compile(r"\s*(?:(?P<key>\w+)\s*=\s*)?\"(?P<text>[^\"]*)\"\s*")
QUOTES = str.maketrans("“”‘’＂＇", '"""""\'')
OPENS = re.compile(r"\{\{|\}\}|\{%|%\}|\[\[|\]\]")
CLOSING = {"{{": "}}", "{%": "%}", "[[": "]]"}
LONGEST_MARK, LONGEST_DECLARED = 300, 60

OPTIONS = {
    "数": "数",
    "上年": "上年值",
    "较上年": "较上年",
    "标准": "标准",
    "对标": "对标",
    "目标": "目标",
    "各校": "各校",
    "最高校": "最高校",
    "最低校": "最低校",
    "未达标学校": "未达标学校",
    "口径": "口径",
}
"""What may stand behind an indicator, and the word of the template that it means."""
OPTIONS_WITH_VALUE = {"单位": "值", "学校": "学校值", "口径": "口径值", "年": "年值"}
"""Those that name something: {{在校生|学校:钦州市卫生学校}}."""
NOT_IN_WORDS = ("有", "全为零", "有不为零", "未达标", "目录", "暂缺", "表", "图")
"""Words of the template that make no sentence."""


@dataclass(frozen=True, slots=True)
class PlainWords:
    """Text that is printed as it stands."""

    source: str


@dataclass(frozen=True, slots=True)
class Declared:
    """Text that was declared on the spot to hold no indicator: the number of a document, a date."""

    source: str
    text: str


@dataclass(frozen=True, slots=True)
class NumberMark:
    """A mark, as the word of the template that it means: `name`, called with these, or not called at all."""

    source: str
    name: str
    arguments: tuple[str, ...] = ()
    worded: tuple[tuple[str, str], ...] = ()
    is_called: bool = True


@dataclass(frozen=True, slots=True)
class Broken:
    """What looks like a mark and is none, and why."""

    source: str
    why: str


PieceOfWords = PlainWords | Declared | NumberMark | Broken


def pieces_of(text: str) -> tuple[PieceOfWords, ...]:
    """The pieces of a text, in order; their sources, one after the other, are the text."""
    return tuple(_cut(text))


def _cut(text: str) -> Iterator[PieceOfWords]:
    begin = 0
    while found := OPENS.search(text, begin):
        if found.start() > begin:
            yield PlainWords(text[begin : found.start()])
        sign = found.group()
        closing = CLOSING.get(sign)
        end = text.find(closing, found.end()) if closing else -1
        inner = text[found.end() : end] if end >= 0 else ""
        if closing is None:
            yield Broken(sign, f"多出来的“{sign}”，前面没有对应的“{_opening(sign)}”")
        elif end < 0 or "\n" in inner:
            yield Broken(sign, f"“{sign}”后面，同一行里没有“{closing}”")
        else:
            yield _mark(text[found.start() : end + 2], sign, inner)
            begin = end + 2
            continue
        begin = found.end()
    if begin < len(text):
        yield PlainWords(text[begin:])


def _opening(closing: str) -> str:
    return next(opens for opens, closes in CLOSING.items() if closes == closing)


def _mark(source: str, sign: str, inner: str) -> PieceOfWords:
    inner = inner.strip()
    if sign == "{%":
        return Broken(source, "文字里只能写取数的词，条件只能写在模板里")
    if sign == "[[":
        return _declared(source, inner)
    if not inner:
        return Broken(source, "是空的；要写指标，如 {{毕业去向落实率}}")
    if len(inner) > LONGEST_MARK:
        return Broken(source, f"太长，一个词不能超过 {LONGEST_MARK} 个字")
    if "(" in inner.translate(QUOTES) and (call := CALL.fullmatch(inner.translate(QUOTES))):
        return _call(source, call)
    return _short(source, inner)


def _declared(source: str, inner: str) -> Declared | Broken:
    if not inner:
        return Broken(source, "是空的；要写不是指标的数字，如 [[2024]]")
    if len(inner) > LONGEST_DECLARED:
        return Broken(source, f"太长（最多 {LONGEST_DECLARED} 个字）；只把不是指标的数字放进去")
    return Declared(source, inner)


def _call(source: str, call: re.Match[str]) -> NumberMark | Broken:
    """值("在校生人数", "万元"), as in the template."""
    arguments: list[str] = []
    worded: list[tuple[str, str]] = []
    rest = call["arguments"]
    for part in rest.split(",") if rest.strip() else ():
        found = ARGUMENT.fullmatch(part)
        if found is None:
            return Broken(source, f'“{part.strip()}”要用引号括起来，如 {call["name"]}("毕业生数")')
        if found["key"]:
            worded.append((found["key"], found["text"]))
        else:
            arguments.append(found["text"])
    return NumberMark(source, call["name"], tuple(arguments), tuple(worded))


def _short(source: str, inner: str) -> NumberMark | Broken:
    """在校生人数, 在校生人数|较上年, 在校生人数|学校:甲校; Chinese signs do as well, and a stroke out of a table."""
    name, *options = (part.strip() for part in re.split(r"\\?[|｜]", inner))
    if not options:
        return NumberMark(source, name, is_called=False)
    if len(options) > 1:
        return Broken(source, f"“{'”和“'.join(options)}”不能一起写，只能写一个")
    option, _, value = (part.strip() for part in re.sub("：", ":", options[0], count=1).partition(":"))
    if value:
        if option not in OPTIONS_WITH_VALUE:
            return Broken(
                source, f"没有“{option}:”这个写法；可以写：{'、'.join(f'{each}:…' for each in OPTIONS_WITH_VALUE)}"
            )
        return NumberMark(source, OPTIONS_WITH_VALUE[option], (name, value))
    if option not in OPTIONS:
        known = "、".join((*OPTIONS, *(f"{each}:…" for each in OPTIONS_WITH_VALUE)))
        return Broken(source, f"没有“{option}”这个写法；可以写：{known}")
    return NumberMark(source, OPTIONS[option], (name,))
