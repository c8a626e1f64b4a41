"""Edits that somebody may make in a release: a digit, a label, a cell; drawn by chance, always the same for a seed."""

import json
import random
import re
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Literal
from zipfile import ZIP_DEFLATED, ZipFile

from sources.system.fingerprint import sha256_of, sha256_of_file
from sources.system.seal import seal
from warehouse.intake.released import MANIFEST

What = Literal["figure", "digit", "label"]
"""A digit of a number that bears its fact; another digit; a word."""
TEXTS = {
    ".html": re.compile(r">([^<>]*[0-9\u4e00-\u9fff][^<>]*)<"),
    ".docx": re.compile(r"<w:t(?: [^>]*)?>([^<>]*[0-9\u4e00-\u9fff][^<>]*)</w:t>"),
    ".xlsx": re.compile(r"<(?:t|v)(?: [^>]*)?>([^<>]*[0-9\u4e00-\u9fff][^<>]*)</(?:t|v)>"),
    ".csv": re.compile(r"(?<=[,\n])([^,\n]*[0-9\u4e00-\u9fff][^,\n]*)(?=[,\r\n])"),
    ".json": re.compile(r'": "?([^",{}\[\]]*[0-9\u4e00-\u9fff][^",{}\[\]]*)'),
}
PARTS = re.compile(r"word/(document|footnotes)\.xml|xl/(sharedStrings|worksheets/sheet\d+)\.xml")
FACT = {
    ".html": re.compile(r'data-fact="[^>]*>$'),
    ".docx": re.compile(r"</w:sdtPr><w:sdtContent>(?:(?!</w:sdt>).)*$", re.DOTALL),
}


@dataclass(frozen=True)
class Edit:
    """What was changed in a file, from what to what."""

    file: str
    what: What
    before: str
    after: str


def edit(path: Path, folder: Path, chance: random.Random) -> Edit:
    """Changes one digit or one letter that people read in a file."""
    if path.suffix not in (".docx", ".xlsx"):
        text, what, before, after = _edited(path.read_bytes().decode(), path.suffix, chance)
        path.write_bytes(text.encode())
        return Edit(path.relative_to(folder).as_posix(), what, before, after)
    with ZipFile(path) as parts:
        contents = {name: parts.read(name) for name in parts.namelist()}
    part = chance.choice(
        sorted(name for name, data in contents.items() if PARTS.fullmatch(name) and _places(data.decode(), path.suffix))
    )
    text, what, before, after = _edited(contents[part].decode(), path.suffix, chance)
    contents[part] = text.encode()
    target = BytesIO()
    with ZipFile(target, "w", ZIP_DEFLATED) as parts:
        for name, data in contents.items():
            parts.writestr(name, data)
    path.write_bytes(target.getvalue())
    return Edit(path.relative_to(folder).as_posix(), what, before, after)


def _places(text: str, kind: str) -> list[re.Match[str]]:
    return [each for each in TEXTS[kind].finditer(text) if each[1].strip()]


def _edited(text: str, kind: str, chance: random.Random) -> tuple[str, What, str, str]:
    place = chance.choice(_places(text, kind))
    before = place[1]
    at = chance.choice([index for index, letter in enumerate(before) if letter.isdecimal() or letter > "\u4e00"])
    letter = before[at]
    other = chance.choice(
        [each for each in ("0123456789" if letter.isdecimal() else "校生师元年全无") if each != letter]
    )
    after = before[:at] + other + before[at + 1 :]
    is_fact = kind in FACT and FACT[kind].search(text[max(0, place.start() - 2000) : place.start(1)]) is not None
    what: What = "figure" if is_fact else "digit" if letter.isdecimal() else "label"
    return text[: place.start(1)] + after + text[place.end(1) :], what, before, after


def repair(folder: Path, files: list[str]) -> None:
    """Puts the checksums of the files right wherever a release has them, as somebody would who knows its form."""
    known = json.loads((folder / MANIFEST).read_text("utf-8"))
    old = {known["outputs"][name]: sha256_of_file(folder / name) for name in files if name in known["outputs"]}
    for name in ("dcat.jsonld", "SHA256SUMS"):
        path = folder / name
        text, before = path.read_text("utf-8"), sha256_of_file(path)
        for digest, new in old.items():
            text = text.replace(digest, new)
        path.write_text(text, "utf-8")
        old[before] = sha256_of(text)
    text = (folder / MANIFEST).read_text("utf-8")
    for digest, new in old.items():
        text = text.replace(digest, new)
    (folder / MANIFEST).write_text(text, "utf-8")
    seal(folder / MANIFEST)
