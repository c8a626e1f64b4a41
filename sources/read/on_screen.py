"""Seen = read: whether the screen shows of a cell what is read of it.

A school's clerk looks at the screen, the reader at what is stored; where both say another thing, the cell is asked
about, with both. MAY_DIFFER lists what is no difference. Everything here is pure: a cell's text, its look, its column.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from sources.declarations.contract import Column
from sources.read.letter_font import Font, colour_named
from sources.read.number_format import NumberFormat, number_format
from sources.read.sheet_xml import Run
from sources.read.styles import Look

SCIENTIFIC_WITHIN = Fraction(1, 200)
"""How far a number shown as a power of ten or as a fraction may lie from the stored one."""
SHOWN_NUMBER = re.compile(r"(?P<sign>[+-]?)(?P<digits>\d*\.?\d+|\d+\.)(?P<power>[eE][+-]?\d+)?(?P<percent>%?)")
SHOWN_FRACTION = re.compile(r"([+-]?)(?:(\d+) )?(\d+)/(\d+)")
CURRENCIES = "¥￥$€"
LARGEST_POWER = 330
"""Of ten, in either direction, in a number that a spreadsheet can hold."""
MOST_DIGITS = 15
"""Significant digits that a spreadsheet keeps of a number."""
DATE_PARTS = re.compile(
    r'"(?P<quoted>[^"]*)"?|[\\!](?P<escaped>.)|[_*].|\[(?P<elapsed>[hms]+)\]|\[[^\]]*\]|AM/PM|A/P|上午/下午'
    r"|(?P<year>y+|e+)|(?P<minutes>(?<=h)m+|m+(?=[^ymdhs]*s))|(?P<month>m+)|(?P<day>d+)|(?P<hours>h+)|(?P<seconds>s+)|(?P<other>.)",
    re.IGNORECASE,
)
DAY_SECONDS = 86_400
WEEKDAYS = "一二三四五六日"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class MayDiffer:
    """What may differ without a question: stored, the format that shows it, the column's unit, and why."""

    stored: str
    format_code: str
    unit: str
    why: str


MAY_DIFFER = (
    MayDiffer("2591", "#,##0", "人", "千位分隔符"),
    MayDiffer("10995.47", "0.0", "万元", "四舍五入到显示的位数"),
    MayDiffer("2591", '0"人"', "人", "数后面的本栏单位"),
    MayDiffer("10995.47", "¥#,##0.00", "万元", "货币符号"),
    MayDiffer("2591", "0000000", "人", "前面补的零"),
    MayDiffer("-5", "0_);(0)", "元", "括号表示负数"),
    MayDiffer("2591", "[DBNum1]0", "人", "中文数字的写法"),
    MayDiffer("259100", "0.00E+00", "人", "科学计数法，差别在千分之五以内"),
)
"""docs/reference/seen.md is made from here."""
NOT_LOOKED_AT = (
    ("列太窄，数显示为 ####", "谁都看得出数没有显示出来，不会当成别的数；列要多宽，随各台电脑的字体而变"),
    ("条件格式改变的颜色和数字格式", "随别的格的值而变，各个程序算出来的也不一样"),
    ("把数字画成别的字的字体", "文件里没有字体本身，只有装了它的电脑才看得到"),
    ("文件自己改过的旧调色板（indexed）里的颜色", "新的程序不再用它；主题颜色按文件自己的主题看"),
    (
        "盖在单元格上的图片、图形、文本框",
        "浮在表上，移开就看到格里的数；盖住几格，随各台电脑的字体而变；里面的字不读入",
    ),
    ("表名、说明和表头上的批注", "说的不是哪一格的数；数所在的行里的批注都看（规则 `value.commented`）"),
)
"""What is not asked about because nobody looks: what, and why."""


@dataclass(frozen=True, slots=True)
class SeenCell:
    """A filled cell: the text that is read, what the file stores, and how it looks.

    `run`: what is seen of a text in runs; `cover`: what a merged cell shows in its place. None where there is none.
    """

    text: str
    stored: str
    is_string: bool
    look: Look
    run: str | None = None
    cover: str | None = None


