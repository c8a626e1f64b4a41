"""The pages of docs/reference/city, for a bureau's technician: every file of a city's folder with all its keys.

A key's meaning, type, default, bounds and example are those of the model that reads it.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from sources.declarations.alerting import ALERTS_FILE, Alerting
from sources.declarations.changes import CHANGES_FILE
from sources.declarations.city import FILES, OPTIONAL
from sources.declarations.contacts import CONTACTS_FILE, Contacts
from sources.declarations.mailing import MAIL_FILE, Mailing
from sources.declarations.misfit import BOUNDS, PATTERNS
from sources.declarations.pack import HEAD, PackHead
from sources.declarations.publication import PUBLICATION_FILE
from sources.declarations.undecided import UNDECIDED_FILE, UndecidedList
from sources.sample.pour import EXPLANATION_FIELDS, EXPLANATIONS_FILE, STATUS_FIELDS, STATUS_FILE
from sources.sample.sample_lines import RECORD_FIELDS, VALUE_FIELDS
from sources.system.environment import PREFIX, Environment
from sources.system.settings import ENV_FILE, Limits
from warehouse.catalogue.markdown import page_text, table_lines
from warehouse.catalogue.published_list import PublishedLine

PUBLISHED, SAMPLES, NARRATIVE, INDEX = "published", "samples", "narrative", "README"
ABOUT: dict[str, str] = {
    "city.yml": "这个文件夹是哪个城市（县区、省）的。",
    "respondents.yml": "填报单位：每年要报送工作簿的学校和教育局。",
    "scopes.yml": "统计口径：汇总时算哪些学校。教育局每年在工作簿的“统计口径”表里为每章选一个。",
    "calendar.yml": "采集日历：有哪些报告年度，各年的数截至哪天，何时收、何时截止、何时冻结，何时自动运行。",
    "regions.yml": "地区：省、全国用，列出下面的市和县区；县区也用它写明自己的级别。没有这个文件就是一个市，没有下级。",
    CHANGES_FILE: "变更：更名、改称、改属、换代码、并入、分设、停办、新设，从哪一年起。别的文件写最初的样子，"
    "这里写以后的变化；过去的年度仍用当年的。没有这个文件就没有变更。",
    "definitions.yml": "指标的定义：哪个指标不用标准的定义，改用目录里另有的一个。没有这个文件就全用标准的定义。",
    "targets.yml": "目标：本市宣布下一年要达到的增量，报告里与实际比较。没有这个文件就没有目标。",
    PUBLICATION_FILE: "发布：谁发布、数据怎样使用、有疑问找谁、放在哪个网址。没有写的，报告和网站上写“未声明”。",
    ALERTS_FILE: "提醒：发到哪里、多久一次。没有这个文件就不发。怎样启用见[提醒](../../alerts.zh.md)。",
    CONTACTS_FILE: "联系人：每个填报单位发信给谁；只有收发信用它，不进数据库和发布。可以没有。",
    MAIL_FILE: "邮箱：年报由哪个邮箱收发，经哪台服务器。没有这个文件就不收发邮件。怎样启用见[邮件](../../mail.zh.md)。",
    UNDECIDED_FILE: "新年度还没有定的事项，由 `nianbao new-year` 写。`nianbao check-city` 和每次运行都会提醒，"
    "定了就删去那一行。没有这个文件就是都定了。",
    HEAD: "省级资料包的第一个文件（在资料包的文件夹里）：本省怎样说、金额是多少。见[省级资料包](../../packs.zh.md)。",
    PUBLISHED: "已印发的报告里的数字，每个报告年度一个文件，如 `published/2025.csv`；系统逐个与数据核对。可以没有。",
    NARRATIVE: "报告里本市自己写的话：每个报告年度一个文件夹，每节一个文件，数字只写名称。怎样写见"
    "[报告里的文字怎样写](../../narrative.zh.md)。没有这个文件夹，报告里只有由数字生成的句子。",
    SAMPLES: "样例报送：只用来演示和测试，`nianbao sample` 把它做成工作簿。真实的城市不用这个文件夹。",
    ENV_FILE: "在这个文件夹里运行 nianbao 时的设置。没有这个文件就用环境变量；环境变量里写了的，以环境变量为准。",
}
"""Each file of a city's folder: what it is for."""
MODELS: dict[str, type[BaseModel]] = {
    **FILES,
    ALERTS_FILE: Alerting,
    CONTACTS_FILE: Contacts,
    MAIL_FILE: Mailing,
    UNDECIDED_FILE: UndecidedList,
    HEAD: PackHead,
}
"""The YAML files, each with its model."""
NAMES = {
    str: "文字",
    Path: "文字",
    int: "整数",
    Decimal: "数字",
    float: "数字",
    date: "日期",
    bool: "`true` 或 `false`",
}
HEADINGS = ("键", "意思", "类型", "不写时", "可以写", "例子")
HEADINGS_OF_SAMPLES = {
    "respondent": "填报单位的标识码",
    "row": "表中的行（代码），没有行的空着",
    "item": "列的代号",
    "value": "填的值",
    "provenance": "从哪里来：`published` 印出的，`apportioned` 分摊的，`derived` 推出的，`placeholder` 占位的",
    "source": "出处",
    "sheet": "表的代号",
    "status": "封面上这张表的填报状态（代码表 `sheet_status`）",
    "note": "备注",
    "rule": "规则的代号",
    "column": "列的代号",
    "reason": "说明",
    "author": "谁说明的",
}


