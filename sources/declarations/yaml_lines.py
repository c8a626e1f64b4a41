"""Lines put into, and taken out of, YAML that people edit: everything else of the file stays as it is, byte by byte."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

import yaml

Entry = str | int | Decimal | date | Sequence[str]


def flow(entry: Mapping[str, Entry]) -> str:
    """One entry as the files of a city have it: `{code: "3634000001", name: 黄山市第一职业学校}`."""
    return "{" + ", ".join(f"{key}: {_scalar(value)}" for key, value in entry.items()) + "}"


def _scalar(value: Entry) -> str:
    """A value as YAML reads it back; text stands without quotes where it is then still the same text."""
    if isinstance(value, str):
        try:
            is_plain = yaml.safe_load(f"{{key: {value}}}") == {"key": value}
        except yaml.YAMLError:
            is_plain = False
        return value if is_plain else json.dumps(value, ensure_ascii=False)
    if isinstance(value, Sequence):
        return "[" + ", ".join(_scalar(each) for each in value) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def with_items(text: str, key: str, entries: Sequence[str]) -> str:
    """The file with entries (see `flow`) at the end of the list under a key; in the style in which the list stands.

    Raises ValueError where there is no list.
    """
    if not entries:
        return text
    node = _value(text, key)
    if isinstance(node, yaml.ScalarNode) and node.tag.endswith(":null"):
        return _after_line(text, _line_of_key(text, key), [f"  - {each}" for each in entries])
    if not isinstance(node, yaml.SequenceNode):
        raise ValueError(key)
    if node.flow_style and node.value:
        end = node.end_mark.index - 1
        return f"{text[:end]}, {', '.join(entries)}{text[end:]}"
    if node.flow_style:
        start, end = node.start_mark.index, node.end_mark.index
        return f"{text[:start].rstrip(' ')}\n" + "\n".join(f"  - {each}" for each in entries) + text[end:]
    indent = " " * node.start_mark.column
    return _after_line(text, _last_line(text, node), [f"{indent}- {each}" for each in entries])


def with_year(text: str, year: int, entry: str, comment: str = "") -> str:
    """calendar.yml with the year, in place of the one that stands there; the others are as they were.

    Raises ValueError where `years` is no mapping.
    """
    node = _value(text, "years")
    if not isinstance(node, yaml.MappingNode) or not node.value:
        raise ValueError("years")
    line = f"{year}: {entry}"
    found = next((each for each in node.value if each[0].value == str(year)), None)
    if node.flow_style:
        if found is not None:
            return f"{text[: found[0].start_mark.index]}{line}{text[found[1].end_mark.index :]}"
        end = node.end_mark.index - 1
        return f"{text[:end].rstrip()}, {line}{text[end:]}"
    line = " " * node.start_mark.column + line + (f"  # {comment}" if comment else "")
    if found is None:
        return _after_line(text, _last_line(text, node.value[-1][1]), [line])
    lines = text.splitlines(keepends=True)
    first, last = found[0].start_mark.line, _last_line(text, found[1])
    return "".join([*lines[:first], line + "\n", *lines[last + 1 :]])


def without_year(text: str, year: int) -> str:
    """calendar.yml without the year."""
    node = _value(text, "years")
    found = next((each for each in getattr(node, "value", []) if each[0].value == str(year)), None)
    if found is None or not isinstance(node, yaml.MappingNode):
        return text
    if node.flow_style:
        start = text[: found[0].start_mark.index].rstrip()
        return f"{start.removesuffix(',')}{text[found[1].end_mark.index :]}"
    lines = text.splitlines(keepends=True)
    return "".join([*lines[: found[0].start_mark.line], *lines[_last_line(text, found[1]) + 1 :]])


def without_entries(text: str, entries: Iterable[str]) -> tuple[str, tuple[str, ...]]:
    """The file without entries that `with_items` put in; and those that do not stand there any more as they were."""
    missing = []
    for entry in entries:
        lines = text.splitlines(keepends=True)
        at = next((number for number, line in enumerate(lines) if line.strip() == f"- {entry}"), None)
        if at is not None:
            text = "".join([*lines[:at], *lines[at + 1 :]])
        elif f", {entry}" in text:
            text = text.replace(f", {entry}", "", 1)
        else:
            missing.append(entry)
    return text, tuple(missing)


def _value(text: str, key: str) -> yaml.Node | None:
    root = yaml.compose(text)
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    return next((value for name, value in pairs if name.value == key), None)


def _line_of_key(text: str, key: str) -> int:
    root = yaml.compose(text)
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    return next(int(name.start_mark.line) for name, _ in pairs if name.value == key)


def _last_line(text: str, node: yaml.Node) -> int:
    """The last line of what a node says: YAML counts the comments and blank lines behind it as its own."""
    lines = text.splitlines()
    mark = node.end_mark
    last = min(mark.line, len(lines) - 1) if mark.column else mark.line - 1
    while last > node.start_mark.line and (not lines[last].strip() or lines[last].lstrip().startswith("#")):
        last -= 1
    return int(last)


def _after_line(text: str, number: int, new: Sequence[str]) -> str:
    lines = text.splitlines(keepends=True)
    if not lines[number].endswith("\n"):
        lines[number] += "\n"
    return "".join([*lines[: number + 1], *(f"{each}\n" for each in new), *lines[number + 1 :]])
