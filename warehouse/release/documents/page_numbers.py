"""The page numbers in the contents of a Word file: as LibreOffice lays it out where there is one, else the PDF's.

A release that is made again has those of its own Word file: it comes out the same on a machine without LibreOffice.
"""

import os
import re
import signal
import subprocess
import tempfile
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import docx
import pypdfium2
from docx.oxml.ns import qn
from lxml import etree

from sources.system.kept_parts import NOTHING_KEPT, KeptParts
from warehouse.release.documents.pdf import IN_CONTENTS, pages_of
from warehouse.release.documents.wordml import BOOKMARK

MOST_SECONDS = 120
OUR_FIELDS = re.compile(r"\s*(TOC|PAGEREF|PAGE|NUMPAGES|SEQ|REF)\b")
"""Fields that fetch nothing from elsewhere."""


@dataclass(frozen=True)
class PageNumbers:
    """`office` is LibreOffice's program; `given` are the numbers that a release has already."""

    office: str | None = None
    given: tuple[str, ...] | None = None

    def of(self, word: bytes, pdf: bytes, kept: KeptParts = NOTHING_KEPT) -> Sequence[str]:
        """The page of each line of the contents of a Word file that is also a PDF."""
        if self.given is not None:
            return self.given
        by_office = _laid_out(self.office, word, kept) if self.office and not asks_elsewhere(word) else None
        return pages_of(pdf) if by_office is None else by_office


BY_PDF = PageNumbers()


def numbers_in(word: bytes) -> tuple[str, ...] | None:
    """The page numbers that a Word file's contents have; None where they are stale."""
    body = docx.Document(BytesIO(word)).element.body
    if any(begin.get(qn("w:dirty")) for begin in body.iter(qn("w:fldChar"))):
        return None
    fields = [each for each in body.iter(qn("w:instrText")) if (each.text or "").startswith(f" PAGEREF {BOOKMARK}")]
    results = (field.getparent().getnext().getnext().find(qn("w:t")) for field in fields)
    return tuple((result.text or "") if result is not None else "" for result in results)


def asks_elsewhere(word: bytes) -> bool:
    """Whether a Word file names something outside itself: LibreOffice would fetch it."""
    with zipfile.ZipFile(BytesIO(word)) as package:
        for name in package.namelist():
            if name.endswith(".rels") and b"External" in package.read(name):
                return True
            if name.startswith("word/") and name.endswith(".xml"):
                root = etree.fromstring(package.read(name))
                codes = [each.text or "" for each in root.iter(qn("w:instrText"))]
                codes += [each.get(qn("w:instr")) or "" for each in root.iter(qn("w:fldSimple"))]
                if any(code.strip() and not OUR_FIELDS.match(code) for code in codes):
                    return True
    return False


def _laid_out(office: str, word: bytes, kept: KeptParts) -> list[str] | None:
    """The pages on which LibreOffice begins chapters and sections; None when it cannot say."""
    program = Path(office)
    try:
        changed = str(program.stat().st_mtime_ns)
        found = kept.part((word, str(program.resolve()), changed), lambda: "\n".join(_pages(office, word)).encode())
    except (OSError, subprocess.SubprocessError, pypdfium2.PdfiumError, ValueError):
        return None  # it is missing, hangs, or writes nothing that can be read: the PDF says nearly the same
    return found.decode().split("\n")


def _pages(office: str, word: bytes) -> list[str]:
    """Raises SubprocessError or OSError when LibreOffice fails, ValueError when a heading has no page."""
    with tempfile.TemporaryDirectory(prefix="nianbao-pages-") as name:
        folder = Path(name)
        (folder / "report.docx").write_bytes(word)
        options = ["--headless", "--norestore", f"-env:UserInstallation={(folder / 'profile').as_uri()}"]
        command = [office, *options, "--convert-to", "pdf", "--outdir", name, str(folder / "report.docx")]
        process = subprocess.Popen(
            command,
            env=os.environ | {"HOME": name},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            process.wait(MOST_SECONDS)
        finally:
            with suppress(ProcessLookupError):  # its children too
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        with pypdfium2.PdfDocument(folder / "report.pdf") as opened:
            entries = [entry.get_dest() for entry in opened.get_toc() if entry.level < IN_CONTENTS]
            places = [entry.get_index() for entry in entries if entry]
        if not places or len(places) != len(entries):
            raise ValueError("headings without a page")
        return [str(place - places[0] + 1) for place in places]
