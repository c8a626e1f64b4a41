"""What a draft said when it was handed out, kept under the key that the Word file bears: what comes back is held
against it, whatever has become of figures and files since.
"""

import gzip
import io
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter

from sources.declarations.city import City
from sources.system.access import private_folder
from sources.system.faults import ToldError
from sources.system.fingerprint import sha256_of
from sources.system.fixed_zip import with_fixed_times
from sources.system.settings import Settings
from sources.system.whole_file import whole_file
from warehouse.release.coming_home.kept_comments import KeptComment, comments_in, put_comments
from warehouse.release.coming_home.word_items import WordItem, draft_of
from warehouse.release.documents.marks import SENTENCE, Missing
from warehouse.release.documents.own_words import said_of
from warehouse.release.documents.put_words import CASES_TITLE
from warehouse.release.documents.sentences import ENDS, pieces
from warehouse.release.documents.vocabulary import Vocabulary
from warehouse.release.narrative.marks_in_words import Declared, NumberMark, PlainWords
from warehouse.release.narrative.paragraphs import WrittenParagraph, WrittenSpan
from warehouse.release.narrative.read_narrative import Narrative
from warehouse.release.narrative.written_files import CASES, words_folder

FOLDER, SIGN = "handed_out", "nianbao "
HALF, WHOLE = "；", "。"
PieceKind = Literal["words", "declared", "mark"]
KINDS: Mapping[type, PieceKind] = {Declared: "declared", NumberMark: "mark"}


class NotHandedOutError(ToldError):
    """The installation does not have what a returned draft said when it was handed out."""


@dataclass(frozen=True, slots=True)
class PrintedPiece:
    """A piece of a city's words as its file has it, and what the draft prints of it; '' where it is not printed."""

    kind: PieceKind
    source: str
    printed: str
    is_bold: bool = False
    is_slanted: bool = False


