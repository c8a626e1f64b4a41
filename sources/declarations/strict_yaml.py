"""Strict reading of the YAML that people edit: immutable objects, and no key that nobody knows.

A file that is right is read once, by libyaml. One that is wrong is composed again for its lines: marks cost nothing
while nobody needs them.
"""

import re
import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from sources.declarations.misfit import KEY, Misfit, Place, misfits
from sources.declarations.problem import DeclarationError, Language, Problem, shown_path

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
RegionCode = Annotated[str, Field(pattern=r"^[0-9]{6}$")]
"""A code of GB/T 2260."""
RespondentCode = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]
UNFIT_FOR_FILES = '\\/:*?"<>|'
LONGEST_NAME = 60


def _is_said(name: str) -> str:
    if fault := _fault_of_words(name):
        raise ValueError(fault)
    return name


def _is_called(name: str) -> str:
    if fault := fault_of_name(name):
        raise ValueError(fault)
    return name


def _fault_of_words(name: str) -> str | None:
    """Why pages and tables do not take a name."""
    if not name.strip():
        return "名称不能是空的"
    if name != name.strip():
        return f"“{name}”的开头或结尾有空格，请删去"
    if not name.replace("\u3000", " ").isprintable():
        return "名称里有换行或看不见的字符，请删去重写"
    return None


def fault_of_name(name: str) -> str | None:
    """Why a region or respondent cannot be called so, in Chinese; None when it can. Files are named after them."""
    if fault := _fault_of_words(name):
        return fault
    if unfit := [each for each in UNFIT_FOR_FILES if each in name]:
        return f"“{name}”里不能有 {unfit[0]}：名称要用作文件名"
    if len(name) > LONGEST_NAME:
        return f"名称有 {len(name)} 个字，太长（最多 {LONGEST_NAME} 个）"
    return None


Said = Annotated[str, AfterValidator(_is_said)]
Called = Annotated[Said, AfterValidator(_is_called)]
"""What a region or respondent is called; files are named after them."""
Model = TypeVar("Model", bound=BaseModel)


