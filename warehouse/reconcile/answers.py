"""What the author of a report has answered to the comments that an earlier reconciliation put into its Word file."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sources.system.apart import Exceeded, each_apart
from sources.system.settings import Limits

AUTHOR, INITIALS = "nianbao 核对", "核"
"""By whom comments of a reconciliation are signed; a name that no person has, for those that are open are taken out."""
PARA_ID = "{http://schemas.microsoft.com/office/word/2010/wordml}paraId"
EXTENDED = "{http://schemas.microsoft.com/office/word/2012/wordml}"
OF_EXTENDED = "/commentsExtended"
YES = ("1", "true", "on")
Element = Any
"""An element of lxml."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A comment of ours and what became of it: at which text it stood, who answered what, whether it was settled."""

    at: str
    said: str
    replies: tuple[tuple[str, str], ...]
    """Author and text of each."""
    is_done: bool


@dataclass(frozen=True, slots=True)
class Thread:
    """A comment of ours in the file, with its answer."""

    comment_id: int
    answer: Answer

    @property
    def is_open(self) -> bool:
        """Nobody has answered or settled it."""
        return not self.answer.replies and not self.answer.is_done


def answers_in(path: Path) -> tuple[Answer, ...]:
    """Our comments in a Word file, with their answers; none where the file cannot be opened."""
    (outcome,) = each_apart(_answers, [path], Limits())
    return () if isinstance(outcome, Exceeded) else outcome


def _answers(path: Path) -> tuple[Answer, ...]:
    import docx

    return tuple(thread.answer for thread in threads_of(docx.Document(str(path))))


def threads_of(document: Any) -> list[Thread]:
    """Our comments in a document, in their order, each with its answers."""
    comments = list(document.comments)
    own_id = {_para_id(each._comment_elm): each for each in comments}
    parents, done = _extended(document)
    replies: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for each in comments:
        if parent := parents.get(_para_id(each._comment_elm)):
            replies[parent].append((each.author, each.text.strip()))
    body = document.element.body
    return [
        Thread(each.comment_id, Answer(marked_text(body, each.comment_id), each.text, tuple(replies[own]), own in done))
        for own, each in own_id.items()
        if each.author == AUTHOR and own not in parents
    ]


def _para_id(comment: Element) -> str:
    """By what other parts name a comment: its last paragraph; its number where a program gives none."""
    paragraphs = list(comment.iter("{*}p"))
    return (paragraphs[-1].get(PARA_ID) if paragraphs else None) or f"#{comment.id}"


def _extended(document: Any) -> tuple[dict[str, str], set[str]]:
    """Which comment answers which, and which are settled, by their ids."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    parts = [each.target_part for each in document.part.rels.values() if each.reltype.endswith(OF_EXTENDED)]
    entries = [entry for part in parts for entry in etree.fromstring(part.blob, parser).iter(f"{EXTENDED}commentEx")]
    own, parent, done = (f"{EXTENDED}{name}" for name in ("paraId", "paraIdParent", "done"))
    return (
        {entry.get(own, ""): above for entry in entries if (above := entry.get(parent))},
        {entry.get(own, "") for entry in entries if entry.get(done) in YES},
    )


def marked_text(body: Element, comment_id: int) -> str:
    """The text at which a comment stands."""
    return "".join(element.text or "" for element in _texts_within(body, comment_id))


def _texts_within(body: Element, comment_id: int) -> Iterator[Element]:
    is_within = False
    for element in body.iter("{*}commentRangeStart", "{*}commentRangeEnd", "{*}t"):
        if str(element.tag).endswith("}t"):
            if is_within:
                yield element
        elif _id(element) == comment_id:
            is_within = str(element.tag).endswith("}commentRangeStart")


def _id(element: Element) -> int | None:
    written = next((value for name, value in element.attrib.items() if str(name).endswith("}id")), None)
    return int(written) if written is not None and written.isdecimal() else None


def take_out(document: Any, threads: Sequence[Thread]) -> None:
    """Removes comments, with what marks their place; the text stays."""
    numbers = {thread.comment_id for thread in threads}
    marks = ("{*}commentRangeStart", "{*}commentRangeEnd", "{*}commentReference")
    for mark in [each for each in document.element.body.iter(*marks) if _id(each) in numbers]:
        run = mark.getparent()
        run.remove(mark)
        if str(mark.tag).endswith("}commentReference") and all(str(each.tag).endswith("}rPr") for each in run):
            run.getparent().remove(run)
    for each in list(document.comments):
        if each.comment_id in numbers:
            each._comment_elm.getparent().remove(each._comment_elm)
