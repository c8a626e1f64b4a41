"""Number formats: what a spreadsheet shows of a stored number (ECMA-376, part 1, 18.8.31).

Only what a person can tell apart matters: which digits stand there, in which order, with which signs and words, and
the name of a colour. Room (`_x`) is left out, and of what fills a cell (`*x`) one letter stands for all. Days and times
are only recognised: their reader shows them itself.
"""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Literal

BUILT_IN = {
    0: "General", 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?",
    13: "# ??/??", 37: "#,##0;(#,##0)", 38: "#,##0;[Red](#,##0)", 39: "#,##0.00;(#,##0.00)",
    40: "#,##0.00;[Red](#,##0.00)", 41: "#,##0;-#,##0;-;@", 42: "¥#,##0;-¥#,##0;-;@", 43: "#,##0.00;-#,##0.00;-;@",
    44: "¥#,##0.00;-¥#,##0.00;-;@", 48: "##0.0E+0", 49: "@",
}  # fmt: skip
"""Formats that a file names by number alone."""
_YEAR_MONTH, _MONTH_DAY, _HOUR = 'yyyy"年"m"月"', 'm"月"d"日"', 'h"时"mm"分"'
DATES = {
    14: "yyyy/m/d", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm", 19: "h:mm:ss", 20: "h:mm", 21: "h:mm:ss",
    22: "yyyy/m/d h:mm", 27: _YEAR_MONTH, 28: _MONTH_DAY, 29: _MONTH_DAY, 30: "m-d-yy", 31: _YEAR_MONTH + 'd"日"',
    32: _HOUR, 33: _HOUR + 'ss"秒"', 34: _HOUR, 35: _HOUR + 'ss"秒"', 36: _YEAR_MONTH, 45: "mm:ss", 46: "[h]:mm:ss",
    47: "mm:ss", 50: _YEAR_MONTH, 51: _MONTH_DAY, 52: _YEAR_MONTH, 53: _MONTH_DAY, 54: _MONTH_DAY, 55: _HOUR,
    56: _HOUR, 57: _YEAR_MONTH, 58: _MONTH_DAY,
}  # fmt: skip
"""Those of days and times, as a Chinese program shows them: it writes 58 alone for what it makes of a typed 3-4."""
LONGEST_FORMAT = 255
"""Characters that a spreadsheet allows in a format."""
PART = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|!(?P<marked>.)|_.|\*(?P<fill>.)|\[(?P<bracket>[^\]]*)\]?|(?P<general>General|G/通用格式)'
    r"|(?P<exponent>[Ee][+-])|(?P<other>.)",
    re.DOTALL | re.IGNORECASE,
)
CONDITION = re.compile(r"(<=|>=|<>|<|>|=)\s*([+-]?[0-9.]+(?:E[+-]?[0-9]{1,3})?)", re.IGNORECASE)
NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?(E[+-]?[0-9]+)?", re.IGNORECASE)
COLOUR = re.compile(
    r"(?P<name>black|white|red|green|blue|yellow|magenta|cyan|黑色|白色|红色|绿色|蓝色|黄色|洋红|蓝绿色)"
    r"|(?:color|颜色)\s*(?P<number>[0-9]{1,2})",
    re.IGNORECASE,
)
ELAPSED = re.compile(r"[hms]+", re.IGNORECASE)
Kind = Literal["digit", "point", "comma", "percent", "slash", "exponent", "text", "general", "literal", "date"]
HOLDS = {
    "<": Decimal.__lt__, ">": Decimal.__gt__, "=": Decimal.__eq__,
    "<=": Decimal.__le__, ">=": Decimal.__ge__, "<>": Decimal.__ne__,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Token:
    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class _Section:
    tokens: tuple[_Token, ...]
    condition: tuple[str, Decimal] | None = None
    colour: str = ""

    def has(self, *kinds: Kind) -> bool:
        return any(token.kind in kinds for token in self.tokens)


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """A format, parsed: up to four sections."""

    sections: tuple[_Section, ...]

    @property
    def is_date(self) -> bool:
        """Whether it shows a day or a time."""
        return any(section.has("date") for section in self.sections)

    def shown(self, value: Decimal) -> str:
        """What stands on the screen for a number; '' where nothing does."""
        section, is_own = self._section_of(value)
        sign = "-" if value < 0 and not is_own else ""
        shown = _rendered(section, abs(value))
        is_zero = section.has("digit") and not any(letter in "123456789" for letter in shown)
        return shown if is_zero or not shown else sign + shown

    def colour(self, value: Decimal | None) -> str:
        """The name of the colour, or its number in the old palette, that it gives a number (None: a text), or ''."""
        if value is not None:
            return self._section_of(value)[0].colour
        section = self.sections[3] if len(self.sections) > 3 else self.sections[-1]
        return section.colour if section.has("text") else ""

    def shown_text(self, text: str) -> str:
        """What stands on the screen for a text."""
        section = self.sections[3] if len(self.sections) > 3 else self.sections[-1]
        if not section.has("text"):
            return "" if len(self.sections) > 3 else text
        return "".join(text if token.kind == "text" else token.text for token in section.tokens)

    def _section_of(self, value: Decimal) -> tuple[_Section, bool]:
        """The section for a number, and whether it speaks of negative numbers only (which then have no sign)."""
        sections = self.sections[:3]
        if any(section.condition for section in sections):
            for section in sections:
                if section.condition is None or HOLDS[section.condition[0]](value, section.condition[1]):
                    return section, False
            return sections[-1], False
        if value < 0 and len(sections) > 1:
            return sections[1], True
        if value == 0 and len(sections) > 2:
            return sections[2], False
        return sections[0], False


@lru_cache(maxsize=512)
def number_format(code: str) -> NumberFormat:
    """A format's code, parsed; never raises: what is no format shows its own letters, as in a spreadsheet."""
    sections: list[list[_Token]] = [[]]
    conditions: list[tuple[str, Decimal] | None] = [None]
    colours = [""]
    for match in PART.finditer(code[:LONGEST_FORMAT] or "General"):
        kind, text = match.lastgroup, match.group(match.lastgroup) if match.lastgroup else ""
        if kind == "other" and text == ";":
            sections.append([])
            conditions.append(None)
            colours.append("")
        elif kind == "bracket":
            if condition := CONDITION.fullmatch(text):
                conditions[-1] = condition[1], Decimal(condition[2]) if _is_number(condition[2]) else Decimal(0)
            elif named := COLOUR.fullmatch(text):
                colours[-1] = (named["name"] or named["number"]).lower()
            elif ELAPSED.fullmatch(text):
                sections[-1].append(_Token("date", text))
            elif text.startswith("$"):
                sections[-1].append(_Token("literal", text[1:].partition("-")[0]))
        elif kind == "fill":
            sections[-1].append(_Token("literal", text.strip()))
        elif kind is not None:
            sections[-1].append(_token(kind, text))
    parts = zip(sections, conditions, colours, strict=True)
    parsed = (_Section(tuple(tokens), condition, colour) for tokens, condition, colour in parts)
    return NumberFormat(tuple(parsed)[:4])


def _is_number(text: str) -> bool:
    return NUMBER.fullmatch(text) is not None


def _token(kind: str, text: str) -> _Token:
    if kind == "general":
        return _Token("general", text)
    if kind == "exponent":
        return _Token("exponent", text)
    if kind == "other":
        if text in "0#?":
            return _Token("digit", text)
        if text.lower() in "ymdhsb":
            return _Token("date", text)
        named: dict[str, Kind] = {".": "point", ",": "comma", "%": "percent", "/": "slash", "@": "text"}
        return _Token(named.get(text, "literal"), text)
    return _Token("literal", text)


def _rendered(section: _Section, value: Decimal) -> str:
    """A number without its sign, as a section shows it."""
    if section.has("general", "text"):
        plain = general(value)
        return "".join(plain if each.kind in ("general", "text") else each.text for each in section.tokens)
    if not section.has("digit"):
        return "".join(token.text for token in section.tokens if token.kind == "literal")
    if section.has("exponent"):
        return _scientific(section, value)
    if section.has("slash"):
        return _fraction(value, sum(token.kind == "digit" for token in _behind(section, "slash")))
    tokens = list(section.tokens)
    value *= Decimal(100) ** sum(token.kind == "percent" for token in tokens)
    digits = [at for at, token in enumerate(tokens) if token.kind == "digit"]
    point = next((at for at, token in enumerate(tokens) if token.kind == "point"), None)
    last_whole = max((at for at in digits if point is None or at < point), default=-1)
    scaling = _commas_behind(tokens, digits[-1]) + (_commas_behind(tokens, last_whole) if point is not None else 0)
    value /= Decimal(1000) ** scaling
    decimals = sum(1 for at in digits if point is not None and at > point)
    whole, _, fraction = format(value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP), "f").partition(".")
    is_grouped = any(tokens[at].kind == "comma" for at in range(digits[0], max(last_whole, digits[0])))
    before = _whole_part(tokens[: len(tokens) if point is None else point], whole, is_grouped)
    return before if point is None else before + "." + _decimal_part(tokens[point + 1 :], fraction)