class Declaration(BaseModel):
    """Base of everything read from YAML: immutable, and no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
    """A model is built when something is first read into it: most commands read none."""

    def is_valid_in(self, report_year: int) -> bool:
        """Whether `since` and `until` (both inclusive, both optional) admit the report year."""
        since = getattr(self, "since", None)
        until = getattr(self, "until", None)
        return (since is None or since <= report_year) and (until is None or report_year <= until)


LARGEST = 20_000_000
"""Bytes of a file; a nation of 10,000 schools has one million."""
DEEPEST = 50
BRACKETS = re.compile(r"[\[\]{}]")
DASHES = re.compile(r"(?:[-?] ){50}")
NO_SUCH_FILE = "没有这个文件", "there is no such file"
NOT_UTF_8 = "不是 UTF-8 编码；请用编辑器“另存为”，编码选 UTF-8", "is not UTF-8"
OPEN_ENDED = {
    "while scanning a quoted scalar": "从这一行起，引号没有写完",
    "while parsing a flow": "从这一行起，括号没有写完，或者少了逗号",
}
"""What libyaml was at, where it begins, and what is told."""
HINTS = (
    (re.compile(r"^\s*\t"), "这一行的缩进用了 Tab 键，请改成空格"),
    (re.compile(r"^[^#\"']*[A-Za-z_]\s*："), "冒号要用英文的“:”，后面空一格，这一行用了中文的“：”"),
    (re.compile(r"^[^#\"']*[A-Za-z0-9\"'}]\s*，"), "逗号要用英文的“,”，这一行用了中文的“，”"),
    (re.compile(r"[\x00-\x08\x0b-\x1f\x7f]"), "这一行有看不见的控制字符，请删去重写"),
    (re.compile(r"[A-Za-z_]: [^,{}\"'#]*: "), "值里有英文冒号时，整个值要加引号"),
    (re.compile(r"\*[A-Za-z]|\*$|: \*"), "以 * 开头的值要加引号"),
)
"""What a line has in it that makes a file no YAML, and what is told of it."""


def once(model: Model, names: Iterable[object], what: str) -> Model:
    """The model itself, for its validator. Raises ValueError when a name stands twice in it."""
    if twice := sorted(str(name) for name, times in Counter(names).items() if times > 1):
        raise ValueError(f"{what} given twice: {', '.join(twice)}")
    return model


class _DoubledError(Exception):
    """A key stands twice in one mapping."""


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML 1.1 as PyYAML reads it, but a key that is given twice does not silently win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        if len(set(keys)) < len(keys):
            raise _DoubledError
        mapping: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return mapping


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML file that was read: what it holds, and where each thing stands."""

    path: Path
    text: str
    data: dict[Any, Any]
    language: Language
    origins: Mapping[Place, tuple["Document", Place]] = field(default_factory=dict)
    """Where an entry stands that was laid over this file, or moved in it: the place in `data` → file and place."""

    def holding(
        self, data: dict[Any, Any], origins: Mapping[Place, tuple["Document", Place]] | None = None
    ) -> "Document":
        """The same file, with other data."""
        return replace(self, data=data, origins=origins or {})

    def parsed(self, model: type[Model], data: Mapping[Any, Any] | None = None, at: Place = ()) -> Model:
        """What the file holds (or `data`, made from what stands at `at`) as a model.

        Raises DeclarationError with everything that does not fit.
        """
        try:
            return model.model_validate(self.data if data is None else data)
        except ValidationError as error:
            found = misfits(error, model, self.language, not model.model_config.get("hide_input_in_errors"))
            raise DeclarationError(self.problems_of(found, at)) from None

    def fault(self, place: Place, text: str) -> DeclarationError:
        """An error about what stands at a place."""
        return DeclarationError(self.problems_of([Misfit(place, text)]))

    def problems_of(self, found: Iterator[Misfit] | list[Misfit], at: Place = ()) -> list[Problem]:
        root = yaml.compose(self.text, Loader=_Loader)
        return [problem for misfit in found for problem in self._told(misfit, root, at)]

    def _told(self, misfit: Misfit, root: yaml.Node | None, at: Place) -> list[Problem]:
        """The mistake with file and line: those in which its place was written, which may be another file's."""
        place = (*at, *misfit.place)
        for length in range(len(place), 0, -1):
            if (origin := self.origins.get(place[:length])) is not None:
                document, stands = origin
                moved = replace(misfit, place=(*stands, *place[length:]))
                return replace(document, origins={}).problems_of([moved])
        text = self._with_what_is_written(misfit, root, at)
        return [Problem(shown_path(self.path), _line(root, place), misfit.key, text, self.language)]

    def _with_what_is_written(self, misfit: Misfit, root: yaml.Node | None, at: Place) -> str:
        """The text of a misfit; text that YAML reads as something else, such as a code, wants quotes."""
        node = _node(root, (*at, *misfit.place))
        if not misfit.wants_text or not isinstance(node, yaml.ScalarNode) or node.tag.endswith(":null"):
            return misfit.text
        if self.language == "en":
            return f'`{misfit.key}` must be text; put it in quotes: "{node.value}"'
        return f'“{misfit.key}”应当是文字，{node.value} 要加引号：{misfit.key}: "{node.value}"'


def read_document(path: Path, language: Language = "en") -> Document:
    """A YAML file with a mapping at the top.

    Raises DeclarationError: there is no such file, it is no YAML, a key stands twice, a date does not exist, or
    there is no mapping.
    """
    return document_of(path, _text_of(path, language), language)


