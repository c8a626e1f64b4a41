"""Text that stays text in every output: a spreadsheet must not run what a school typed."""

import json
import re
import unicodedata

LIKE_A_FORMULA = re.compile(r"[=+\-@\t\r\n]|[＝＋－＠].", re.DOTALL)
"""How a text begins that a spreadsheet would run; Chinese ones take wide signs too."""
NUMBER = re.compile(r"[+-]?\d[\d,]*(\.\d+)?%?")


_LAST_OF_PLANES = "".join(chr(plane << 16 | last) for plane in range(1, 15) for last in (0xFFFE, 0xFFFF))
ILLEGIBLE = re.compile(
    "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f"  # control characters but tab and line ends
    "\\u202a-\\u202e\\u2066-\\u2069"  # what turns the direction of writing
    f"\\ud800-\\udfff\\ufdd0-\\ufdef\\ufffe\\uffff{_LAST_OF_PLANES}"  # surrogates and noncharacters
    "\\ue000-\\uf8ff\\U000f0000-\\U0010ffff]"  # private use: every font shows something else
)
STANDS_FOR_ILLEGIBLE = "\ufffd"
UNSEEN_LETTERS = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
"""Letters that take no room, or whose room stays empty, besides the format characters of Unicode."""


MARKDOWN = re.compile(r"[\\`*_{}\[\]()#!|<>~&:@$^]|(?<=www)\.", re.IGNORECASE)
SHOWN_IN_A_CELL = 300
WIDE_SPACE = "\u3000"


# What could make a link, a mention or a format of what somebody wrote into a file name or a cell.
_HARMLESS = str.maketrans("<>[]()@*`#|~", "＜＞［］（）＠＊｀＃｜～")


def legible(text: str) -> str:
    """The text with a visible sign for each character that no XML, terminal or person can take."""
    return text if text.isprintable() else ILLEGIBLE.sub(STANDS_FOR_ILLEGIBLE, text)


def with_unseen_named(text: str) -> str:
    """The text as a message quotes it: what nobody sees in it (zero-width, soft hyphen, …) has its number instead."""
    if text.isascii():
        return text
    return "".join(f"〔看不见的字符 U+{ord(letter):04X}〕" if _is_unseen(letter) else letter for letter in text)


def _is_unseen(letter: str) -> bool:
    return unicodedata.category(letter) == "Cf" or UNSEEN_LETTERS.match(letter) is not None


def visible(json_text: str) -> str:
    """JSON that says the same, with an escape for each character that a terminal would act on or nobody can read."""
    return ILLEGIBLE.sub(lambda found: json.dumps(found.group())[1:-1], json_text)


def as_text(text: str) -> str:
    """The text for a CSV file. An apostrophe stands before what a spreadsheet would run; numbers stay as they are."""
    text = legible(text)
    return f"'{text}" if LIKE_A_FORMULA.match(text) and not NUMBER.fullmatch(text) else text


def as_typst(text: str | None) -> str:
    """The text as a string of typst, in quotes."""
    return json.dumps(legible(text or ""), ensure_ascii=False)


def as_markdown(text: str, longest: int = SHOWN_IN_A_CELL) -> str:
    """The text as one cell of a Markdown table: nothing in it is a link, a picture, a format or HTML; not too long."""
    return MARKDOWN.sub(r"\\\g<0>", legible(cut_short(" ".join(text.split()), longest)))


def of_markdown(text: str) -> str:
    """Markdown as a person reads it at a terminal: the signs that `as_markdown` protects, without their protection."""
    return re.sub(r"\\(?=[!-/:-@\[-`{-~])", "", text)


def cut_short(text: str, longest: int) -> str:
    """The text; of a longer one its beginning, and how long it is."""
    return text if len(text) <= longest else f"{text[:longest]}…（共 {len(text)} 个字）"


def shown_name(name: str) -> str:
    """A file's name without path, control characters and what cannot be written down."""
    return printable(name.replace("\\", "/").rsplit("/", 1)[-1]) or "（无名文件）"


def printable(text: str) -> str:
    """A text without control characters and what cannot be written down, not too long to be shown."""
    plain = text.encode("utf-8", "replace").decode("utf-8")
    return "".join(letter if letter.isprintable() else "�" for letter in plain)[:200]


def plain(text: str) -> str:
    """The text on one line. Chat programs and mail readers find no link, mention or format in it."""
    line = "".join(letter if letter.isprintable() or letter == WIDE_SPACE else " " for letter in text)
    return line.translate(_HARMLESS).replace("://", "：//").replace("www.", "www．")
