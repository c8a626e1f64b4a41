"""What a capable colleague would write instead, in an afternoon: one script with pandas and openpyxl.

`python tests/bench/pandas_script.py INBOX OUTPUT YEAR`: reads the workbooks, checks what one would check, leaves out
those with an error and lists why, and writes the eleven tables of the report for the whole installation. It knows the
template by position, keeps nothing between runs, and has no trace, no history, no levels of regions.
"""

import re
import sys
from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import pandas as pd

FORMS = {
    *("学校概况", "专业建设", "学生情况", "教职工情况", "教师培训", "办学条件", "毕业去向", "学生发展", "数字化资源"),
    *("校企合作", "实习情况", "社会服务", "文化与公益活动", "经费情况", "国际合作"),
    *("户籍地送生", "普通高中", "市级技能大赛", "经费汇总", "项目与平台"),
}
TABLES = {
    *("专业目录", "专业群", "编写教材", "课程情况", "满意度调查", "学生资助", "合作企业", "技能大赛获奖"),
    *("学校名册", "统计口径", "官方获奖名单汇总"),
}
REQUIRED = {
    "学生情况": ["全日制在校生数", "全日制招生数"],
    "教职工情况": ["专任教师数"],
    "毕业去向": ["毕业生数", "升学人数", "直接就业人数"],
    "学校概况": ["主管单位", "招生状态"],
}
CHOICES = {("学校概况", "招生状态"): {"正常招生", "停止招生"}}
NOT_MORE_THAN = [
    ("毕业去向.毕业去向落实人数", "毕业去向.毕业生数"),
    ("毕业去向.留在当地就业人数", "毕业去向.直接就业人数"),
    ("教职工情况.专任教师数", "教职工情况.教职工总数"),
    ("教职工情况.其中：双师型教师数", "教职工情况.专任教师数"),
    ("学生情况.全日制在校生数", "学生情况.学历教育在校生数"),
    ("学生发展.学生体质测评合格人数", "学生发展.参加国家学生体质健康标准测试人数"),
    ("数字化资源.其中：实现数字信息化覆盖的教学场所数", "数字化资源.教学场所数"),
    ("社会服务.公益项目培训学时", "社会服务.非学历培训学时"),
    ("教师培训.参加过校级以上培训的专任教师数", "教职工情况.专任教师数"),
]
ADDS_UP = [
    ("毕业去向.升学人数", ["毕业去向.其中：升入本科人数", "毕业去向.其中：升入专科人数"]),
    ("学生情况.全日制在校生数", ["学生情况.全日制在校男生数", "学生情况.全日制在校女生数"]),
]
SCOPES = {
    "全市": ([], []),
    "不含技工学校": (["技工学校"], []),
    "不含技工学校、区直学校": (["技工学校"], ["区直"]),
    "市属学校": ([], ["区直"]),
}
"""The categories and affiliations that it leaves out."""
SCHOLARSHIPS = {"国家奖学金": 6000, "自治区奖学金": 2000}
FEWEST_ASKED = 5
TITLES = {
    "表1.2-1": "序号,学校名称,主管单位,学校性质,学校隶属层级,办学水平标志,专任教师数,全日制在校生人数,专业数,备注",
    "表1.2-2": "项目,,{last}年,{year}年,变化情况",
    "表2.4": "项目,{last}年（{last_scope}）,{year}年（{scope}）,与{last}年比较增长（下降）",
    "附表2": "序号,指标,单位,{last}年,{year}年,调查人次,调查方式",
}
ANNEX = "序号,指标,单位,{last}年,{year}年"
AWARDS = {"表2.6-1": "自治区级", "表2.6-2": "国家级"}
PRIZES = ["一等奖", "二等奖", "三等奖"]


class RefusedError(Exception):
    """A workbook with an error."""