def document_of(path: Path, text: str, language: Language = "en") -> Document:
    """The mapping in a text that stands in a file. Raises DeclarationError as `read_document` does."""
    try:
        data = yaml.load(text, Loader=_Loader)  # a SafeLoader  # nosec B506
    except (_DoubledError, yaml.YAMLError, ValueError, OverflowError) as error:
        raise DeclarationError(_why_not(path, text, language, error)) from None
    if not isinstance(data, dict):
        written = next((n for n, line in enumerate(text.splitlines(), 1) if line.strip() and line.strip()[0] != "#"), 0)
        is_colon = written and "冒号要" in (hint := _likely(text, written)[0])
        chinese = f"应当由“键: 值”组成{f'：{hint}' if is_colon else '（英文冒号，后面空一格）'}"
        told = chinese, "expected a mapping at the top level"
        empty = "是空的，什么也没有写", "is empty"
        problem = (told if written else empty)[language == "en"]
        raise DeclarationError([Problem(shown_path(path), written or None, "", problem, language)])
    return Document(path, text, data, language)


def read_yaml(path: Path) -> dict[Any, Any]:
    """The mapping in a developers' YAML file.

    Raises DeclarationError that names file and line when it does not hold one.
    """
    return read_document(path).data


def load(path: Path, model: type[Model], language: Language = "en") -> Model:
    """A file that holds one model. Raises DeclarationError."""
    return read_document(path, language).parsed(model)


def _text_of(path: Path, language: Language) -> str:
    """The text of a file. Raises DeclarationError when it is none that a person has written."""
    try:
        if not stat.S_ISREG(path.stat().st_mode) and not path.is_dir():
            told = "不是普通的文件", "is no regular file"
        elif path.stat().st_size > LARGEST:
            told = "太大，不像是配置文件", "is too large"
        else:
            text = path.read_text(encoding="utf-8-sig")
            if _is_gbk(text):
                told = NOT_UTF_8
            elif _is_deep(text):
                told = "一层套一层，套得太深", "is nested too deeply"
            else:
                return text
    except (FileNotFoundError, NotADirectoryError):
        told = NO_SUCH_FILE
    except UnicodeDecodeError:
        told = NOT_UTF_8
    except IsADirectoryError:
        told = "这是文件夹，不是文件", "is a folder"
    except PermissionError:
        told = "没有读这个文件的权限", "may not be read"
    except OSError as error:  # a link to itself, a broken disk
        told = "读不了：链接指向自己，或磁盘有问题", f"cannot be read: {error.strerror}"
    raise DeclarationError([Problem(shown_path(path), None, "", told[language == "en"], language)])


def _is_gbk(text: str) -> bool:
    """Whether a text that can be read as UTF-8 was written in GBK: some Chinese words are both (小省 reads Сʡ)."""
    foreign = [letter for letter in text if letter > "\x7f"]
    if not foreign or max(foreign) >= "\u0800":  # Chinese stands above that in UTF-8
        return False
    try:
        "".join(foreign).encode().decode("gbk")
    except UnicodeDecodeError:
        return False
    return True


def _is_deep(text: str) -> bool:
    """Whether brackets or dashes stand in each other deeper than a person writes: libyaml recurses on the C stack."""
    depth = 0
    for bracket in BRACKETS.finditer(text):
        depth = depth + 1 if bracket[0] in "[{" else max(0, depth - 1)
        if depth > DEEPEST:
            return True
    return DASHES.search(text) is not None