def seen_of_runs(runs: Sequence[Run], look: Look) -> str:
    """What is seen of a text in runs: not what is struck out or has the colour of the ground.

    What is raised is a raised sign, so that a mark behind a number is not read as a part of it.
    """
    return "".join(_seen_in(run.font or look.font, run.text, look.ground) for run in runs)


def _seen_in(font: Font, text: str, ground: str) -> str:
    if font.is_struck or font.is_unseen_on(ground):
        return ""
    return text.translate(RAISED) if font.is_raised else text


def seen_otherwise(cell: SeenCell, column: Column) -> str | None:
    """How the screen shows a cell, in words, where that is not what is read; None where it is."""
    if cell.cover is not None:
        return f"被合并的单元格盖住，显示的是“{cell.cover}”" if cell.cover else "被合并的单元格盖住，什么也看不见"
    if cell.run is not None and cell.run.split() != cell.stored.split():
        return f"显示“{cell.run}”，其余部分划去了或看不见" if cell.run.strip() else "是划去了的或看不见的文字"
    if cell.look.font.is_struck:
        return "划了删除线，像是已经作废"
    if _is_unseen(cell):
        return "看不见：字与底色相同，或字太小"
    if cell.look.is_repeated:
        return f"会重复显示，例如“{cell.text}{cell.text}”：对齐方式是“填充”"
    shown = _shown(cell, number_format(cell.look.format_code))
    if shown is None or _is_refused_anyway(cell, column) or _says_the_same(shown, cell, column):
        return None
    in_words = "（用中文数字）" if "DBNum" in cell.look.format_code and not cell.is_string else ""
    return f"显示“{shown.strip()}”{in_words}" if shown.strip() else "是空白：数字格式不显示它"


def _is_unseen(cell: SeenCell) -> bool:
    """Whether its letters cannot be told from the ground, in the colour of its number format if that has one."""
    value = None if cell.is_string else _stored_number(cell.stored)
    colour = colour_named(number_format(cell.look.format_code).colour(value))
    font = replace(cell.look.font, colour=colour) if colour else cell.look.font
    return font.is_unseen_on(cell.look.ground)


def _is_refused_anyway(cell: SeenCell, column: Column) -> bool:
    """Whether the audit says of a stored number that it is none of its column: a day, or one with too many places."""
    if cell.is_string or not column.is_number:
        return False
    return number_format(cell.look.format_code).is_date or len(cell.text.partition(".")[2]) > (column.decimals or 0)


def has_lost_digits(cell: SeenCell, column: Column) -> bool:
    """Whether a number longer than a spreadsheet keeps stands where a text is asked for."""
    if cell.is_string or column.is_number or column.type == "date":
        return False
    value = _stored_number(cell.stored)
    return value is not None and abs(value) >= Decimal(10) ** MOST_DIGITS


def _shown(cell: SeenCell, its_format: NumberFormat) -> str | None:
    """What the format shows; None where it shows the cell as it is, or in a way that only a program can tell."""
    if cell.look.is_plain:
        return None
    if cell.is_string:
        return its_format.shown_text(cell.text)
    if its_format.is_date:
        return _shown_moment(cell.look.format_code, cell)
    value = _stored_number(cell.stored)
    try:
        return None if value is None else its_format.shown(value)
    except InvalidOperation:  # more places than a number can be given
        return None


def _stored_number(stored: str) -> Decimal | None:
    """A number as it is stored; None for what is none, or none that a spreadsheet can hold."""
    try:
        value = Decimal(stored.strip())
    except InvalidOperation:  # an error, a day of ISO 8601
        return None
    return value if value.is_finite() and abs(value.adjusted()) <= LARGEST_POWER else None