@dataclass(frozen=True, slots=True)
class KeysAt:
    """A mapping in a file: where it stands, and the model that reads it."""

    place: str
    model: type[BaseModel]


def city_pages() -> dict[str, str]:
    """File name → text, of every page of the folder."""
    pages = {f"{name}.md": _yaml_page(name) for name in MODELS}
    pages[f"{PUBLISHED}.md"] = _published_page()
    pages[f"{SAMPLES}.md"] = _samples_page()
    pages[f"{NARRATIVE}.md"] = _narrative_page()
    pages[f"{ENV_FILE}.md"] = _environment_page()
    return pages | {f"{INDEX}.md": _index()}


def example_of(name: str) -> str:
    """A file with every key, from the examples of the keys; of kinds that an entry may have, the first."""
    lines = []
    for key, field in _keys(MODELS[name]):
        inner = _models_in(field.annotation)
        if not inner:
            lines.append(f"{key}: {_example(field)}")
        elif get_origin(_bare(field.annotation)) is dict:
            lines += [f"{key}:", f"  2026: {_flow(inner[0])}"]
        else:
            shown = inner if name == CHANGES_FILE else inner[:1]
            lines += [f"{key}:", *(f"  - {_flow(each)}" for each in shown)]
    return "\n".join(lines) + "\n"


def _index() -> str:
    rows = [(f"[{name}]({name}.md)", _presence(name), about) for name, about in ABOUT.items()]
    lines = [
        "一个城市（县区、省）的全部配置在一个文件夹里。`nianbao new-city` 建好它，改完用 `nianbao check-city` 检查；",
        "从头到尾的例子见[一小时建好一个新城市](../../new_city.zh.md)。",
        "",
        *table_lines(("文件", "", "做什么用"), rows),
    ]
    return page_text("城市文件夹", lines)


def _presence(name: str) -> str:
    return "必须有" if name in FILES and name not in OPTIONAL else "可以没有"


def _yaml_page(name: str) -> str:
    model = MODELS[name]
    lines = [ABOUT[name], ""]
    for part in _parts(KeysAt("", model)):
        if part.place:
            lines += [f"## {part.place}", "", *_chinese(part.model.__doc__)]
        lines += table_lines(HEADINGS, [_row(key, field) for key, field in _keys(part.model)])
    lines += [
        "## 例子",
        "",
        "每个键都写上的样子；不需要的键整个不写。",
        "",
        "```yaml",
        example_of(name).rstrip(),
        "```",
        "",
    ]
    return page_text(name, lines)


