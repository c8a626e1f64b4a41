"""What changed between two drafts of one report, by section: words and numbers apart."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sources.system.apart import Exceeded, each_apart
from sources.system.settings import Limits
from warehouse.release.coming_home.changed_text import changes_of, quoted
from warehouse.release.coming_home.side_by_side import pairs_of
from warehouse.release.coming_home.take_home import NotOurDraftError, read_draft
from warehouse.release.coming_home.word_items import WordDraft, WordItem

COVER = "封面"


@dataclass(frozen=True, slots=True)
class SectionDiff:
    """What changed below a heading: a line for each number, and one for each change of words."""

    heading: str
    numbers: tuple[str, ...]
    words: tuple[str, ...]


def diff_of(old: Path, new: Path) -> tuple[SectionDiff, ...]:
    """The sections that differ. Raises NotOurDraftError for a file that is no report of ours, or two of two reports."""
    before, after = read_draft(old), read_draft(new)
    for path, draft in ((old, before), (new, after)):
        if not draft.subject:
            raise NotOurDraftError(f"{path}：文档属性里没有报告的标题，不知道是哪一年、谁的报告；请用生成的草稿对照")
    if before.title != after.title:
        raise NotOurDraftError(f"两份不是同一个报告：{old} 是“{before.title}”，{new} 是“{after.title}”")
    limits = Limits()
    (outcome,) = each_apart(partial(_compared, before), [after], limits)
    if isinstance(outcome, Exceeded):
        raise NotOurDraftError(f"{old}、{new}：不能对照（{outcome.told(limits)}）")
    return outcome


def _compared(before: WordDraft, after: WordDraft) -> tuple[SectionDiff, ...]:
    heading, numbers, words = COVER, dict[str, list[str]](), dict[str, list[str]]()
    for pair in pairs_of(before.items, after.items, before.is_of_office or after.is_of_office):
        old = None if pair.old is None else before.items[pair.old]
        new = None if pair.new is None else after.items[pair.new]
        if (known := new or old) and known.is_heading:
            heading = known.text
        if old is None and new is not None:
            words.setdefault(heading, []).append(f"新增{_what(new)}：{quoted(new.text)}")
        elif new is None and old is not None:
            words.setdefault(heading, []).append(f"删去{_what(old)}：{quoted(old.text)}")
        elif old is not None and new is not None and old.text.split() != new.text.split():
            changes = changes_of(old, new)
            numbers.setdefault(heading, []).extend(changes.numbers)
            words.setdefault(heading, []).extend(changes.words)
    headings = dict.fromkeys((*numbers, *words))
    found = (SectionDiff(each, tuple(numbers.get(each, ())), tuple(words.get(each, ()))) for each in headings)
    return tuple(each for each in found if each.numbers or each.words)


def _what(item: WordItem) -> str:
    return {"row": "表中一行", "note": "脚注"}.get(item.kind, "标题" if item.is_heading else "一段")


def told(sections: tuple[SectionDiff, ...]) -> Iterator[tuple[str, str, str]]:
    """Each change as a line: section, whether it is of numbers or words, and what it is."""
    for each in sections:
        yield from ((each.heading, "数字", line) for line in each.numbers)
        yield from ((each.heading, "文字", line) for line in each.words)
