"""A city's words for a report year, read from its files by the edition's outline; what is wrong with their form."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeVar

from pydantic import Field

from sources.declarations.city import City
from sources.declarations.pack import Pack
from sources.declarations.problem import DeclarationError, Problem, meant
from sources.declarations.strict_yaml import Declaration, Said, document_of
from warehouse.catalogue.edition import Edition, Section, edition_of
from warehouse.release.narrative.marks_in_words import PlainWords
from warehouse.release.narrative.paragraphs import WrittenParagraph, WrittenSpan, paragraphs_of
from warehouse.release.narrative.written_files import CASES, WrittenFiles

HEAD = re.compile(r"\A---[ \t]*\n(.*?)^---[ \t]*$\n?", re.DOTALL | re.MULTILINE)
NUMBERED = re.compile(r"^[\d.．、\s]*")
KINDS = {".png": "png", ".jpg": "jpg", ".jpeg": "jpg"}
BEGINS = {"png": b"\x89PNG\r\n\x1a\n", "jpg": b"\xff\xd8\xff"}
ENDS = {"png": b"IEND", "jpg": b"\xff\xd9"}
"""How a picture's file begins, and what must stand near its end."""
TELL_OF_THE_PLACE = {"png": (b"eXIf",), "jpg": (b"Exif\0\0", b"http://ns.adobe.com/xap/")}
"""How what a camera notes begins: where and when a photograph was taken, which nobody means to publish."""
LARGEST_PICTURE = 3_000_000
SHORTEST_ALTERNATIVE = 5
Head = TypeVar("Head", bound=Declaration)
LINKED = re.compile(r"!?\[[^\[\]]*\]\([^()]*\)")


class SectionHead(Declaration):
    """一节文字的开头（可以没有）。"""

    by: Said | None = Field(None, description="谁写的；只给编辑看，不印", examples=["职成科"])


class CaseHead(Declaration):
    """一个典型案例的开头。"""

    title: Said = Field(description="案例的标题，不带数字", examples=["坭兴陶进课堂"])
    school: Said = Field(description="哪所学校的：respondents.yml 里这一年的名称", examples=["黄山市第一职业学校"])
    source: Said = Field(description="出处：谁提供的、从哪里来", examples=["学校提供"])
    picture: str | None = Field(None, description="图片的文件名，放在 cases 里（png 或 jpg）", examples=["课堂.jpg"])
    caption: Said | None = Field(None, description="图片下面的说明", examples=["学生在练习拉坯"])
    alt: Said | None = Field(
        None, description="替代文字：说出图上有什么，给看不见图的人", examples=["三名学生围着转盘"]
    )
    licence: Said | None = Field(None, description="图片凭什么可以用", examples=["学校拍摄，同意公开"])


@dataclass(frozen=True, slots=True)
class WrittenSection:
    """A section of the outline and what the city wrote for it: nothing where `file` is ''."""

    section: Section
    file: str = ""
    paragraphs: tuple[WrittenParagraph, ...] = ()

    @property
    def length(self) -> int:
        return sum(paragraph.length for paragraph in self.paragraphs)


@dataclass(frozen=True, slots=True)
class CasePicture:
    data: bytes
    caption: str
    alternative: str
    licence: str


@dataclass(frozen=True, slots=True)
class Case:
    """A case with its words; `picture` where it has a sound one."""

    file: str
    title: tuple[WrittenSpan, ...]
    school: str
    source: str
    paragraphs: tuple[WrittenParagraph, ...]
    picture: CasePicture | None = None