def _shown_moment(code: str, cell: SeenCell) -> str | None:
    """A day or a time as its format shows it, hours from 0 to 23; None where that cannot be told."""
    try:
        at = datetime.fromisoformat(cell.text) if "-" in cell.text else None
    except ValueError:  # no day that there is
        return None
    days = _stored_number(cell.stored)
    if days is not None:
        seconds = int((days * DAY_SECONDS).to_integral_value())
    elif at is not None:  # a cell that is written as a day of ISO 8601
        seconds = (at.hour * 60 + at.minute) * 60 + at.second
    else:
        return None
    of_day = seconds % DAY_SECONDS
    elapsed = {"h": seconds // 3600, "m": seconds // 60, "s": seconds}
    shown = []
    is_after_hours = False
    for part in DATE_PARTS.finditer(code.partition(";")[0]):
        kind, text = part.lastgroup, part[0]
        if kind == "month" and is_after_hours:
            kind = "minutes"
        if kind in ("year", "month", "day") and at is None:
            return None
        if kind in ("quoted", "escaped", "other"):
            shown.append(part[kind])
        elif kind == "elapsed":
            shown.append(str(elapsed[part["elapsed"][0].lower()]))
        elif kind == "hours":
            shown.append(str(of_day // 3600))
        elif kind in ("minutes", "seconds"):
            shown.append(str(of_day // 60 % 60 if kind == "minutes" else of_day % 60).zfill(min(len(text), 2)))
        elif kind is not None and at is not None:
            shown.append(_part_of_day(kind, len(text), at))
        if kind not in ("quoted", "escaped", "other"):
            is_after_hours = kind == "hours" or (kind == "elapsed" and text[1] in "hH")
    return "".join(shown)


def _part_of_day(kind: str, width: int, at: datetime) -> str:
    if kind == "year":
        return str(at.year)
    if kind == "month":
        return str(at.month) if width < 3 else MONTHS[at.month - 1]
    return str(at.day) if width < 3 else "星期" + WEEKDAYS[at.weekday()]


def _says_the_same(shown: str, cell: SeenCell, column: Column) -> bool:
    if column.is_number and not cell.is_string:
        return _is_number_shown(shown, cell.stored, column.unit or "")
    if not cell.is_string and number_format(cell.look.format_code).is_date:
        numbers, seen = _numbers_in(cell.text), _numbers_in(shown)
        if column.type == "date":
            return bool(shown) and set(seen) <= set(numbers)
        if "-" not in cell.text:  # a time may be a ratio that somebody typed: 1:02 is not 01:02:00
            return re.sub(r"\b0(?=\d)", "", shown) == re.sub(r"\b0(?=\d)", "", cell.text)
        return seen == numbers
    unit = _squeezed(column.unit or "")
    return _squeezed(shown).removesuffix(unit) == _squeezed(cell.text).removesuffix(unit)


def _numbers_in(text: str) -> list[int]:
    return sorted(number for number in map(int, re.findall(r"\d+", text)) if number)


def _is_number_shown(shown: str, stored: str, unit: str) -> bool:
    """Whether a shown text is a number within rounding, separators and unit words."""
    number_stored = _stored_number(stored)
    if number_stored is None:
        return True
    value = Fraction(number_stored)
    text = unicodedata.normalize("NFKC", shown).strip().removesuffix(unicodedata.normalize("NFKC", unit)).strip()
    text = text.strip(CURRENCIES + unicodedata.normalize("NFKC", CURRENCIES)).strip()
    if text.startswith("(") and text.endswith(")"):
        text = "-" + text[1:-1]
    sign = "-" if text.startswith("-") else ""
    text = sign + text.lstrip("+-").strip(CURRENCIES + " ").replace(",", "")
    if parts := SHOWN_FRACTION.fullmatch(text):
        whole, numerator, denominator = int(parts[2] or 0), int(parts[3]), int(parts[4])
        number = Fraction(whole) + Fraction(numerator, denominator or 1)
        return _is_near(-number if parts[1] == "-" else number, value)
    match = SHOWN_NUMBER.fullmatch(text)
    if match is None:
        return False
    number = Fraction(Decimal(text.rstrip("%")))
    if match["percent"] and unit not in ("", "%"):
        return False  # a count or an amount is no percentage
    if match["percent"] and not unit:
        number /= 100
    if match["power"]:
        return _is_near(number, value)
    places = len(match["digits"].partition(".")[2]) + (2 if match["percent"] and not unit else 0)
    half = Fraction(1, 2 * 10**places)
    return abs(number - value) <= half and (number != 0 or value == 0)


def _is_near(number: Fraction, value: Fraction) -> bool:
    return abs(number - value) <= abs(value) * SCIENTIFIC_WITHIN


def _squeezed(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())