def _chinese(docstring: str | None) -> list[str]:
    """What a model says of itself, where it says it to a bureau."""
    return [docstring.strip(), ""] if docstring and "一" <= docstring[0] <= "鿿" else []


def _parts(part: KeysAt) -> Iterator[KeysAt]:
    """A mapping, and those that stand in it, from the top of the file."""
    yield part
    for key, field in _keys(part.model):
        for inner in _models_in(field.annotation):
            kind = inner.model_fields.get("kind")
            is_told = kind is not None and len(_models_in(field.annotation)) > 1
            told = (
                f"（`kind` 为 {'、'.join(f'`{each}`' for each in get_args(kind.annotation))}）"
                if is_told and kind
                else ""
            )
            yield from _parts(KeysAt(f"`{key}` 的每一项{told}", inner))


def _row(key: str, field: FieldInfo) -> tuple[str, ...]:
    default = "**必填**" if field.is_required() else _shown_default(field.default)
    example = _example(field) if field.examples else ""
    return (
        f"`{key}`",
        field.description or "",
        _type(field.annotation),
        default,
        _allowed(field),
        f"`{example}`" if example else "",
    )


def _shown_default(default: object) -> str:
    if default is None or default in ("", (), {}):
        return "没有"
    return f"`{_flow_value(list(default) if isinstance(default, tuple) else default, None)}`"


def _keys(model: type[BaseModel]) -> list[tuple[str, FieldInfo]]:
    return [(field.alias or name, field) for name, field in model.model_fields.items()]


def _bare(annotation: Any) -> Any:
    """A type without Annotated and without an optional None."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (Union, UnionType):
        members = [each for each in get_args(annotation) if each is not type(None)]
        return _bare(members[0]) if len(members) == 1 else annotation
    return annotation


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """The models of what stands in a list or a mapping, or of what stands there itself."""
    bare = _bare(annotation)
    if isinstance(bare, type) and issubclass(bare, BaseModel):
        return [bare]
    if get_origin(bare) is dict:
        return _models_in(get_args(bare)[1])
    if get_origin(bare) in (tuple, Union, UnionType):
        return [model for each in get_args(bare) if each is not Ellipsis for model in _models_in(each)]
    return []


def _type(annotation: Any) -> str:
    bare = _bare(annotation)
    if get_origin(bare) is tuple:
        members = get_args(bare)
        return "列表" if Ellipsis in members else f"{len(members)} 个{_type(members[0])}的列表"
    if get_origin(bare) is dict:
        return "`键: 值`"
    return "文字" if get_origin(bare) is Literal else NAMES.get(bare, "`键: 值`")


def _allowed(field: FieldInfo) -> str:
    """The values that a key takes, and their bounds."""
    bare = _bare(field.annotation)
    inner = bare if get_origin(bare) is Literal else next((_bare(each) for each in get_args(bare)), None)
    if get_origin(inner) is Literal:
        return ("" if inner is bare else "键或项：") + "、".join(f"`{each}`" for each in get_args(inner))
    said = []
    for metadata in [*field.metadata, *_metadata_of(field.annotation)]:
        if pattern := getattr(metadata, "pattern", None):
            said.append(PATTERNS[pattern])
        bounds = {"ge": "greater_than_equal", "gt": "greater_than", "le": "less_than_equal", "min_length": "too_short"}
        said += [
            BOUNDS[kind][0].format(**{name: getattr(metadata, name)})
            for name, kind in bounds.items()
            if getattr(metadata, name, None) is not None
        ]
    return "；".join(said)


def _metadata_of(annotation: Any) -> Iterator[Any]:
    """What Annotated says of a type, also inside an optional one."""
    if get_origin(annotation) is Annotated:
        for each in get_args(annotation)[1:]:
            yield from each.metadata if isinstance(each, FieldInfo) else [each]
    if get_origin(annotation) in (Union, UnionType):
        for member in get_args(annotation):
            yield from _metadata_of(member)


def _example(field: FieldInfo) -> str:
    return _flow_value((field.examples or [""])[0], _bare(field.annotation))


def _flow(model: type[BaseModel]) -> str:
    return "{" + ", ".join(f"{key}: {_example(field)}" for key, field in _keys(model)) + "}"


def _flow_value(value: object, annotation: Any) -> str:
    """A value as YAML has it in a line; text in quotes where YAML would read it as something else."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow_value(item, None)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow_value(item, None) for item in value) + "]"
    if isinstance(value, str) and annotation is not date:
        is_plain = not set(value) & set(",:[]{}#&*!|>'\"%@`<") and yaml.safe_load(value) == value
        return value if is_plain else json.dumps(value, ensure_ascii=False)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _published_page() -> str:
    keys = _keys(PublishedLine)
    example = [",".join(key for key, _ in keys), ",".join(str((field.examples or [""])[0]) for _, field in keys)]
    rows = [(f"`{key}`", field.description or "", _type(field.annotation), _allowed(field)) for key, field in keys]
    lines = [ABOUT[PUBLISHED], "", "编码是 UTF-8，第一行是表头，每列都要有，先后不限。", ""]
    lines += [*table_lines(("列", "意思", "类型", "可以写"), rows), "## 例子", "", "```csv", *example, "```", ""]
    return page_text("published/<年度>.csv", lines)