def _behind(section: _Section, kind: Kind) -> list[_Token]:
    kinds = [token.kind for token in section.tokens]
    return list(section.tokens[kinds.index(kind) + 1 :])


def _commas_behind(tokens: list[_Token], at: int) -> int:
    """How many commas stand directly behind a placeholder: each divides by a thousand."""
    count = 0
    while at + 1 + count < len(tokens) and tokens[at + 1 + count].kind == "comma":
        count += 1
    return count if at >= 0 and not any(token.kind == "digit" for token in tokens[at + 1 : at + 2]) else 0


def _whole_part(tokens: list[_Token], whole: str, is_grouped: bool) -> str:
    """Digits before the point, from the right into the placeholders; what is left over stands before the first."""
    left = list("" if whole == "0" else whole)
    placeholders = sum(token.kind == "digit" for token in tokens)
    parts: list[str] = []
    done = 0
    for token in reversed(tokens):
        if token.kind == "digit":
            placeholders -= 1
            taken = [left.pop()] if left else [""]
            if not placeholders:
                taken += reversed(left)
                left = []
            for digit in taken:
                filled = digit or {"0": "0", "?": " "}.get(token.text, "")
                parts.append("," if is_grouped and done and done % 3 == 0 and filled else "")
                parts.append(filled)
                done += 1
        elif token.kind in ("literal", "percent"):
            parts.append(token.text)
    return "".join("".join(parts[::-1]))


