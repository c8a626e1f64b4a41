"""What pydantic finds wrong, in words: Chinese for a city's files, English for developers' files."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from sources.declarations.problem import Language, meant
from sources.system.nearest import nearest

KEY = "[key]"
"""Pydantic's word, in a place, for the key of a mapping in contrast to its value."""
Place = tuple[str | int, ...]
"""Keys and positions from the top of a file down to what is meant."""
WANTED: dict[str, tuple[str, str]] = {
    "string": ("文字", "text"),
    "int": ("整数", "a whole number"),
    "decimal": ("数字", "a number"),
    "float": ("数字", "a number"),
    "finite": ("数字", "a number"),
    "date": ("日期（如 2024-09-01）", "a date like 2024-09-01"),
    "bool": ("true 或 false", "true or false"),
    "tuple": ("列表（每项一行，以“- ”开头，或写在 [ ] 里）", "a list"),
    "dict": ("“键: 值”的形式", "a mapping"),
    "model": ("“键: 值”的形式", "a mapping"),
}
"""What a value must be, by the first word of the type of pydantic's error."""
BOUNDS = {
    "greater_than_equal": ("不能小于 {ge}", "must be at least {ge}"),
    "greater_than": ("必须大于 {gt}", "must be more than {gt}"),
    "less_than_equal": ("不能大于 {le}", "must be at most {le}"),
    "too_short": ("至少要有 {min_length} 项", "needs at least {min_length} entries"),
    "too_long": ("最多只能有 {max_length} 项", "takes at most {max_length} entries"),
    "string_pattern_mismatch": ("写法不对，应符合 {pattern}", "must match {pattern}"),
}


