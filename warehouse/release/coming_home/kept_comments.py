"""Comments of those who read a draft, kept beside the words that they are about, a line each; who has settled one
strikes its line. They are printed again in the next draft.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sources.system.whole_file import whole_file
from warehouse.reconcile.reading.word_text import letters_of
from warehouse.release.coming_home.word_items import HEADINGS
from warehouse.release.narrative.written_files import COMMENTS

LINE = re.compile(r"- (?P<author>.+?) 在“(?P<at>.*?)”处：(?P<said>.+)")
LEAD = "这一节的批注，下一稿里会再印成批注。已经处理的，删去那一行。"
LONGEST_PLACE = 40
Element = Any
"""An element of lxml."""


@dataclass(frozen=True, slots=True)
class KeptComment:
    """A comment on a section, or on what stands under a heading without words of its own."""

    heading: str
    author: str
    at: str
    said: str

    @property
    def line(self) -> str:
        return f"- {self.author} 在“{self.at}”处：{self.said}"

    @property
    def sign(self) -> tuple[str, str, str]:
        """What is the same when the words at which it stands were changed."""
        return self.heading, self.author, self.said


def comments_in(folder: Path) -> Iterator[KeptComment]:
    """The comments that are kept in a folder of words."""
    for path in sorted((folder / COMMENTS).glob("*.md")):
        for line in path.read_text("utf-8", "replace").splitlines():
            if found := LINE.fullmatch(line.strip()):
                yield KeptComment(path.stem, found["author"], found["at"], found["said"])


def keep_comments(folder: Path, comments: Sequence[KeptComment]) -> list[Path]:
    """Adds comments to those that are kept, each once; returns the files that have become longer."""
    known = {each.sign for each in comments_in(folder)}
    new: dict[str, list[str]] = {}
    for each in comments:
        if each.sign not in known:
            known.add(each.sign)
            new.setdefault(each.heading, []).append(each.line)
    written = []
    for heading, lines in new.items():
        path = folder / COMMENTS / f"{heading}.md"
        before = path.read_text("utf-8", "replace").rstrip("\n").split("\n") if path.exists() else [LEAD, ""]
        with whole_file(path) as partial:
            partial.write_text("\n".join((*before, *lines, "")), encoding="utf-8")
        written.append(path)
    return written


def put_comments(document: Any, comments: Sequence[KeptComment]) -> None:
    """Puts comments into a draft: at the words at which they stood, else at the heading."""
    from docx.text.run import Run

    heading, places = "", dict[str, list[Element]]()
    for paragraph in document.paragraphs:
        if (paragraph.style.name or "") in HEADINGS:
            heading = paragraph.text.strip()
        places.setdefault(heading, []).append(paragraph._p)
    for each in comments:
        of_section = places.get(each.heading) or next(iter(places.values()))
        runs = next(filter(None, (_runs_at(paragraph, each.at) for paragraph in of_section)), None)
        runs = runs or _own_runs(of_section[0])
        if runs:
            ends = [Run(run, document) for run in (runs[0], runs[-1])]
            added = document.add_comment(ends, text=each.said, author=each.author, initials=each.author[:1])
            for name in [name for name in added._comment_elm.attrib if str(name).endswith("}date")]:
                del added._comment_elm.attrib[name]


def _own_runs(paragraph: Element) -> list[Element]:
    """The runs of a paragraph that stand in no control: only there may a comment begin or end."""
    return [run for run in paragraph.iterchildren("{*}r") if any(str(each.tag).endswith("}t") for each in run)]


def _runs_at(paragraph: Element, text: str) -> list[Element]:
    """The runs in which a text stands; none where it does not."""
    letters = letters_of(paragraph)
    start = "".join(letter.text for letter in letters).find(text) if text else -1
    if start < 0:
        return []
    within = {letter.run for letter in letters[start : start + len(text)]}
    own = _own_runs(paragraph)
    return [run for run in own if run in within] or own
