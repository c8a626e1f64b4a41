"""Mistakes that people make in a city's folder, and what `nianbao check-city` says of each.

`python -m tests.declarations.mistakes` writes docs/city_mistakes.zh.md; a test compares, so every message is looked at.
"""

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sources.declarations.problem import Problem
from sources.system.settings import PROJECT_ROOT
from warehouse.catalogue.city_references import city_problems
from warehouse.catalogue.markdown import table_lines

PAGE = PROJECT_ROOT / "docs" / "city_mistakes.zh.md"
PROVINCE = Path(__file__).parents[1] / "cities" / "small_province"
MORE = {
    "targets.yml": "targets:\n  - {report_year: 2031, indicator: schools, increase_at_least: 1, source: 计划}\n",
    "definitions.yml": "definitions:\n  - {indicator: further_study_rate, alternative: over_placed, since: 2031}\n",
    "alerts.yml": 'enabled: true\nchannels:\n  - {kind: wecom, name: 群, token_env: KEY, regions: ["990100"]}\n',
    "changes.yml": "changes:\n  - {kind: rename, since: 2031, code: A2, name: 子县中等职业学校}\n",
    "published/2030.csv": "figure_id,section,year,label,subject,indicator,kind,scope,printed,printed_value,unit\n"
    "F001,1.2,2030,学校数,990000,schools,value,everything,5,5,所\n"
    "F002,1.2,2030,学校数,990100,schools,value,everything,3,3,所\n",
}
"""What the province of the tests has not: with these its folder has every file."""
Change = Callable[[Path], object]


@dataclass(frozen=True)
class Mistake:
    """Something wrong in a folder that was right. `file` is where it is told, `made` does it."""

    what: str
    file: str
    made: Change


def swapped(what: str, file: str, right: str, wrong: str) -> Mistake:
    """A piece of a file, its first, written otherwise."""

    def made(folder: Path) -> None:
        text = (folder / file).read_text("utf-8")
        assert right in text, f"{file}: {right}"
        (folder / file).write_text(text.replace(right, wrong, 1), "utf-8")

    return Mistake(what, file, made)


def replaced(what: str, file: str, right: str, wrong: str) -> Mistake:
    """A piece of a file written otherwise wherever it stands."""

    def made(folder: Path) -> None:
        (folder / file).write_text((folder / file).read_text("utf-8").replace(right, wrong), "utf-8")

    return Mistake(what, file, made)


def written(what: str, file: str, content: str | bytes) -> Mistake:
    """A file with another content."""
    data = content if isinstance(content, bytes) else content.encode()
    return Mistake(what, file, lambda folder: (folder / file).write_bytes(data))


def moved(what: str, file: str, name: str) -> Mistake:
    """A file under another name."""
    return Mistake(what, name, lambda folder: (folder / file).rename(folder / name))


def removed(what: str, file: str) -> Mistake:
    return Mistake(what, file, lambda folder: (folder / file).unlink())


def instead(what: str, file: str, make: Callable[[Path], object]) -> Mistake:
    """Something else in a file's place."""

    def made(folder: Path) -> None:
        (folder / file).unlink(missing_ok=True)
        make(folder / file)

    return Mistake(what, file, made)