PATTERNS = {
    r"^[0-9]{6}$": "应当是六位数字的行政区划代码（GB/T 2260），数字用半角",
    r"^[A-Za-z0-9_-]+$": "只能用英文字母、数字、“-”和“_”，不能有空格",
    r"^[a-z][a-z0-9_]*$": "只能用小写字母、数字和下划线，以字母开头",
    r"^[A-Z][A-Z0-9_]*$": "应当是环境变量的名字：大写字母、数字和下划线，不是密钥本身",
    r"^https?://[^\s?#]+$": "应当是以 http:// 或 https:// 开头的网址",
    r"^[^\s@,;<>\"']+@[^\s@,;<>\"']+\.[^\s@,;<>\"']+$": "应当是一个邮箱，如 zhang@school.example.cn",
    r"^[ -~]+$": "只能用英文字母、数字和符号",
    r"^MCowBQYDK2VwAyEA[A-Za-z0-9+/]{43}=$": "应当是 nianbao new-key 给出的那一行公钥",
    r"^[A-Za-z0-9+/]{86}==$": "应当是 nianbao change-key 给出的那一行签名",
}
"""Patterns of the city's models in words."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """One thing that does not fit a model: where, and why."""

    place: Place
    text: str
    wants_text: bool = False
    """Whether it is text that is wanted: YAML reads a code without quotes as a number."""

    @property
    def key(self) -> str:
        return next((step for step in reversed(self.place) if isinstance(step, str) and step != KEY), "")


def misfits(
    error: ValidationError, model: type[BaseModel], language: Language, shows_values: bool = True
) -> Iterator[Misfit]:
    """What a model found wrong. A misspelt key is one mistake, not also the missing one that was meant by it."""
    found = error.errors()
    absent = {each["loc"] for each in found if each["type"] == "missing"}
    meant_by: set[Place] = set()
    for each in found:
        if each["type"] == "extra_forbidden":
            known = _keys(annotation_at(model, each["loc"][:-1]))
            wrong = each["loc"][-1]
            missing = [key for key in known if (*each["loc"][:-1], key) in absent]
            likely = missing if nearest(wrong, missing) else known
            meant_by.add((*each["loc"][:-1], nearest(wrong, likely) or ""))
            yield _no_such_key(each["loc"], wrong, likely, language)
    for each in found:
        if each["type"] == "missing" and each["loc"] not in meant_by:
            yield _missing(each["loc"], language)
        elif each["type"] not in ("missing", "extra_forbidden"):
            yield _of_value(each, model, language, shows_values)


def _no_such_key(place: Place, wrong: object, known: Sequence[str], language: Language) -> Misfit:
    text = _either(language, f"没有“{wrong}”这个键", f"there is no key `{wrong}`")
    return Misfit(place, text + meant(wrong, known, language))


def _missing(place: Place, language: Language) -> Misfit:
    key = place[-1]
    if isinstance(key, int):
        named = Misfit(place, "").key
        return Misfit(place, _either(language, f"“{named}”缺少第 {key + 1} 项", f"`{named}` has no entry {key + 1}"))
    return Misfit(place, _either(language, f"缺少“{key}”", f"`{key}` is missing"))


def _of_value(each: Any, model: type[BaseModel], language: Language, shows_values: bool) -> Misfit:
    kind, place, context = each["type"], each["loc"], each.get("ctx", {})
    if kind.startswith("union_tag"):
        known = [tag for member in get_args(annotation_at(model, place)) for tag in _tags(member)]
        return _not_among((*place, "kind"), context.get("tag"), known, language, shows_values)
    if kind == "literal_error" and place[-1] == KEY:
        return _no_such_key(place, each["input"], get_args(annotation_at(model, place)), language)
    if kind == "literal_error":
        return _not_among(place, each["input"], get_args(annotation_at(model, place)), language, shows_values)
    if kind == "invalid_key":
        shown = str(place[-1])
        return Misfit(place, _either(language, f"“{shown}”不能作键：键应当是文字", f"`{shown}` cannot be a key"))
    if kind == "value_error":
        return Misfit(place, each["msg"].removeprefix("Value error, "))
    named = Misfit(place, "").key
    if kind in BOUNDS:
        rule = PATTERNS.get(context.get("pattern", "")) if language == "zh" else None
        rule = rule or _either(language, *(text.format(**context) for text in BOUNDS[kind]))
        return Misfit(place, _either(language, f"“{named}”{rule}", f"`{named}` {rule}"))
    wanted = WANTED.get(kind.split("_")[0])
    if wanted is None:
        return Misfit(place, _either(language, f"“{named}”：{each['msg']}", f"`{named}`: {each['msg']}"))
    got = _got(each["input"], language, shows_values)
    text = _either(language, f"“{named}”应当是{wanted[0]}{got}", f"`{named}` must be {wanted[1]}{got}")
    return Misfit(place, text, wants_text=shows_values and kind.startswith("string"))


def _not_among(place: Place, value: object, known: Sequence[str], language: Language, shows_values: bool) -> Misfit:
    named = Misfit(place, "").key
    shown = f" {value}" if shows_values and value is not None else _either(language, "这个值", " that")
    text = _either(language, f"“{named}”不能是{shown}", f"`{named}` cannot be{shown}")
    return Misfit(place, text + meant(value, known, language))


def _got(value: object, language: Language, shows_values: bool) -> str:
    if value is None:
        return _either(language, "，这里没有写", ", and is empty")
    if shows_values and isinstance(value, str | int | float):
        return _either(language, f"，不能是 {value}", f", not {value}")
    return ""


def _either(language: Language, chinese: str, english: str) -> str:
    return chinese if language == "zh" else english


def annotation_at(annotation: Any, place: Sequence[str | int]) -> Any:
    """The type that a model declares for what stands at a place in it; None where it declares none."""
    for position, step in enumerate(place):
        if step == KEY:
            continue
        annotation = _inside(_bare(annotation, step), step, place[position + 1 : position + 2] == (KEY,))
    return _bare(annotation, None)


def _bare(annotation: Any, step: str | int | None) -> Any:
    """A type without what surrounds it: Annotated, an optional None, and of a tagged union the member meant."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
            continue
        if get_origin(annotation) not in (Union, UnionType):
            return annotation
        members = [member for member in get_args(annotation) if member is not type(None)]
        tagged = [member for member in members if step in _tags(member)]
        if len(members) > 1 and not tagged:
            return annotation
        annotation = (tagged or members)[0]


def _inside(annotation: Any, step: str | int, wants_key: bool) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if step in _tags(annotation):
            return annotation
        fields = annotation.model_fields.items()
        return next((field.annotation for name, field in fields if step in (name, field.alias)), None)
    if get_origin(annotation) is dict:
        return get_args(annotation)[0 if wants_key else 1]
    return get_args(annotation)[0] if get_origin(annotation) in (tuple, list) else None


def _tags(member: Any) -> tuple[Any, ...]:
    """The values of `kind` by which a member of a tagged union is told."""
    field = getattr(member, "model_fields", {}).get("kind")
    return get_args(field.annotation) if field and get_origin(field.annotation) is Literal else ()


def _keys(annotation: Any) -> list[str]:
    fields = getattr(annotation, "model_fields", {})
    return [field.alias or name for name, field in fields.items()]
