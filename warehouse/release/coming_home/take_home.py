"""What people changed in a draft that comes back: their words become new versions of the files of words, section by
section; what cannot be taken is told, nothing is lost in silence.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

from sources.declarations.city import City
from sources.system.apart import Exceeded, each_apart
from sources.system.faults import ToldError
from sources.system.settings import Limits
from warehouse.release.coming_home.changed_text import changes_of, quoted
from warehouse.release.coming_home.handed_out import HandedOut, OwnParagraph, PrintedPiece, handed_out, heading_of
from warehouse.release.coming_home.kept_comments import LONGEST_PLACE, KeptComment
from warehouse.release.coming_home.side_by_side import ItemPair, pairs_of
from warehouse.release.coming_home.word_items import WordDraft, WordItem, draft_in
from warehouse.release.coming_home.words_again import (
    ParagraphAgain,
    WordsPart,
    as_it_was,
    as_written,
    is_same,
    new_paragraphs,
    paragraph_again,
    with_marks_found,
)
from warehouse.release.documents.put_words import CASES_TITLE, GAP, HINT_STYLE
from warehouse.release.narrative.read_narrative import HEAD, NUMBERED

SHOWN, LISTED = 60, 10
MEND = "数字错了，请改学校报送的那一格再运行（nianbao trace 说出它在哪里）；没有错而要解释，由学校写说明"
NoteKind = Literal["number", "made", "place", "mark", "conflict", "tracked"]
NOTE_KINDS: Mapping[NoteKind, str] = {
    "number": "改了数字",
    "made": "改了生成的内容",
    "place": "没有地方放",
    "mark": "少了取数的词",
    "conflict": "改法不一",
    "tracked": "修订",
}


class NotOurDraftError(ToldError):
    """A file is no draft of this installation's, or cannot be read."""


@dataclass(frozen=True, slots=True)
class ReturnNote:
    """What somebody has to decide: in which file that came back, below which heading, and what to do."""

    kind: NoteKind
    file: str
    heading: str
    text: str

    def __str__(self) -> str:
        where = f"“{self.heading}”" if self.heading else ""
        return f"{self.file} {where}：{self.text}".replace(" ：", "：")


@dataclass(frozen=True, slots=True)
class SectionChange:
    """A file of words with its text when the draft was handed out ('' where there was none) and now."""

    name: str
    before: str
    after: str
    told: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReturnedDraft:
    """What came back in one file."""

    file: str
    handed: HandedOut
    changes: tuple[SectionChange, ...]
    notes: tuple[ReturnNote, ...]
    comments: tuple[KeptComment, ...]


def read_returned(path: Path, city: City, report_year: int, home: Path) -> ReturnedDraft:
    """What people changed in a draft of a year. Raises NotOurDraftError that names the file, and NotHandedOutError."""
    draft = read_draft(path)
    if draft.report_year not in (None, report_year):
        raise NotOurDraftError(
            f"{path}：是 {draft.report_year} 年度的报告（{draft.title}），要读的是 {report_year} 年度"
        )
    if not draft.key:
        raise NotOurDraftError(
            f"{path}：不知道它是哪一份草稿：文档属性的“关键词”里没有 nianbao 的编号。"
            "发布的版本、旧程序生成的和另建的文档都没有；请把改动抄进 nianbao documents 新生成的草稿，再读一次"
        )
    handed = handed_out(draft.key, home)
    if (handed.city, handed.report_year) != (city.code, report_year):
        raise NotOurDraftError(f"{path}：是“{handed.title}”的草稿，不是{city.name} {report_year} 年度的")
    limits = Limits()
    (outcome,) = each_apart(partial(_compared, handed, path.name), [draft], limits)
    if isinstance(outcome, Exceeded):
        raise NotOurDraftError(f"{path}：不能与发出时的草稿对照（{outcome.told(limits)}）")
    return outcome


def read_draft(path: Path) -> WordDraft:
    """A report of ours as it stands in a Word file. Raises NotOurDraftError that names the file."""
    if not path.is_file():
        raise NotOurDraftError(f"{path}：没有这个文件")
    limits = Limits()
    (outcome,) = each_apart(partial(_read, limits), [path], limits)
    if isinstance(outcome, Exceeded):
        raise NotOurDraftError(f"{path}：不能打开（{outcome.told(limits)}）")
    if isinstance(outcome, str):
        raise NotOurDraftError(f"{path}：{outcome}")
    return outcome


def _read(limits: Limits, path: Path) -> WordDraft | str:
    return draft_in(path, limits)


def _compared(handed: HandedOut, file: str, draft: WordDraft) -> ReturnedDraft:
    return DraftComparison(handed, file, draft).returned()


@dataclass(slots=True)
class _OwnFile:
    """A file of words while it is put together: its paragraphs in the order in which they came back."""

    paragraphs: list[ParagraphAgain] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    lost: list[PrintedPiece] = field(default_factory=list)