def read(path: Path) -> dict[str, Any]:
    """One workbook: cover, values of forms (`sheet.item`), records (sheet → frame), status of each sheet."""
    try:
        with pd.ExcelFile(path, engine="openpyxl") as book:
            saved = book.book.properties.modified
            sheets = pd.read_excel(book, sheet_name=None, header=None, dtype=object)
    except (BadZipFile, KeyError, ValueError) as error:
        raise RefusedError("打不开") from error
    cover = {row[1]: row[4] for row in sheets.pop("封面").iloc[3:].itertuples(index=False)}
    values: dict[str, Any] = {}
    records: dict[str, pd.DataFrame] = {}
    status: dict[str, str] = {}
    for name, sheet in sheets.items():
        if name in FORMS:
            status[name] = sheet.iat[2, 4]
            if status[name] in ("已填报", "部分提供"):
                values |= {
                    f"{name}.{r[1]}": typed(name, r) for r in sheet.iloc[5:].itertuples(index=False) if pd.notna(r[4])
                }
        elif name in TABLES:
            status[name] = sheet.iat[2, 1]
            frame = sheet.iloc[5:].copy()
            frame.columns = [re.sub("（[^（]*）$", "", str(heading)) for heading in sheet.iloc[4]]
            records[name] = frame.loc[:, ~frame.columns.duplicated()].dropna(how="all")
    return {"code": str(cover["单位标识码"]), "year": int(cover["报告年度"]), "file": path.name, "saved": saved} | {
        "values": values,
        "records": records,
        "status": status,
    }


def typed(sheet: str, row: Any) -> Any:
    """The value of an item: a number where the item has a unit."""
    item, unit, value = row[1], row[2], row[4]
    if pd.notna(unit):
        if not isinstance(value, int | float):
            raise RefusedError(f"“{sheet}”的“{item}”应为数字：{value}")
        if value < 0:
            raise RefusedError(f"“{sheet}”的“{item}”不应小于 0：{value}")
    elif value not in CHOICES.get((sheet, item), {value}):
        raise RefusedError(f"“{sheet}”的“{item}”不在可选范围：{value}")
    return value


def check(book: dict[str, Any]) -> None:
    values = book["values"]
    for sheet, items in REQUIRED.items():
        for item in items:
            if book["status"].get(sheet) == "已填报" and f"{sheet}.{item}" not in values:
                raise RefusedError(f"“{sheet}”的“{item}”没有填写")
    for part, whole in NOT_MORE_THAN:
        if part in values and whole in values and values[part] > values[whole]:
            raise RefusedError(f"{part} {values[part]} 多于 {whole} {values[whole]}")
    for total, parts in ADDS_UP:
        if all(name in values for name in (total, *parts)) and sum(values[part] for part in parts) != values[total]:
            raise RefusedError(f"{total} {values[total]} 不等于各项之和")
    aid = book["records"].get("学生资助")
    if aid is not None:
        for programme, each in SCHOLARSHIPS.items():
            of = aid[aid["资助项目"] == programme].dropna(subset=["资助人次", "资助金额"])
            if (of["资助金额"] != each * of["资助人次"]).any():
                raise RefusedError(f"{programme}不是每人 {each} 元")
    for sheet, key in (
        ("专业目录", ["专业代码", "专业方向"]),
        ("合作企业", ["企业名称"]),
        ("技能大赛获奖", ["获奖序号"]),
    ):
        frame = book["records"].get(sheet)
        if frame is not None and frame.duplicated(key).any():
            raise RefusedError(f"“{sheet}”有重复的记录")


def measures(book: dict[str, Any]) -> dict[str, Any]:
    """Everything of one school that the report adds up, by name."""
    values, records, status = book["values"], book["records"], book["status"]
    found = dict(values)
    for sheet in FORMS:
        if status.get(sheet) == "本单位无此项":
            found[f"{sheet}.*"] = 0
    if "毕业去向.月收入" in values and "毕业去向.月收入调查人数" in values:
        found["毕业去向.月收入总额"] = values["毕业去向.月收入"] * values["毕业去向.月收入调查人数"]
    for sheet in ("专业目录", "专业群", "编写教材"):
        if status.get(sheet) == "无法提供" or sheet not in records:
            continue
        frame = records[sheet]
        found[f"{sheet}.行数"] = int((frame["专业状态"] != "撤销").sum()) if sheet == "专业目录" else len(frame)
        if sheet == "编写教材":
            for column in frame.columns[1:]:
                found[f"{sheet}.{column}"] = int((frame[column] == "是").sum())
    if status.get("课程情况") == "已填报":
        for row in records["课程情况"].to_dict("records"):
            found |= {f"课程情况.{row['课程类别']}·{c}": row[c] for c in ("课程数", "学时数") if pd.notna(row[c])}
    if status.get("满意度调查") == "已填报":
        for row in records["满意度调查"].to_dict("records"):
            item, asked, score = row["调查项目"], row["调查人次"], row["满意度"]
            if pd.notna(asked) and asked >= FEWEST_ASKED:
                found[f"满意度调查.{item}·人次"] = asked
                if pd.notna(score):
                    found[f"满意度调查.{item}·得分"] = round(score * asked, 2)
    return found