PLACE = 'code: "990000"\nname: 小省\n'
ALIASES = "".join(f"a{n + 1}: &a{n + 1} [{','.join([f'*a{n}'] * 10)}]\n" for n in range(9))
BOMB = f'a0: &a0 [x]\n{ALIASES}code: "990000"\nname: 小省\nname: 大省\n'
FORM = [
    written("用 GBK 编码保存", "city.yml", PLACE.encode("gbk")),
    written("用 GBK 编码保存（另一个文件）", "respondents.yml", "respondents:\n  - {name: 职业学校}\n".encode("gbk")),
    written("用 UTF-16 编码保存（记事本的“Unicode”）", "city.yml", PLACE.encode("utf-16")),
    written("空文件", "city.yml", ""),
    written("只有注释", "calendar.yml", "# 明年再写\n"),
    removed("缺少文件", "scopes.yml"),
    instead("文件的位置是一个文件夹", "city.yml", lambda path: path.mkdir()),
    instead("指向自己的链接", "city.yml", lambda path: path.symlink_to(path.name)),
    instead("链接指向的文件没有了", "city.yml", lambda path: path.symlink_to("nowhere.yml")),
    instead("不是普通的文件（管道）", "city.yml", lambda path: os.mkfifo(path)),
    instead("文件极大", "city.yml", lambda path: path.write_bytes(b"#" * 21_000_000)),
    written("括号一层套一层", "city.yml", f"code: {'[' * 30_000}{']' * 30_000}\n"),
    written("短横线一层套一层", "city.yml", f"code: {'- ' * 30_000}x\n"),
    written("别名层层引用（YAML 炸弹），又有一个键写了两次", "city.yml", BOMB),
    written("一行的缩进用了 Tab", "city.yml", 'code: "990000"\n\tname: 小省\n'),
    swapped("列表的缩进用了 Tab", "respondents.yml", "  - {", "\t- {"),
    swapped("缩进不齐", "respondents.yml", "  - {", "- {"),
    written("冒号用了中文的", "city.yml", 'code： "990000"\nname: 小省\n'),
    written("全部冒号用了中文的", "city.yml", 'code："990000"\nname：小省\n'),
    swapped("逗号用了中文的", "respondents.yml", ", name:", "，name:"),
    written("引号用了中文的", "city.yml", "code: “990000”\nname: 小省\n"),
    written("数字用了全角的", "city.yml", 'code: "９９００００"\nname: 小省\n'),
    written("冒号后面没有空格", "city.yml", 'code:"990000"\nname:小省\n'),
    written("引号没有写完", "city.yml", 'code: "990000\nname: 小省\n'),
    swapped("括号没有写完", "regions.yml", "level: province}", "level: province"),
    written("控制字符", "city.yml", 'code: "990000"\nname: 小\x07省\n'),
    written("同一个键写了两次", "city.yml", f"{PLACE}name: 大省\n"),
    written("开头是列表", "city.yml", '- code: "990000"\n- name: 小省\n'),
    written("一个文件里有两份", "city.yml", f"{PLACE}---\n{PLACE}"),
    written("以 ! 开头的值", "city.yml", 'code: "990000"\nname: !x 小省\n'),
    written("想让程序执行命令的标签", "city.yml", 'code: !!python/object/apply:os.system ["id"]\nname: 小省\n'),
    written("数字作键", "city.yml", f"{PLACE}1: 2\n"),
    written("列表作键", "city.yml", f"{PLACE}? [a, b]\n: 1\n"),
    swapped("值里有英文冒号", "respondents.yml", "小省第一职业学校", "小省: 第一职业学校"),
    swapped("cron 没有加引号", "calendar.yml", '"0 3 * * *"', "* 3 * * *"),
    moved("文件名的大小写不对", "city.yml", "City.yml"),
    moved("扩展名写成 .yaml", "scopes.yml", "scopes.yaml"),
    moved("记事本加了 .txt", "respondents.yml", "respondents.yml.txt"),
    moved("文件名少了 s", "definitions.yml", "definition.yml"),
    Mistake("留下了副本", "city - 副本.yml", lambda f: shutil.copy(f / "city.yml", f / "city - 副本.yml")),
]
PLACES = [
    swapped("代码没有加引号", "city.yml", '"990000"', "990000"),
    swapped("代码少了一位", "city.yml", '"990000"', '"99000"'),
    swapped("代码里有空格", "city.yml", '"990000"', '"990000 "'),
    swapped("键写错", "city.yml", "name", "naem"),
    swapped("缺少一个键", "city.yml", "name: 小省\n", ""),
    swapped("键的后面没有值", "city.yml", "name: 小省", "name:"),
    swapped("名称写成了列表", "city.yml", "小省", "[小省]"),
    swapped("名称的末尾有空格", "city.yml", "小省", '"小省 "'),
    swapped("名称里有斜线", "city.yml", "小省", "小省/乙省"),
    swapped("yes 被当作“是”", "city.yml", "小省", "yes"),
    swapped("没有这个资料包", "city.yml", "name: 小省", 'name: 小省\npack: "450001"'),
    swapped("级别写错", "regions.yml", "level: county", "level: distict"),
    swapped(
        "别的省的地区",
        "regions.yml",
        '"990200", name: 乙市',
        '"890200", name: 丙市, level: city, parent: "990000"}\n  - {code: "990200", name: 乙市',
    ),
    swapped("上级没有列出", "regions.yml", 'parent: "990100"', 'parent: "990109"'),
    swapped(
        "自己是自己的上级",
        "regions.yml",
        'name: 子县, level: county, parent: "990100"',
        'name: 子县, level: county, parent: "990101"',
    ),
    swapped("没有写上级", "regions.yml", 'level: city, parent: "990000"', "level: city"),
    swapped("地区的代码写了两次", "regions.yml", '"990200", name: 乙市', '"990100", name: 乙市'),
    swapped("同一上级下两个地区同名", "regions.yml", "丑县", "子县"),
    swapped("本库自己的地区叫别的名字", "regions.yml", "小省", "大省"),
    swapped("列表写成了一项", "regions.yml", '  - {code: "990000"', '  {code: "990000"'),
    written("没有列出自己的地区", "regions.yml", 'regions:\n  - {code: "990001", name: 小省, level: province}\n'),
    Mistake("用了地区，却没有 regions.yml", "respondents.yml", lambda folder: (folder / "regions.yml").unlink()),
]
RESPONDENTS = [
    swapped("键写错", "respondents.yml", "kind", "knid"),
    swapped("类别写错", "respondents.yml", "kind: school", "kind: schol"),
    swapped("类别写成中文", "respondents.yml", "kind: school", "kind: 学校"),
    swapped("数字代码没有加引号", "respondents.yml", "code: P1", "code: 3634000001"),
    swapped("零开头的代码没有加引号", "respondents.yml", "code: P1", "code: 0645"),
    swapped("代码里有汉字", "respondents.yml", "code: P1", "code: 甲1"),
    swapped("代码里有路径", "respondents.yml", "code: P1", "code: ../P1"),
    swapped("代码写了两次", "respondents.yml", "code: A1", "code: P1"),
    swapped("两所学校同名", "respondents.yml", "甲市职业学校", "小省第一职业学校"),
    swapped("学校没有名称", "respondents.yml", "小省第一职业学校", '""'),
    swapped("名称太长", "respondents.yml", "小省第一职业学校", "职业学校" * 30),
    swapped("名称里有英文逗号", "respondents.yml", "小省第一职业学校", "小省,第一职业学校"),
    swapped("地区没有列出", "respondents.yml", '"990102"', '"990112"'),
    swapped("地区没有加引号", "respondents.yml", '"990102"', "990102"),
    swapped("since 晚于 until", "respondents.yml", "kind: school}", "kind: school, since: 2031, until: 2030}"),
    swapped("年份少了两位", "respondents.yml", "kind: school}", "kind: school, since: 30}"),
    swapped("年份写成日期", "respondents.yml", "kind: school}", "kind: school, since: 2030-09-01}"),
    swapped("设立年份少了两位", "respondents.yml", "kind: school}", "kind: school, founded: 23}"),
    swapped("办学标准的例外写成了中文", "respondents.yml", "kind: school}", "kind: school, exempt: 艺术类}"),
    swapped("教育局写了设立年份", "respondents.yml", "kind: bureau", "kind: bureau, founded: 1985"),
    replaced("没有教育局", "respondents.yml", "kind: bureau", "kind: school"),
    swapped("一个地区有两个教育局", "respondents.yml", "乙市职业学校, kind: school", "乙市第二教育局, kind: bureau"),
    written("学校只写了名称", "respondents.yml", "respondents:\n  - 小省第一职业学校\n"),
    written("多了一层", "respondents.yml", "respondents:\n  schools:\n    - {code: P1, name: 学校, kind: school}\n"),
    written("列表是空的", "respondents.yml", "respondents:\n"),
    Mistake("某一年没有教育局", "calendar.yml", replaced("", "respondents.yml", "bureau", "bureau, since: 2031").made),
]
SCOPES = [
    swapped("键写错", "scopes.yml", "exclude", "exlude"),
    swapped("按没有的一列排除", "scopes.yml", "{ownership", "{owner"),
    swapped("值写错", "scopes.yml", "[private]", "[privat]"),
    swapped("值写成了名称", "scopes.yml", "[private]", "[民办]"),
    swapped("值没有写成列表", "scopes.yml", "[private]", "private"),
    swapped("没有这所学校", "scopes.yml", "ownership: [private]", "school_code: [P9]"),
    swapped("两个口径同名", "scopes.yml", "label: 公办学校", "label: 全部学校"),
    swapped("两个口径同一个代号", "scopes.yml", "code: public_only", "code: everything"),
    swapped("代号是中文", "scopes.yml", "code: public_only", "code: 公办"),
    swapped("代号是保留的词", "scopes.yml", "code: public_only", "code: school"),
    swapped("名称是空的", "scopes.yml", "label: 公办学校", 'label: ""'),
    swapped("没有列出任何值", "scopes.yml", "[private]", "[]"),
    swapped("同一个值写了两次", "scopes.yml", "[private]", "[private, private]"),
    swapped("排除了全部学校", "scopes.yml", "[private]", "[private, public]"),
    written("没有口径", "scopes.yml", "scopes: []\n"),
]
CALENDAR = [
    swapped("键写错", "calendar.yml", "nightly", "nigthly"),
    swapped("日期不存在", "calendar.yml", "as_of: 2030-09-01", "as_of: 2030-09-31"),
    swapped("日期写成中文", "calendar.yml", "as_of: 2030-09-01", "as_of: 2030年9月1日"),
    swapped("日期用了斜线", "calendar.yml", "as_of: 2030-09-01", "as_of: 2030/9/1"),
    swapped("日期没有连字符", "calendar.yml", "as_of: 2030-09-01", "as_of: 20300901"),
    swapped("日期带了时间", "calendar.yml", "as_of: 2030-09-01", "as_of: 2030-09-01 08:00:00"),
    swapped("时点离年度太远", "calendar.yml", "as_of: 2030-09-01", "as_of: 2052-09-01"),
    swapped("截止早于开始", "calendar.yml", "due: 2030-11-30", "due: 2030-09-30"),
    swapped("冻结早于截止", "calendar.yml", "freezes: 2031-01-31", "freezes: 2030-01-31"),
    swapped("学年写反了", "calendar.yml", "school_year_to: 2030-08-31", "school_year_to: 2029-08-31"),
    swapped("年度写了两次", "calendar.yml", "  2031:", "  2030:"),
    swapped("年度带了“年”字", "calendar.yml", "  2030:", "  2030年:"),
    swapped("年度只写了两位", "calendar.yml", "  2030:", "  30:"),
    swapped("缺少一个日期", "calendar.yml", ", freezes: 2031-01-31", ""),
    swapped("时区写错", "calendar.yml", "Shanghai", "Shangai"),
    swapped("时区写成北京", "calendar.yml", "Asia/Shanghai", "北京时间"),
    swapped("cron 的小时太大", "calendar.yml", "0 3 *", "0 25 *"),
    swapped("cron 少了一项", "calendar.yml", "0 3 * * *", "0 3 * *"),
    swapped("cron 的日子永远不会到", "calendar.yml", "0 6 1 10 *", "0 6 30 2 *"),
    written(
        "没有年度", "calendar.yml", 'timezone: Asia/Shanghai\nnightly: "0 3 * * *"\nyearly: "0 6 1 10 *"\nyears: {}\n'
    ),
]
OTHERS = [
    swapped("没有这个指标", "targets.yml", "schools", "shools"),
    swapped("目标写成汉字", "targets.yml", "increase_at_least: 1", "increase_at_least: 八十"),
    swapped("目标是无穷大", "targets.yml", "increase_at_least: 1", "increase_at_least: .inf"),
    swapped("目标的年度不在采集日历中", "targets.yml", "report_year: 2031", "report_year: 2051"),
    swapped("没有这个定义", "definitions.yml", "over_placed", "over_place"),
    swapped("没有这个指标", "definitions.yml", "further_study_rate", "further_study_rat"),
    swapped("变更的种类写错", "changes.yml", "kind: rename", "kind: renam"),
    swapped("变更的学校没有列出", "changes.yml", "code: A2", "code: A22"),
    swapped("变更的年度太早", "changes.yml", "since: 2031", "since: 2029"),
    swapped("键写错", "alerts.yml", "enabled", "enabeld"),
    swapped("渠道的种类写错", "alerts.yml", "kind: wecom", "kind: wecon"),
    swapped("写了密钥本身", "alerts.yml", "token_env: KEY", "token_env: 693a91f6-7xxx"),
    swapped("没有这个地区", "alerts.yml", '"990100"', '"990109"'),
    swapped("打开了，却没有渠道", "alerts.yml", MORE["alerts.yml"].split("\n", 1)[1], ""),
    swapped("列名写错", "published/2030.csv", "indicator", "indicater"),
    swapped("没有这个指标", "published/2030.csv", "schools", "shools"),
    swapped("没有这个口径", "published/2030.csv", "everything", "everthing"),
    swapped("没有这所学校或地区", "published/2030.csv", ",990100,", ",990109,"),
    swapped("编号写了两次", "published/2030.csv", "F002", "F001"),
    swapped("多了一个逗号", "published/2030.csv", ",所", ",所,"),
    swapped("年份写成了文字", "published/2030.csv", ",2030,", ",二〇三〇,"),
    written("用分号隔开", "published/2030.csv", "figure_id;section;year\n"),
    written("用 GBK 编码保存", "published/2030.csv", "figure_id,编号\n".encode("gbk")),
    moved("文件名不是年度", "published/2030.csv", "published/报告.csv"),
    moved("没有这个年度", "published/2030.csv", "published/2020.csv"),
    written("设置用了中文等号", "nianbao.env", "NIANBAO_HOME＝data\n"),
    written("设置的名字写错", "nianbao.env", "NIANBAO_HOM=data\n"),
    written("设置里又写了城市", "nianbao.env", "NIANBAO_CITY=450700\n"),
    moved("存成了 Excel 文件", "published/2030.csv", "published/2030.xlsx"),
]
MISTAKES = {
    "文件和写法": FORM,
    "city.yml、regions.yml": PLACES,
    "respondents.yml": RESPONDENTS,
    "scopes.yml": SCOPES,
    "calendar.yml": CALENDAR,
    "其他文件": OTHERS,
}