class DraftComparison:
    """A draft as it was handed out beside what came back."""

    def __init__(self, handed: HandedOut, file: str, draft: WordDraft) -> None:
        self.handed, self.file, self.draft = handed, file, draft
        self.own = {each.item: each for each in handed.own if each.item is not None}
        self.unplaced = _after(handed.own)
        self.files: dict[str, _OwnFile] = {}
        self.notes: list[ReturnNote] = []
        self.heading, self.chapter = "", ""
        self.last_file = ""
        self.deleted: dict[str, list[str]] = {}
        self.heading_of_item: list[str] = []

    def returned(self) -> ReturnedDraft:
        if self.draft.is_tracked:
            told = "稿上有修订标记，按全部接受修订以后的样子读；要拒绝的修订请先在 Word 里拒绝，再读一次"
            self.notes.append(ReturnNote("tracked", self.file, "", told))
        if (more := self.draft.pictures - self.handed.pictures) > 0:
            told = f"稿上多了 {more} 张图片，带不回来；请放进 cases 里的案例（docs/narrative.zh.md）"
            self.notes.append(ReturnNote("place", self.file, "", told))
        headings: dict[int, str] = {}
        for file in dict.fromkeys(each.file for each in self.handed.own):
            self.silent((file, -1))
        for pair in pairs_of(self.handed.items, self.draft.items, self.draft.is_of_office):
            self.take(pair)
            if pair.new is not None:
                headings[pair.new] = self.heading
        for heading, texts in self.deleted.items():
            listed = "、".join(f"“{text}”" for text in texts[:LISTED]) + "等" * (len(texts) > LISTED)
            self.note("made", f"删去了 {len(texts)} 处生成的内容，下一稿还会印出：{listed}", heading)
        changes = tuple(self.changes())
        comments = tuple(
            KeptComment(
                headings.get(each.item, "") or self.handed.title, each.author, each.at[:LONGEST_PLACE], each.said
            )
            for each in self.draft.comments
        )
        known = {each.sign for each in self.handed.comments}
        new = tuple(each for each in comments if each.sign not in known)
        return ReturnedDraft(self.file, self.handed, changes, tuple(self.notes), new)

    def note(self, kind: NoteKind, text: str, heading: str | None = None) -> None:
        self.notes.append(ReturnNote(kind, self.file, self.heading if heading is None else heading, text))

    # One item after the other

    def take(self, pair: ItemPair) -> None:
        old = None if pair.old is None else self.handed.items[pair.old]
        new = None if pair.new is None else self.draft.items[pair.new]
        if old is not None and old.is_heading:
            self.heading, self.last_file = old.text, ""
        own = None if pair.old is None else self.own.get(pair.old)
        if own is not None and old is not None and pair.old is not None:
            self.take_own(own, old, new)
            self.last_file = own.file
            self.silent((own.file, pair.old))
        elif old is None and new is not None:
            self.take_new(new)
        elif old is not None and new is None:
            self.take_deleted(old)
        elif old is not None and new is not None and old.text.split() != new.text.split():
            self.take_edited(old, new)

    def take_own(self, own: OwnParagraph, old: WordItem, new: WordItem | None) -> None:
        into = self.into(own.file)
        if new is None:
            into.told.append(f"删去：{quoted(old.text)}")
            into.lost += [piece for piece in own.pieces if piece.kind == "mark" and piece.printed]
            silent = tuple(piece for piece in own.pieces if not piece.printed)
            if silent:
                kept = OwnParagraph(own.file, silent, own.sign)
                into.paragraphs.append(as_it_was(kept))
            return
        if is_same(own, old, new):
            into.paragraphs.append(as_it_was(own))
            return
        again = paragraph_again(own, old, new)
        first, *rest = _at_line_ends(again)
        into.paragraphs += [first, *rest]
        into.lost += again.lost
        for typed in again.typed:
            self.note(
                "number",
                f"{typed.mark} 印出“{typed.printed}”，稿上改成“{typed.typed}”。没有照改，词还在那里。{MEND}；"
                "确实不是这个指标的数，在文字里写成 [[…]]",
            )
        if _said(again) != _said(as_it_was(own)):
            changes = changes_of(old, new)
            into.told += [*changes.words, *([] if changes.words else [f"改了写法：{quoted(new.text)}"])]

    def take_new(self, new: WordItem, text: str | None = None) -> None:
        added = new.text if text is None else text
        if new.kind != "text":
            what = "表里的一行" if new.kind == "row" else "一条脚注"
            self.note("place", f"加了{what}，带不回来：{quoted(added)}；请写成文字，或写进表的数据里")
        elif new.is_heading:
            self.note("place", f"加了标题“{_short(added)}”；有哪些节由编制要求的版本定，下面的文字放进前一节")
        elif added.startswith(GAP):
            return
        else:
            file = self.last_file or (f"{self.heading}.md" if self.heading in self.handed.sections else "")
            if not file:
                self.note("place", f"这里不放本市的文字，没有带回：{quoted(added)}；请写进一节的文字里")
                return
            paragraphs = list(new_paragraphs(new, text))
            self.into(file).paragraphs += paragraphs
            if paragraphs:
                self.into(file).told.append(f"新写：{quoted(added)}")

    def take_deleted(self, old: WordItem) -> None:
        if _is_hint(old):
            return
        if old.is_heading:
            self.note("made", f"删去了标题“{old.text}”；有哪些节由编制要求的版本定，下一稿还有", old.text)
        else:
            self.deleted.setdefault(self.heading, []).append(_short(old.text))

    def take_edited(self, old: WordItem, new: WordItem) -> None:
        if _is_hint(old):
            if added := _added_to_hint(old.text, new.text):
                self.take_new(new, added)
            return
        changes = changes_of(old, new)
        what = {"row": "表里的一行", "note": "脚注"}.get(old.kind, "标题" if old.is_heading else "由数字生成的句子")
        if changes.numbers:
            told = f"{what}里的数字改了：{'；'.join(changes.numbers)}。没有照改，下一稿仍印报送的数"
            self.note("number", f"{told}。{MEND}。原文：{quoted(old.text)}")
        if changes.words:
            self.note("made", f"{what}改了，带不回来：{'；'.join(changes.words)}。{self.advice()}")

    def advice(self) -> str:
        """Where words can be written instead."""
        if self.heading == CASES_TITLE:
            return "案例的标题、学校、来源和图片的说明写在案例文件的开头"
        if self.heading in self.handed.sections:
            return f"要补充的话写进 {self.heading}.md，印在这些句子下面；句子本身在报告模板里改"
        return "句子在报告模板里改（docs/template.zh.md）"

    def into(self, file: str) -> _OwnFile:
        return self.files.setdefault(file, _OwnFile())

    def silent(self, after: tuple[str, int]) -> None:
        """Paragraphs of which nothing is printed this year stay behind the one behind which they stood."""
        for each in self.unplaced.get(after, ()):
            self.into(each.file).paragraphs.append(as_it_was(each))

    # Files

    def changes(self) -> Iterator[SectionChange]:
        known = [piece for each in self.handed.own for piece in each.pieces]
        missing: dict[str, list[PrintedPiece]] = {}
        for name, of in self.files.items():
            if not of.told:
                continue
            own = [piece for each in self.handed.own if each.file == name for piece in each.pieces]
            of.paragraphs, missing[name] = with_marks_found(of.paragraphs, of.lost, own)
        left = [piece for pieces in missing.values() for piece in pieces]
        for of in self.files.values():
            if of.told:
                of.paragraphs, left = with_marks_found(of.paragraphs, left, known)
        for name, of in self.files.items():
            if not of.told:
                continue
            for piece in missing.get(name, ()):
                if piece in left:
                    left.remove(piece)
                    told = f"{piece.source}（印出“{piece.printed}”）在改过的文字里没有了；要留的请写回去"
                    self.note("mark", told, heading_of(name))
            before = self.handed.files.get(name, "")
            after = _text_with(before, name, [as_written(each) for each in of.paragraphs])
            yield SectionChange(name, before, after, tuple(of.told))


