"""The editor's list: each mark that words may hold, with what it prints this year, section by section."""

from collections.abc import Iterator
from dataclasses import dataclass

from warehouse.catalogue.edition import Edition
from warehouse.release.documents.marks import MARK, Missing
from warehouse.release.documents.own_words import spoken
from warehouse.release.documents.vocabulary import Vocabulary
from warehouse.release.narrative.marks_in_words import NumberMark, pieces_of

OPTIONS = ("", "|较上年", "|上年", "|对标", "|口径", "|最高校", "|最低校", "|未达标学校", "|目标")
NAMES = ("市", "全域", "年", "上年", "下年", "学年", "编制单位")
NOTHING = "（这一年没有，用到它的句子不印）"


@dataclass(frozen=True, slots=True)
class MarkExample:
    """A mark, what it prints this year, and the section to which its indicator belongs; '' where to none."""

    mark: str
    prints: str
    section: str


def mark_examples(vocabulary: Vocabulary, edition: Edition, of: str | None = None) -> Iterator[MarkExample]:
    """Names, then the indicators of each section, then all others, each with the options that print something.

    `of`: only of indicators whose names hold it, or of the section that is called so.
    """
    labels = {code: each.label for code, each in vocabulary.catalogue.indicators.items()}
    places = [(section.heading, code) for section in edition.sections for code in section.indicators]
    named = {code for _, code in places}
    places += [("", code) for code in labels if code not in named]
    names = vocabulary.names()
    if of is None:
        for name in NAMES:
            yield MarkExample(f"{{{{{name}}}}}", vocabulary.text(str(names[name])), "")
    for section, code in places:
        if of is not None and of not in labels[code] and of != section:
            continue
        for option in OPTIONS:
            mark = f"{{{{{labels[code]}{option}}}}}"
            prints = _prints(mark, vocabulary)
            if prints or not option:
                yield MarkExample(mark, prints or NOTHING, section)


def _prints(mark: str, vocabulary: Vocabulary) -> str:
    """What a mark prints; '' when it prints nothing."""
    (piece,) = pieces_of(mark)
    assert isinstance(piece, NumberMark), mark
    text = spoken(piece, vocabulary.names())
    found = [vocabulary.pieces[int(index)] for index in MARK.findall(text)]
    is_said = not any(isinstance(each, Missing) for each in found)
    return vocabulary.text(text) if is_said else ""