@dataclass(frozen=True, slots=True)
class Narrative:
    """The words of a report year; `problems` are of the files' form. Sections are all of the outline, in its order."""

    edition: Edition
    written: WrittenFiles
    sections: tuple[WrittenSection, ...]
    cases: tuple[Case, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def is_begun(self) -> bool:
        return self.written.is_begun


def read_narrative(written: WrittenFiles, edition: Edition, schools: Collection[str]) -> Narrative:
    """The words in the files; `schools` are the names of the year's schools. What cannot be read is a problem."""
    files = _Files(written, schools)
    sections = tuple(files.section(section) for section in edition.sections)
    cases = tuple(files.cases())
    files.tell_strange({f"{section.heading}.md" for section in edition.sections})
    return Narrative(edition, written, sections, cases, DeclarationError(files.problems).problems)


def narrative_of(written: WrittenFiles, city: City, pack: Pack) -> Narrative:
    """The words in the files, by the edition of their year and for the schools that the city had then."""
    schools = [each.name for each in city.respondents_in(written.report_year) if each.kind == "school"]
    return read_narrative(written, edition_of(pack, written.report_year), schools)


def narrative_of_region(written: WrittenFiles, pack: Pack, schools: Collection[str]) -> Narrative:
    """The words of a region within the city's own, by the same edition; `schools` are the names of its schools."""
    return read_narrative(written, edition_of(pack, written.report_year), schools)


def narrative_of_school(written: WrittenFiles, pack: Pack, school: str) -> Narrative:
    """A school's own words, by the outline that the edition of their year has for schools; `school` is its name."""
    return read_narrative(written, edition_of(pack, written.report_year).of_school, [school])


class _Files:
    """The files while they are read: which were read, and what is wrong with them."""

    def __init__(self, written: WrittenFiles, schools: Collection[str]) -> None:
        self.of, self.schools = written, schools
        self.files: Mapping[str, bytes] = written.files or {}
        self.read: set[str] = set()
        self.problems: list[Problem] = []

    def shown(self, name: str) -> str:
        return f"{self.of.shown}/{name}"

    def tell(self, name: str, line: int | None, text: str) -> None:
        self.problems.append(Problem(self.shown(name), line, "", text))

    def section(self, section: Section) -> WrittenSection:
        name = f"{section.heading}.md"
        if name not in self.files:
            return WrittenSection(section)
        _, paragraphs = self.words(name, SectionHead, needs_head=False)
        if paragraphs and _is_own_heading(paragraphs[0], section):
            paragraphs = paragraphs[1:]
        return WrittenSection(section, name, paragraphs)

    def cases(self) -> Iterator[Case]:
        for name in sorted(self.files):
            path = PurePosixPath(name)
            if path.parent.name != CASES or path.suffix.lower() != ".md":
                continue
            head, paragraphs = self.words(name, CaseHead)
            if head is None:
                continue
            if not paragraphs:
                self.tell(name, None, "没有写案例的内容")
            if head.school not in self.schools:
                self.tell(name, None, f"“school”：这一年没有学校叫“{head.school}”{meant(head.school, self.schools)}")
            picture = self.picture(name, head)
            title = tuple(span for each in paragraphs_of(head.title) for span in each.spans)
            yield Case(name, title, head.school, head.source, paragraphs, picture)

    def words(
        self, name: str, model: type[Head], needs_head: bool = True
    ) -> tuple[Head | None, tuple[WrittenParagraph, ...]]:
        """The head of a file and its paragraphs."""
        self.read.add(name)
        try:
            text = self.files[name].decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
        except UnicodeDecodeError:
            self.tell(name, None, "不是 UTF-8 编码；请用编辑器“另存为”，编码选 UTF-8")
            return None, ()
        found = HEAD.match(text)
        head: Head | None = None
        body, first = text, 1
        if found:
            body, first = text[found.end() :], 1 + text[: found.end()].count("\n")
            try:
                head = document_of(Path(self.shown(name)), f"\n{found[1]}", "zh").parsed(model)
            except DeclarationError as error:
                self.problems += error.problems
        elif needs_head:
            keys = "、".join(model.model_fields)
            self.tell(name, 1, f"开头要有两行 ---，中间写：{keys}（见 docs/narrative.zh.md）")
        for number, line in enumerate(body.split("\n"), first):
            if LINKED.search(line):
                self.tell(name, number, "这里不能放链接和图片：图片放在 cases 里的案例中，链接请写成文字")
        return head, paragraphs_of(body, first)

    def picture(self, case: str, head: CaseHead) -> CasePicture | None:
        """The picture of a case; what is wrong with it is told."""
        beside = {"caption": head.caption, "alt": head.alt, "licence": head.licence}
        if head.picture is None:
            for key, value in beside.items():
                if value is not None:
                    self.tell(case, None, f"写了“{key}”，没有写“picture”")
            return None
        name = f"{CASES}/{head.picture}"
        self.read.add(name)
        faults = [f"有图片，没有写“{key}”" for key, value in beside.items() if value is None]
        if head.alt is not None and len(head.alt) < SHORTEST_ALTERNATIVE:
            faults.append(f"“alt”太短（“{head.alt}”）：请说出图上有什么")
        faults += filter(None, (self.fault_of_picture(name, head.picture),))
        for fault in faults:
            self.tell(case, None, fault)
        if faults:
            return None
        return CasePicture(self.files[name], head.caption or "", head.alt or "", head.licence or "")

    def fault_of_picture(self, name: str, called: str) -> str | None:
        data = self.files.get(name)
        if data is None:
            there = [PurePosixPath(each).name for each in self.files if each.startswith(f"{CASES}/")]
            return f"没有图片“{called}”{meant(called, [each for each in there if not each.endswith('.md')])}"
        kind = KINDS.get(PurePosixPath(name).suffix.lower())
        if kind is None:
            return f"图片“{called}”不是 png 或 jpg：请另存为其中一种"
        if not data.startswith(BEGINS[kind]) or ENDS[kind] not in data:
            return f"图片“{called}”的内容不是它的后缀所说的那一种，或不完整：请重新另存"
        if len(data) > LARGEST_PICTURE:
            return f"图片“{called}”有 {len(data):,} 字节，太大（最多 {LARGEST_PICTURE:,}）：请压缩"
        if any(sign in data for sign in TELL_OF_THE_PLACE[kind]):
            return f"图片“{called}”里存着拍摄信息，可能有地点：请用画图或截图另存一份，去掉它"
        return None

    def tell_strange(self, known: Collection[str]) -> None:
        """Files that belong to no section and no case: nobody would print what stands in them."""
        for name in sorted(self.files.keys() - self.read):
            if name.startswith(f"{CASES}/"):
                self.tell(name, None, "没有案例用到这个文件：请在案例的 picture 里写上它，或取走")
            else:
                self.tell(name, None, f"这一版没有叫这个名称的一节，不会印出{meant(name, sorted(known))}")


def _is_own_heading(paragraph: WrittenParagraph, section: Section) -> bool:
    """Whether a file begins with the section's heading, which the report prints anyway."""
    only_words = all(isinstance(span.piece, PlainWords) for span in paragraph.spans)
    return only_words and paragraph.kind == "heading" and NUMBERED.sub("", paragraph.source) == section.heading