def _why_not(path: Path, text: str, language: Language, error: Exception) -> Iterator[Problem]:
    """Why a file cannot be read: its first fault of form, or every key that stands twice and value that is none."""
    # Long: every fault has its sentence here, in two languages.

    def problem(line: int | None, key: str, chinese: str, english: str) -> Problem:
        return Problem(shown_path(path), line, key, chinese if language == "zh" else english, language)

    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as fault:
        mark = getattr(fault, "problem_mark", None)
        if getattr(fault, "context", None) == "while scanning a simple key":
            mark = getattr(fault, "context_mark", mark)  # a key without its colon is noticed a line later
        position = getattr(fault, "position", None)
        line = mark.line + 1 if mark else None if position is None else text.count("\n", 0, position) + 1
        hint, line = _likely(text, line, fault)
        yield problem(line, "", f"不是正确的 YAML：{hint}", f"is not YAML: {getattr(fault, 'problem', None) or fault}")
        return
    found = 0
    for node in _all(root):
        if not node.tag.startswith("tag:yaml.org,2002:") or "python" in node.tag:
            found += 1
            tag = node.tag.replace("tag:yaml.org,2002:", "!!")
            yield problem(
                node.start_mark.line + 1, "", f"不能用标签“{tag}”；以 ! 开头的值要加引号", f"unknown tag {tag}"
            )
            continue
        for key, first, again in _doubled(node):
            found += 1
            yield problem(
                again,
                key,
                f"“{key}”写了两次（第 {first} 行已有）",
                f"the key `{key}` stands twice (already in line {first})",
            )
        if isinstance(node, yaml.ScalarNode) and not _is_readable(node):
            found += 1
            yield problem(
                node.start_mark.line + 1,
                "",
                f"“{node.value}”不是存在的日期或正确的值",
                f"`{node.value}` cannot be read",
            )
    if not found:  # a list as a key
        mark = getattr(error, "problem_mark", None)
        told = "有不能读的内容：冒号前面的键应当是一个词"
        yield problem(mark.line + 1 if mark else None, "", told, f"cannot be read: {error}")


def _likely(text: str, line: int | None, fault: yaml.YAMLError | None = None) -> tuple[str, int | None]:
    """What has probably been written where a file is no YAML, and its line: of the reader's mark, or the one before."""
    lines = text.splitlines()
    for number in (line or 1, (line or 1) - 1):
        if not 1 <= number <= len(lines):
            continue
        for pattern, hint in HINTS:
            if pattern.search(lines[number - 1]):
                return hint, number
    begins = getattr(fault, "context_mark", None)
    for beginning, hint in OPEN_ENDED.items():
        if begins and str(getattr(fault, "context", "")).startswith(beginning):
            return hint, begins.line + 1
    return "请检查这一行和上面一项的缩进（用空格）、冒号（英文冒号，后面空一格）、引号和括号", line


def _doubled(node: yaml.Node) -> Iterator[tuple[str, int, int]]:
    """(key, line of the first, line of the later) of every key that stands twice in a mapping."""
    lines: dict[str, int] = {}
    for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
        if isinstance(key, yaml.ScalarNode):
            line = key.start_mark.line + 1
            if key.value in lines:
                yield key.value, lines[key.value], line
            lines.setdefault(key.value, line)


def _is_readable(node: yaml.ScalarNode) -> bool:
    try:
        yaml.constructor.SafeConstructor().construct_object(node)
    except (yaml.YAMLError, ValueError, OverflowError):
        return False
    return True


def _all(root: yaml.Node | None) -> Iterator[yaml.Node]:
    """Every node once, however many aliases name it."""
    seen: set[int] = set()
    waiting = [] if root is None else [root]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        if isinstance(node, yaml.MappingNode):
            waiting += [part for pair in reversed(node.value) for part in reversed(pair)]
        elif isinstance(node, yaml.SequenceNode):
            waiting += reversed(node.value)


def _line(root: yaml.Node | None, place: Place) -> int | None:
    """The line of what stands at a place: of a mapping's entry, the line of its key."""
    node, line = root, root.start_mark.line + 1 if root else None
    for step in place:
        if step == KEY:
            break
        entry = _entry(node, step)
        if entry is None:
            continue  # not in the file: a missing key, or a word that pydantic puts between
        key, node = entry
        line = (key or node).start_mark.line + 1
    return line


def _node(root: yaml.Node | None, place: Place) -> yaml.Node | None:
    node = root
    for step in place:
        if (entry := _entry(node, step)) is not None:
            node = entry[1]
    return node


def _entry(node: yaml.Node | None, step: str | int) -> tuple[yaml.Node | None, yaml.Node] | None:
    """(key, value) of a mapping's entry, (None, item) of a list's."""
    if isinstance(node, yaml.MappingNode):
        return next((pair for pair in node.value if pair[0].value == str(step)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return None, node.value[step]
    return None