def _narrative_page() -> str:
    files = [
        (
            "`<年度>/<节的标题>.md`",
            "一节的文字，例如 `2026/办学定位.md`；`nianbao narrative 2026` 列出有哪些节、写好了没有",
        ),
        ("`<年度>/cases/<名称>.md`", "一个典型案例；图片（png、jpg）放在旁边"),
        ("`<年度>/schools/<学校代码>/<节的标题>.md`", "一所学校自己年报里的文字"),
    ]
    return page_text("narrative/", [ABOUT[NARRATIVE], "", *table_lines(("文件", "写什么"), files)])


def _samples_page() -> str:
    def listed(headings: Sequence[str]) -> str:
        return "、".join(f"`{each}`" for each in headings)

    files = [
        ("`<年度>/<表的代号>.csv`，表单", f"{listed(VALUE_FIELDS)}：一行一个值"),
        ("`<年度>/<表的代号>.csv`，一行一条记录的表", f"{listed(RECORD_FIELDS)}，再加[表](../sheets.md)的各列"),
        (f"`<年度>/{STATUS_FILE}`", listed(STATUS_FIELDS)),
        (f"`<年度>/{EXPLANATIONS_FILE}`", f"{listed(EXPLANATION_FIELDS)}：对警告的说明"),
        ("`totals.csv`", "总数怎样分到各校，只有样例城市用（`nianbao spread`）"),
    ]
    lines = [ABOUT[SAMPLES], "", *table_lines(("文件", "列"), files)]
    lines += table_lines(("列", "意思"), [(f"`{name}`", meaning) for name, meaning in HEADINGS_OF_SAMPLES.items()])
    return page_text("samples/", lines)


def _environment_page() -> str:
    limits = {f"max_{each.name}": each.default for each in fields(Limits)}
    rows = [
        (f"`{PREFIX}{name.upper()}`", field.description or "", f"`{limits[name]}`" if name in limits else "")
        for name, field in Environment.model_fields.items()
        if name != "city"
    ]
    lines = [ABOUT[ENV_FILE], "", "一行一个 `名字=值`，用英文等号；`#` 开头的行是说明。"]
    lines += ["提醒渠道的令牌和密码也可以写在这里（alerts.yml 里写它们的名字）；那样这个文件不要给别人看。", ""]
    lines += [*table_lines(("名字", "意思", "不写时"), rows), "## 例子", "", "```sh", "NIANBAO_HOME=data", "```", ""]
    return page_text(ENV_FILE, lines)
