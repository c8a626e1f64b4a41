"""The folder of a new city: its declarations with comments in Chinese, and the settings of its own installation."""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from string import Template

from sources.declarations.city import RegionLevel
from sources.system.settings import ENV_FILE, SOURCES_ROOT

TEMPLATES = SOURCES_ROOT / "new_city"
CITY_PROVINCES = ("11", "12", "31", "50")
"""Provinces that are cities (直辖市)."""
NATION = "100000"
PLACEHOLDERS: dict[RegionLevel, str] = {"nation": "某国", "province": "某省", "city": "某市", "county": "某县"}
BUREAUS: dict[RegionLevel, str] = {"nation": "教育部", "province": "教育厅", "city": "教育局", "county": "教育局"}
WHOLES: dict[RegionLevel, str] = {"nation": "全国", "province": "全省", "city": "全市", "county": "全县"}


@dataclass(frozen=True, slots=True)
class NewCity:
    """What must be known of a city before it has a folder."""

    code: str
    """GB/T 2260, six digits."""
    name: str
    level: RegionLevel
    first_year: int
    """The first report year of its calendar."""


def level_of(code: str) -> RegionLevel:
    """The level that a code of GB/T 2260 speaks of."""
    if code == NATION:
        return "nation"
    return "province" if code.endswith("0000") else "city" if code.endswith("00") else "county"


def placeholder_of(code: str, level: RegionLevel) -> str:
    """A name until somebody says the right one."""
    return "某市" if level == "province" and code[:2] in CITY_PROVINCES else PLACEHOLDERS[level]


def report_year_of(today: date) -> int:
    """The report year that is collected on a day, or next: one is collected from October to the end of January."""
    return today.year if today.month > 1 else today.year - 1


def files_of(new: NewCity) -> dict[str, str]:
    """Name → text of each file of the folder."""
    words = _words(new)
    names = [path.name for path in sorted(TEMPLATES.iterdir())]
    kept = [name for name in names if name != "regions.yml" or new.level != "city"]
    assert ENV_FILE in kept
    return {name: Template((TEMPLATES / name).read_text("utf-8")).substitute(words) for name in kept}


def write_folder(new: NewCity, folder: Path) -> None:
    """Writes the files into a folder that is there and empty."""
    for name, text in files_of(new).items():
        (folder / name).write_text(text, encoding="utf-8")


def _words(new: NewCity) -> dict[str, str]:
    is_both = new.level == "province" and new.code[:2] in CITY_PROVINCES
    bureau = "教育部" if new.level == "nation" else new.name + ("教育委员会" if is_both else BUREAUS[new.level])
    whole = f"全{new.name[-1]}" if new.name[-1] in "省市区县州盟旗" else WHOLES[new.level]
    region_hint = "所在地区的代码（regions.yml 里的）；" if new.level in ("nation", "province") else ""
    return {
        "code": new.code,
        "name": new.name,
        "quoted_code": _quoted(new.code),
        "quoted_name": _quoted(new.name),
        "quoted_bureau": _quoted(bureau),
        "level": new.level,
        "whole": whole,
        "pack": _pack_line(new.code),
        "region_hint": f"{region_hint}不写就是{new.name}自己",
        "examples": _examples(new),
        "year": str(new.first_year),
        "last_year": str(new.first_year - 1),
        "next_year": str(new.first_year + 1),
    }


def _quoted(text: str) -> str:
    """Text as YAML takes it whatever it holds."""
    return json.dumps(text, ensure_ascii=False)


def _pack_line(code: str) -> str:
    """The key of the province's pack where one ships; else how to name one."""
    province = f"{code[:2]}0000"
    if (SOURCES_ROOT / "regions" / province / "pack.yml").is_file():
        return f'pack: "{province}"   # 省级资料包：本省的用语、奖项、项目等'
    return '# 本省没有现成的省级资料包，用全国通用的用语。以后有了，在这里写上：\n# pack: "代码"'


def _examples(new: NewCity) -> str:
    """Lines to be uncommented: a region below, of the level that comes next; a county has none."""
    below: dict[RegionLevel, tuple[str, str, RegionLevel]] = {
        "nation": ("340000", "例子省", "province"),
        "province": (f"{new.code[:2]}0100", "例子市", "city"),
    }
    if new.level not in below:
        return ""
    code, name, level = below[new.level]
    if new.level == "province" and new.code[:2] in CITY_PROVINCES:
        code, name, level = f"{new.code[:2]}0101", "例子区", "county"
    return f'#  - {{code: "{code}", name: {name}, level: {level}, parent: "{new.code}"}}\n'
