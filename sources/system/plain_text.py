"""Text that stays text in every output: a spreadsheet must not run what a school typed."""

import re

STARTS_LIKE_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")
NUMBER = re.compile(r"[+-]?\d[\d,]*(\.\d+)?%?")


# What could make a link, a mention or a format of what somebody wrote into a file name or a cell.
_HARMLESS = str.maketrans("<>[]()@*`#|~", "＜＞［］（）＠＊｀＃｜～")


def as_text(text: str) -> str:
    """The text for a CSV file. An apostrophe stands before what a spreadsheet would run; numbers stay as they are."""
    return f"'{text}" if text.startswith(STARTS_LIKE_A_FORMULA) and not NUMBER.fullmatch(text) else text


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
