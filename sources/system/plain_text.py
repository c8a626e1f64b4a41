"""Text that stays text in every output: a spreadsheet must not run what a school typed."""

import re

STARTS_LIKE_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")
NUMBER = re.compile(r"[+-]?\d[\d,]*(\.\d+)?%?")


ILLEGIBLE = re.compile(
    "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f"  # control characters but tab and line ends
    "\\u202a-\\u202e\\u2066-\\u2069"  # what turns the direction of writing
    "\\ud800-\\udfff\\ufdd0-\\ufdef\\ufffe\\uffff"  # surrogates and noncharacters
    "\\ue000-\\uf8ff\\U000f0000-\\U0010ffff]"  # private use: every font shows something else
)
STANDS_FOR_ILLEGIBLE = "\ufffd"


MARKDOWN = re.compile(r"[\\`*_{}\[\]()#!|<>~&:@$^]|(?<=www)\.", re.IGNORECASE)
SHOWN_IN_A_CELL = 300


# What could make a link, a mention or a format of what somebody wrote into a file name or a cell.
_HARMLESS = str.maketrans("<>[]()@*`#|~", "＜＞［］（）＠＊｀＃｜～")


def legible(text: str) -> str:
    """The text with a visible sign for each character that no XML, terminal or person can take."""
    return ILLEGIBLE.sub(STANDS_FOR_ILLEGIBLE, text)


def as_text(text: str) -> str:
    """The text for a CSV file. An apostrophe stands before what a spreadsheet would run; numbers stay as they are."""
    return f"'{text}" if text.startswith(STARTS_LIKE_A_FORMULA) and not NUMBER.fullmatch(text) else text


def as_markdown(text: str) -> str:
    """The text as one cell of a Markdown table: nothing in it is a link, a picture, a format or HTML; not too long."""
    line = " ".join(text.split())
    cut = line if len(line) <= SHOWN_IN_A_CELL else f"{line[:SHOWN_IN_A_CELL]}…（共 {len(line)} 个字）"
    return MARKDOWN.sub(r"\\\g<0>", legible(cut))


def shown_name(name: str) -> str:
    """A file's name without path, control characters and what cannot be written down."""
    return printable(name.replace("\\", "/").rsplit("/", 1)[-1]) or "（无名文件）"


def printable(text: str) -> str:
    """A text without control characters and what cannot be written down, not too long to be shown."""
    plain = text.encode("utf-8", "replace").decode("utf-8")
    return "".join(letter if letter.isprintable() else "�" for letter in plain)[:200]


def plain(text: str) -> str:
    """The text on one line. Chat programs and mail readers find no link, mention or format in it."""
    line = "".join(letter if letter.isprintable() else " " for letter in text)
    return line.translate(_HARMLESS).replace("://", "：//").replace("www.", "www．")