@dataclass(frozen=True, slots=True)
class OwnParagraph:
    """A paragraph of a file of words, with its place among the draft's items; None where nothing of it is printed."""

    file: str
    pieces: tuple[PrintedPiece, ...]
    sign: str = ""
    """What stands before it in the file and is not printed: that of a heading."""
    item: int | None = None

    @property
    def printed(self) -> str:
        return "".join(piece.printed for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class HandedOut:
    """A draft as it was handed out. `within` is the folder of a school's or region's words below the city's; `files`
    are the words then, `sections` the headings of those that may have words."""

    report_year: int
    city: str
    within: tuple[str, ...]
    title: str
    sections: tuple[str, ...]
    files: Mapping[str, str]
    own: tuple[OwnParagraph, ...]
    items: tuple[WordItem, ...]
    comments: tuple[KeptComment, ...] = ()
    pictures: int = 0


_FORM = TypeAdapter(HandedOut)


def hand_out(
    paths: Sequence[Path],
    vocabulary: Vocabulary,
    narrative: Narrative,
    city: City,
    settings: Settings,
    within: tuple[str, ...] = (),
) -> None:
    """Notes what each of these Word files of one report says, and puts its key into its properties; the comments that
    people made on an earlier draft stand in it again. `within` is the folder of its words below the city's."""
    import docx

    figures = vocabulary.figures
    comments = tuple(comments_in(words_folder(settings.city_dir, figures.report_year, *within)))
    own = tuple(own_paragraphs(narrative, vocabulary))
    for path in paths:
        document = docx.Document(str(path))
        draft = draft_of(document)
        handed = HandedOut(
            figures.report_year,
            city.code,
            within,
            draft.title,
            tuple(section.heading for section in narrative.edition.sections),
            {name: text for name, data in (narrative.written.files or {}).items() if (text := text_in(name, data))},
            tuple(_placed(own, draft.items)),
            draft.items,
            comments,
            draft.pictures,
        )
        document.core_properties.keywords = f"{SIGN}{_keep(handed, settings.home)}"
        put_comments(document, comments)
        target = io.BytesIO()
        document.save(target)
        path.write_bytes(with_fixed_times(target.getvalue()))


def text_in(name: str, data: bytes) -> str:
    """The text of a file of words; '' of another, and of one that is not in UTF-8."""
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n") if name.endswith(".md") else ""
    except UnicodeDecodeError:  # told where words are read
        return ""


def _keep(handed: HandedOut, home: Path) -> str:
    """The key under which it is kept: the hash of what it is."""
    data = _FORM.dump_json(handed)
    key = sha256_of(data.decode())
    target = _file(key, home)
    if not target.exists():
        private_folder(target.parent)
        with whole_file(target) as partial:
            partial.write_bytes(gzip.compress(data, mtime=0))
    return key


def _file(key: str, home: Path) -> Path:
    return home / FOLDER / f"{key}.json.gz"


def handed_out(key: str, home: Path) -> HandedOut:
    """What a draft said when it was handed out. Raises NotHandedOutError."""
    try:
        data = gzip.decompress(_file(key, home).read_bytes())
        if sha256_of(data.decode()) == key:
            return _FORM.validate_json(data)
    except (OSError, EOFError, ValueError, zlib.error):  # told below
        pass
    raise NotHandedOutError(
        f"这里没有留着这份草稿发出时的样子（{_file(key, home)}），不知道稿上改了什么："
        "它是在别处生成的，或数据文件夹换过。"
        "请在生成它的机器上读，或用 nianbao documents 另生成一份，把改动抄进去"
    )


def own_paragraphs(narrative: Narrative, vocabulary: Vocabulary) -> Iterator[OwnParagraph]:
    """The paragraphs of all files of words with what the draft prints of them."""
    names = vocabulary.names()
    files = [(each.file, each.paragraphs) for each in narrative.sections if each.file]
    files += [(each.file, each.paragraphs) for each in narrative.cases]
    for file, paragraphs in files:
        for paragraph in paragraphs:
            sign = "## " if paragraph.kind == "heading" else ""
            yield OwnParagraph(file, tuple(_pieces(paragraph, vocabulary, names)), sign)


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece with what goes into the document for it, at most to the end of a sentence."""

    span: WrittenSpan
    source: str
    said: str


def _pieces(paragraph: WrittenParagraph, vocabulary: Vocabulary, names: Mapping[str, Any]) -> Iterator[PrintedPiece]:
    sentences: list[list[_Part]] = [[]]
    for part in _parts(paragraph, vocabulary, names):
        sentences[-1].append(part)
        if part.source.endswith(tuple(ENDS)):
            sentences.append([])
    kept = [not any(_lacks(part.said, vocabulary) for part in each) for each in sentences]
    is_cut = not all(kept)
    last = max((number for number, is_kept in enumerate(kept) if is_kept and sentences[number]), default=-1)
    for number, sentence in enumerate(sentences):
        for part in sentence:
            printed = vocabulary.text(part.said) if kept[number] else ""
            if is_cut and number == last and part is sentence[-1] and printed.endswith(HALF):
                printed = printed[: -len(HALF)] + WHOLE
            kind = KINDS.get(type(part.span.piece), "words")
            yield PrintedPiece(kind, part.source, printed, part.span.is_bold, part.span.is_slanted)


def _lacks(said: str, vocabulary: Vocabulary) -> bool:
    return any(isinstance(piece, Missing) for piece in pieces(said, vocabulary))


def _parts(paragraph: WrittenParagraph, vocabulary: Vocabulary, names: Mapping[str, Any]) -> Iterator[_Part]:
    if paragraph.number is not None:
        text = f"{paragraph.number}. "
        yield _Part(WrittenSpan(PlainWords(text), paragraph.spans[0].line), text, text)
    for span in paragraph.spans:
        said = said_of(span, vocabulary, names)
        if type(span.piece) in KINDS:
            yield _Part(span, span.piece.source, said)
            continue
        for source, of_it in zip(_cut(span.piece.source), _cut(said), strict=True):
            yield _Part(span, source, of_it)


def _cut(text: str) -> list[str]:
    """A text in sentences."""
    return [each for each in SENTENCE.findall(text) if each]


def _placed(own: Sequence[OwnParagraph], items: Sequence[WordItem]) -> Iterator[OwnParagraph]:
    """The paragraphs with their places: words stand at the end of what stands under their heading."""
    place = {id(paragraph): at for paragraph, at in _places(own, items)}
    for each in own:
        yield replace(each, item=place.get(id(each)))


def _places(own: Sequence[OwnParagraph], items: Sequence[WordItem]) -> Iterator[tuple[OwnParagraph, int]]:
    headings = [number for number, item in enumerate(items) if item.is_heading]
    ends = dict(zip(headings, [*headings[1:], len(items)], strict=True))
    after = {items[number].text: (number, end) for number, end in ends.items()}
    cursor: dict[str, int] = {}
    for paragraph in reversed(own):
        heading = heading_of(paragraph.file)
        begin, end = after.get(heading, (0, 0))
        text = " ".join(paragraph.printed.split())
        for at in range(cursor.get(heading, end) - 1, begin, -1) if text else ():
            if " ".join(items[at].text.split()) == text:
                cursor[heading] = at
                yield paragraph, at
                break


def heading_of(file: str) -> str:
    """The heading below which the words of a file stand."""
    return CASES_TITLE if file.startswith(f"{CASES}/") else file.removesuffix(".md")