def _decimal_part(tokens: list[_Token], fraction: str) -> str:
    parts, at = [], 0
    significant = len(fraction.rstrip("0"))
    for token in tokens:
        if token.kind == "digit":
            parts.append(fraction[at] if token.text == "0" or at < significant else "")
            at += 1
        elif token.kind in ("literal", "percent"):
            parts.append(token.text)
    return "".join(parts)


def _scientific(section: _Section, value: Decimal) -> str:
    behind = _behind(section, "exponent")
    kinds = [token.kind for token in section.tokens]
    mantissa = section.tokens[: kinds.index("exponent")]
    point = next((at for at, token in enumerate(mantissa) if token.kind == "point"), len(mantissa))
    decimals = sum(token.kind == "digit" for token in mantissa[point:])
    power = value.adjusted() if value else 0
    letters = f"{value.quantize(Decimal(1).scaleb(power - decimals), ROUND_HALF_UP):.{decimals}E}" if value else "0E+0"
    base, _, exponent = letters.partition("E")
    width = sum(token.kind == "digit" for token in behind)
    return f"{base}E{'-' if exponent.startswith('-') else '+'}{exponent.lstrip('+-').zfill(width)}"


def _fraction(value: Decimal, width: int) -> str:
    """A mixed fraction whose denominator has at most `width` digits."""
    whole = int(value)
    part = value - whole
    nearest = _nearest(part, 10 ** max(1, width) - 1)
    whole, numerator = (whole + 1, 0) if nearest[0] == nearest[1] else (whole, nearest[0])
    if not numerator:
        return str(whole)
    return f"{whole} {numerator}/{nearest[1]}" if whole else f"{numerator}/{nearest[1]}"


def _nearest(part: Decimal, largest: int) -> tuple[int, int]:
    nearest = Fraction(part).limit_denominator(min(largest, 9999))
    return nearest.numerator, nearest.denominator


def general(value: Decimal) -> str:
    """A number in the format General of a wide cell: up to eleven digits."""
    if value == value.to_integral_value() and abs(value) < Decimal(10) ** 11:
        return str(int(value))
    if Decimal("0.0001") <= abs(value) < Decimal(10) ** 11:
        whole = len(str(int(abs(value))))
        rounded = value.quantize(Decimal(1).scaleb(-max(0, 10 - whole)), ROUND_HALF_UP)
        return format(rounded.normalize(), "f")
    base, _, exponent = f"{value:.5E}".partition("E")
    mantissa = base.rstrip("0").rstrip(".") if "." in base else base
    return f"{mantissa}E{exponent[0]}{exponent[1:].zfill(2)}"
