"""The text of a PDF that typst has written, page by page.

No reader of PDF is among our packages. Typst writes one form of it: objects in the open, streams deflated, each font
with a map from its glyphs to Unicode. That much is read here, and a test holds it against what pdftotext reads.
"""

import re
import zlib

OBJECT = re.compile(rb"(?:^|\n)(\d+) 0 obj\s(.*?)endobj", re.DOTALL)
STREAM = re.compile(rb"stream\r?\n(.*)\r?\nendstream", re.DOTALL)
PAGE = re.compile(rb"/Type\s*/Page\b")
FONT = re.compile(rb"/(\w+)\s+(\d+) 0 R")
SAID = rb"(?:\\.|[^\\()])*"
for _ in range(3):  # pairs of brackets may stand in a string without an escape
    SAID = rb"(?:\\.|[^\\()]|\(" + SAID + rb"\))*"
A_STRING = rb"\(" + SAID + rb"\)|<[0-9A-Fa-f\s]*>"
SHOWN = re.compile(
    rb"/(\w+)\s+[\d.]+\s+Tf|\[((?:" + A_STRING + rb"|[-\d.\s]++)*)\]\s*TJ|(" + A_STRING + rb")\s*Tj", re.DOTALL
)
STRING = re.compile(rb"\((" + SAID + rb")\)|<([0-9A-Fa-f\s]*)>", re.DOTALL)
ESCAPE = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)
MAPPED = re.compile(rb"<([0-9A-Fa-f]{4})> <([0-9A-Fa-f]+)>\s*\n")
LETTERS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
Glyphs = dict[int, str]


def pdf_pages(data: bytes) -> list[str]:
    """The text of each page, a line for each run of glyphs.

    Raises ValueError for a page of which no text can be read: it is none of typst's.
    """
    objects = {int(number): body for number, body in OBJECT.findall(data)}
    maps: dict[int, Glyphs] = {}
    pages = [body for body in objects.values() if PAGE.search(body)]
    if not pages:
        raise ValueError("PDF 里没有可以读的页")
    return [_page(body, objects, maps) for body in pages]


def _page(page: bytes, objects: dict[int, bytes], maps: dict[int, Glyphs]) -> str:
    resources = objects.get(_refers(rb"/Resources", page), page)
    fonts = re.search(rb"/Font\s*<<(.*?)>>", resources, re.DOTALL)
    named = {name: int(number) for name, number in FONT.findall(fonts[1])} if fonts else {}
    lines, glyphs = [], Glyphs()
    for name, several, one in SHOWN.findall(_stream(objects[_refers(rb"/Contents", page)])):
        if not name:
            lines.append("".join(_said(string, glyphs) for string in STRING.findall(several or one)))
        elif (font := named.get(name, 0)) in objects:
            if font not in maps:
                maps[font] = _glyphs(_stream(objects[_refers(rb"/ToUnicode", objects[font])]))
            glyphs = maps[font]
    return "\n".join(lines)


def _refers(key: bytes, body: bytes) -> int:
    """The number of the object that a key refers to; 0 where it refers to none."""
    found = re.search(key + rb"\s+(\d+) 0 R", body)
    return int(found[1]) if found else 0


def _stream(body: bytes) -> bytes:
    found = STREAM.search(body)
    if found is None:
        raise ValueError("PDF 里没有可以读的内容")
    return zlib.decompress(found[1]) if b"/FlateDecode" in body[: found.start()] else found[1]


def _glyphs(table: bytes) -> Glyphs:
    """Glyph → what it says."""
    return {int(glyph, 16): bytes.fromhex(said.decode()).decode("utf-16-be") for glyph, said in MAPPED.findall(table)}


def _said(string: tuple[bytes, bytes], glyphs: Glyphs) -> str:
    """A string of the page: two bytes a glyph."""
    plain, digits = string
    data = bytes.fromhex(digits.decode()) if digits else ESCAPE.sub(_unescaped, plain)
    return "".join(glyphs.get(data[at] << 8 | data[at + 1], "") for at in range(0, len(data) - 1, 2))


def _unescaped(found: re.Match[bytes]) -> bytes:
    said = found[1]
    return bytes([int(said, 8) & 255]) if said[:1].isdigit() else LETTERS.get(said, said)