def _after(own: Sequence[OwnParagraph]) -> dict[tuple[str, int], list[OwnParagraph]]:
    """The paragraphs that are not printed, by file and the printed one before them; -1 where there is none."""
    found: dict[tuple[str, int], list[OwnParagraph]] = {}
    last: dict[str, int] = {}
    for each in own:
        if each.item is not None:
            last[each.file] = each.item
        else:
            found.setdefault((each.file, last.get(each.file, -1)), []).append(each)
    return found


def _at_line_ends(paragraph: ParagraphAgain) -> list[ParagraphAgain]:
    """A paragraph in which somebody began new lines, as so many paragraphs."""
    lines: list[list[WordsPart]] = [[]]
    for part in paragraph.parts:
        if part.text == "\n":
            lines.append([])
        else:
            lines[-1].append(part)
    return [ParagraphAgain(tuple(parts), paragraph.sign) for parts in lines]


def _said(paragraph: ParagraphAgain) -> tuple[str, str]:
    return "".join("".join(part.text for part in paragraph.parts).split()), as_written(paragraph)


def _is_hint(item: WordItem) -> bool:
    return item.style == HINT_STYLE or item.text.startswith(GAP)


def _added_to_hint(hint: str, text: str) -> str:
    """What somebody wrote behind or before a hint, or into its place."""
    if hint in text:
        return text.replace(hint, "", 1).strip()
    begin = 0
    while begin < min(len(hint), len(text)) and hint[begin] == text[begin]:
        begin += 1
    return text[begin:].strip() if begin > len(GAP) else text


def _text_with(before: str, name: str, paragraphs: Sequence[str]) -> str:
    """The file's new text: its head and its own heading as they were."""
    head = HEAD.match(before)
    begin = before[: head.end()] if head else ""
    first = before[len(begin) :].lstrip("\n").partition("\n")[0]
    is_own = first.startswith("#") and NUMBERED.sub("", first.lstrip("# ")).strip() == heading_of(name)
    lines = ([first.strip()] if is_own else []) + [each for each in paragraphs if each]
    return begin + "\n\n".join(lines) + "\n"


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