class Year:
    """One report year: the roster, what schools and bureaus report, the scope of each part of the report."""

    def __init__(self, books: list[dict[str, Any]]) -> None:
        bureaus = [book for book in books if "学校名册" in book["records"]]
        schools = [book for book in books if "学校名册" not in book["records"]]
        self.roster = pd.concat([book["records"]["学校名册"] for book in bureaus]).astype({"学校标识码": str})
        self.schools = pd.DataFrame({book["code"]: measures(book) for book in schools}).T
        self.bureaus = pd.DataFrame([book["values"] for book in bureaus])
        self.awards = [book["records"]["官方获奖名单汇总"] for book in bureaus if "官方获奖名单汇总" in book["records"]]
        self.scope_of = dict(bureaus[0]["records"]["统计口径"].iloc[:, :2].itertuples(index=False))
        self.methods: dict[str, set[str]] = defaultdict(set)
        for book in schools:
            if book["status"].get("满意度调查") == "已填报":
                for row in book["records"]["满意度调查"].dropna(subset=["调查方式"]).to_dict("records"):
                    self.methods[row["调查项目"]].add(row["调查方式"])

    def members(self, scope: str) -> list[str]:
        categories, affiliations = SCOPES[scope]
        left_out = self.roster["学校类别"].isin(categories) | self.roster["学校隶属层级"].isin(affiliations)
        return [code for code in self.roster.loc[~left_out, "学校标识码"] if code in self.schools.index]

    def column(self, name: str, scope: str) -> pd.Series:
        """The measure of each school in the scope that reports it."""
        members = self.schools.loc[self.members(scope)]
        column = members[name] if name in members else pd.Series(index=members.index, dtype=object)
        is_none = members.get(f"{name.split('.')[0]}.*")
        return (column if is_none is None else column.fillna(is_none)).dropna()

    def terms(self, formula: str, scope: str) -> list[Decimal | None]:
        """Sums of the formula's terms, over the schools that report all of them."""
        names = formula.split(" * ")[-1].split(" / ")
        if names == ["学校名册.学校"]:
            return [Decimal(len(self.roster))]
        if names[0].split(".")[0] in ("普通高中", "户籍地送生"):
            columns = [
                self.bureaus[name].dropna() if name in self.bureaus else pd.Series(dtype=object) for name in names
            ]
        else:
            both = pd.concat([self.column(name, scope).rename(name) for name in names], axis=1, join="inner")
            columns = [both[name] for name in names]
        return [Decimal(str(round(float(column.sum()), 4))) if len(column) else None for column in columns]


def value(formula: str, terms: list[Decimal | None], decimals: int) -> Decimal | None:
    """What is printed, rounded half up."""
    if None in terms or (len(terms) == 2 and terms[1] == 0):
        return None
    scale = Decimal(formula.split(" * ")[0]) if " * " in formula else Decimal(1)
    exact = terms[0] if len(terms) == 1 else terms[0] * scale / terms[1]
    return exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def shown(number: Decimal | None, formula: str, unit: str) -> str:
    if number is None:
        return "…"
    if " / " not in formula:
        return trimmed(number)
    return f"{number}:1" if unit == ":1" else str(number)


def trimmed(number: Decimal) -> str:
    return f"{number:f}".rstrip("0").rstrip(".") if "." in f"{number:f}" else f"{number:f}"


def comparison(rows: pd.DataFrame, this: Year, last: Year | None, with_change: bool, annex: bool) -> list[list[str]]:
    written = []
    for position, row in enumerate(rows.to_dict("records"), 1):
        formula, unit, part = row["formula"], row["unit"], row["part"]
        numbers: list[Decimal | None] = []
        asked = None
        for year in (last, this):
            terms = year.terms(formula, year.scope_of[part]) if year else [None]
            numbers.append(value(formula, terms, int(row["decimals"])))
            asked = terms[-1] if len(terms) == 2 else None
        texts = [shown(number, formula, unit) for number in numbers]
        if annex:
            line = [str(position), row["label"], unit, *texts]
            if rows["table"].iat[0] == "附表2":
                line += [
                    trimmed(asked) if asked is not None else "",
                    "、".join(sorted(this.methods.get(item(formula), []))),
                ]
        else:
            line = ([row["group"]] if with_change else []) + [
                row["label"],
                *texts,
                change(numbers, last.scope_of[part] == this.scope_of[part]) if row["change"] and last else "",
            ]
        written.append(line)
    return written


