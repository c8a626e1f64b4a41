"""Strict reading of the YAML that people edit: immutable objects, and no key that nobody knows.

A file that is right is read once, by libyaml. One that is wrong is composed again for its lines: marks cost nothing
while nobody needs them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sources.declarations.misfit import KEY, Misfit, Place, misfits
from sources.declarations.problem import DeclarationError, Language, Problem, shown_path

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Model = TypeVar("Model", bound=BaseModel)


class Declaration(BaseModel):
    """Base of everything read from YAML: immutable, and no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def is_valid_in(self, report_year: int) -> bool:
        """Whether `since` and `until` (both inclusive, both optional) admit the report year."""
        since = getattr(self, "since", None)
        until = getattr(self, "until", None)
        return (since is None or since <= report_year) and (until is None or report_year <= until)


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
        return [
            Problem(
                shown_path(self.path),
                _line(root, (*at, *misfit.place)),
                misfit.key,
                self._with_what_is_written(misfit, root, at),
                self.language,
            )
            for misfit in found
        ]

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
    text = _text_of(path, language)
    try:
        data = yaml.load(text, Loader=_Loader)
    except (_DoubledError, yaml.YAMLError, ValueError, OverflowError) as error:
        raise DeclarationError(_why_not(path, text, language, error)) from None
    if not isinstance(data, dict):
        told = "应当由“键: 值”组成（英文冒号，后面空一格）", "expected a mapping at the top level"
        raise DeclarationError([Problem(shown_path(path), 1, "", told[language == "en"], language)])
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
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        told = "没有这个文件", "there is no such file"
    except UnicodeDecodeError:
        told = "不是 UTF-8 编码；请用编辑器“另存为”，编码选 UTF-8", "is not UTF-8"
    raise DeclarationError([Problem(shown_path(path), None, "", told[language == "en"], language)])


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
        yield problem(
            line,
            "",
            "不是正确的 YAML：请检查这一行和上面一项的缩进（用空格）、冒号（英文冒号，后面空一格）、引号和括号",
            f"is not YAML: {getattr(fault, 'problem', None) or fault}",
        )
        return
    found = 0
    for node in _all(root):
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
    if not found:  # a tag such as !!python, a list as a key
        mark = getattr(error, "problem_mark", None)
        yield problem(mark.line + 1 if mark else None, "", "有不能读的内容", f"cannot be read: {error}")


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


def _all(node: yaml.Node | None) -> Iterator[yaml.Node]:
    if node is None:
        return
    yield node
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from (*_all(key), *_all(value))
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _all(value)


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
