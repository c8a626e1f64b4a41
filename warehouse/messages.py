"""What is told to people: messages as plain text, safe to show anywhere."""

from dataclasses import dataclass
from typing import Literal

# What could make a link, a mention or a format of what somebody wrote into a file name or a cell.
_HARMLESS = str.maketrans("<>[]()@*`#|~", "＜＞［］（）＠＊｀＃｜～")


@dataclass(frozen=True)
class Message:
    """What is sent: one line as the title, a body of lines, and how serious it is."""

    title: str
    body: str
    severity: Literal["failure", "warning", "success", "info"] = "info"


def plain(text: str) -> str:
    """The text on one line, with nothing in it that a chat program or a mail reader takes for more than text."""
    line = "".join(letter if letter.isprintable() else " " for letter in text)
    return line.translate(_HARMLESS).replace("://", "：//").replace("www.", "www．")