def item(formula: str) -> str:
    return formula.split(" / ")[0].removeprefix("满意度调查.").removesuffix("·得分")


def change(numbers: list[Decimal | None], is_same_scope: bool) -> str:
    before, now = numbers
    if before is None or now is None:
        return ""
    if not is_same_scope:
        return "不可比"
    if now == before:
        return "持平"
    return f"{trimmed(abs(now - before))}{'↑' if now > before else '↓'}"


def schools(year: Year) -> list[list[str]]:
    scope = year.scope_of["发展规模"]
    columns = ("教职工情况.专任教师数", "学生情况.全日制在校生数", "专业目录.行数")
    counts = pd.concat([year.column(name, scope).rename(name) for name in columns], axis=1)
    rows = []
    for school in year.roster.sort_values("序号").to_dict("records"):
        code = school["学校标识码"]
        own = year.schools.loc[code] if code in year.schools.index else {}
        texts = [text(own.get(f"学校概况.{name}")) for name in ("主管单位", "办学水平标志")]
        numbers = [text(counts[name].get(code)) for name in columns]
        of_roster = [school["学校性质"], school["学校隶属层级"]]
        remark = own.get("学校概况.备注")
        line = [str(school["序号"]), school["学校名称"], texts[0], *of_roster, texts[1], *numbers]
        rows.append([*line, "" if remark is None or pd.isna(remark) else remark])
    totals = [str(int(counts[name].sum())) if counts[name].notna().any() else "" for name in columns]
    return [*rows, [str(int(year.roster["序号"].max()) + 1), "合计", "", "", "", "", *totals, ""]]


def text(found: Any) -> str:
    if found is None or pd.isna(found):
        return "…"
    return str(int(found)) if isinstance(found, float) else str(found)


def awards(years: dict[int, Year], year: int, level: str) -> list[list[str]]:
    """Four years of awards, each as the latest list tells them."""
    lists = [frame.assign(told=told) for told, of in years.items() for frame in of.awards if len(frame)]
    together = pd.concat(lists) if lists else pd.DataFrame()
    rows = []
    for each in range(year - 3, year + 1):
        of_year = together[together["大赛年份"] == each] if len(together) else together
        if len(of_year):
            of_year = of_year[(of_year["told"] == of_year["told"].max()) & (of_year["大赛级别"] == level)]
            by_prize = [str(int(of_year.loc[of_year["奖项"] == prize, "奖项数"].sum())) for prize in PRIZES]
            rows.append([str(each), str(int(of_year["奖项数"].sum())), *by_prize])
        elif each in years:
            rows.append([str(each), *["…"] * 4])
    return rows


def main(inbox: Path, output: Path, year: int) -> None:
    accepted: dict[tuple[int, str], dict[str, Any]] = {}
    refused = []
    for path in sorted(inbox.glob("*.xlsx")):
        try:
            book = read(path)
            check(book)
        except RefusedError as error:
            refused.append((path.name, str(error)))
            continue
        key = book["year"], book["code"]
        if key not in accepted or accepted[key]["saved"] <= book["saved"]:
            accepted[key] = book
    years = {
        each: Year([book for (of, _), book in accepted.items() if of == each])
        for each in sorted({of for of, _ in accepted})
    }
    this, last = years[year], years.get(year - 1)
    rows = pd.read_csv(Path(__file__).with_name("pandas_rows.csv"), dtype=str, keep_default_na=False)
    tables = {"表1.2-1": schools(this), **{name: awards(years, year, level) for name, level in AWARDS.items()}}
    for name, of_table in rows.groupby("table", sort=False):
        annex = str(name).startswith("附表")
        tables[str(name)] = comparison(of_table, this, last, with_change=name == "表1.2-2", annex=annex)
    output.mkdir(parents=True, exist_ok=True)
    for name, lines in tables.items():
        headings = TITLES.get(name, "年份,获奖总数,一等奖,二等奖,三等奖" if name in AWARDS else ANNEX)
        scopes = {"scope": this.scope_of["就业质量"], "last_scope": last.scope_of["就业质量"] if last else "无数据"}
        columns = headings.format(year=year, last=year - 1, **scopes).split(",")
        pd.DataFrame(lines, columns=columns).to_csv(output / f"{name}.csv", index=False, encoding="utf-8-sig")
    pd.DataFrame(refused, columns=["文件", "问题"]).to_csv(output / "问题.csv", index=False, encoding="utf-8-sig")
    print(f"{len(accepted)} 份，退回 {len(refused)} 份")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