DOUBTS = [
    swapped("别的省的资料包", "city.yml", "name: 小省", 'name: 小省\npack: "450000"'),
    swapped(
        "学校的地区没有教育局",
        "respondents.yml",
        "小省教育厅, kind: bureau",
        '小省教育厅, kind: bureau, region: "990102"',
    ),
    swapped(
        "第一个口径不是全部学校", "scopes.yml", "名册中的全部学校", "名册中的全部学校, exclude: {affiliation: [county]}"
    ),
    swapped(
        "抄了上一个口径，忘了改",
        "scopes.yml",
        "exclude: {ownership: [private]}}",
        "exclude: {ownership: [private]}}\n"
        "  - {code: county, label: 县属学校, description: 县属, exclude: {ownership: [private]}}",
    ),
    swapped("开始的年份写错", "calendar.yml", "opens: 2030-10-01", "opens: 2029-10-01"),
]
"""What may be meant: it is told and stops nothing."""


def good_folder(place: Path) -> Path:
    """A folder that is right, with every file."""
    shutil.copytree(PROVINCE, place)
    (place / "published").mkdir()
    for name, text in MORE.items():
        (place / name).write_text(text, "utf-8")
    return place


def told(mistake: Mistake, folder: Path) -> list[Problem]:
    """What is said of a folder in which the mistake was made."""
    mistake.made(folder)
    return list(city_problems(folder))


def shown(problem: Problem, folder: Path) -> str:
    """A problem without where the folder lies."""
    return str(problem).replace(f"{folder}/", "").replace(str(folder), "")


def page() -> str:
    """The page of all mistakes with their messages."""
    lines = [
        "<!-- Generated by `python -m tests.declarations.mistakes`. Do not edit. -->",
        "",
        "# 配置里常见的错误",
        "",
        "`nianbao check-city` 一次列出文件夹里的所有问题，每个问题一行：哪个文件、哪一行、哪里不对、怎样改。",
        "下面每一行是在一个没有问题的文件夹里只犯一个错误时它说的话。文件和键见[城市文件夹](reference/city/README.md)。",
        "",
    ]
    number = 0
    with tempfile.TemporaryDirectory() as place:
        for title, mistakes in MISTAKES.items():
            rows = []
            for mistake in mistakes:
                number += 1
                folder = good_folder(Path(place) / str(number) / "city")
                said = "<br>".join(shown(each, folder).replace("\n", " ") for each in told(mistake, folder))
                rows.append((number, mistake.what, said.replace("*", "\\*")))
            lines += [f"## {title}", "", *table_lines(("", "错误", "check-city 说"), rows)]
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
