"""An independent recomputation: figures from the cells of workbooks, held against what a release prints.

Nothing of nianbao is imported: only openpyxl and the standard library. Cells are found by the title of their sheet and
by their heading, the formulas are written down by hand from docs/reference/indicators.md, and which schools belong to
a scope is read off the roster's rows. It is run as a program of its own, with a plan on its standard input (a JSON
object, see `Plan`), and prints a JSON object: how many figures were compared, and each that differs.
"""

import csv
import json
import re
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import openpyxl

Row = dict[str, str]
Value = Fraction | None


@dataclass(frozen=True)
class Plan:
    """What to compare: a region's year in a release. Words that differ from province to province are told."""

    workbooks: str
    release: str
    year: int
    region: str
    is_root: bool
    bureaus: list[str]
    """Those of the region and of the regions in it."""
    chooser: str
    """The bureau whose choice of scopes holds in the region."""
    left_out: dict[str, dict[str, list[str]]]
    """Label of a scope → heading of the roster → the values that are left out."""
    scope_codes: dict[str, str]
    """Label of a scope → its code in the data."""
    levels: dict[str, str]
    affiliations: dict[str, str]
    programmes: dict[str, str]
    honours: dict[str, str]
    """Part of an indicator's code → the word that stands in the cell."""
    own_sums: dict[str, tuple[str, str, str]]
    """An indicator that only this province asks for → topic, sheet, item."""
    own_marks: dict[str, str]
    """Such an indicator → the heading under which a major says yes."""


@dataclass
class Book:
    """A workbook: forms as label → text, tables as rows of heading → text."""

    code: str
    year: int
    forms: dict[str, Row] = field(default_factory=dict)
    tables: dict[str, list[Row]] = field(default_factory=dict)


def read_book(path: Path) -> Book:
    opened = openpyxl.load_workbook(path, data_only=True)
    sheets = {sheet.title: [list(row) for row in sheet.iter_rows(values_only=True)] for sheet in opened.worksheets}
    cover = _form(sheets["封面"])
    book = Book(cover["单位标识码"], int(cover["报告年度"]))
    for title, grid in sheets.items():
        if title.startswith("_") or title == "填报进度":
            continue
        if any(row and row[0] == "序号" and row[1] == "项目" for row in grid):
            book.forms[title] = _form(grid)
        else:
            book.tables[title] = _table(grid)
    return book


def _text(cell: object) -> str:
    return "" if cell is None else str(cell).strip()


def _form(grid: list[list[object]]) -> Row:
    head = next(position for position, row in enumerate(grid) if row[0] == "序号")
    this_year = next(position for position, cell in enumerate(grid[head]) if _text(cell).startswith("本年"))
    return {_text(row[1]).removeprefix("其中："): _text(row[this_year]) for row in grid[head + 1 :] if _text(row[1])}


def _table(grid: list[list[object]]) -> list[Row]:
    status = next(position for position, row in enumerate(grid) if _text(row[0]) == "本表情况")
    head = status + 2
    names = [re.sub(r"（[^（）]*）$", "", _text(cell)) for cell in grid[head]]
    end = names.index("") if "" in names else len(names)
    rows = [dict(zip(names[:end], [_text(cell) for cell in row], strict=False)) for row in grid[head + 1 :]]
    return [row for row in rows if any(row.values())]


def number(text: str) -> Value:
    return Fraction(Decimal(text)) if text else None


def total(values: Iterable[Value]) -> Value:
    known = [value for value in values if value is not None]
    return sum(known, Fraction(0)) if known else None


# The indicators, chapter by chapter. A form's item: (sheet, item). `%` and the like: numerator, denominator, times.
SUMS: dict[str, dict[str, tuple[str, str]]] = {
    "scale": {
        "teachers_full_time": ("教职工情况", "专任教师数"),
        "students_full_time": ("学生情况", "全日制在校生数"),
        "students_formal": ("学生情况", "学历教育在校生数"),
        "intake_full_time": ("学生情况", "全日制招生数"),
    },
    "conditions": {
        "campus_area": ("办学条件", "校园占地面积"),
        "floor_area": ("办学条件", "校舍建筑面积"),
        "equipment_value": ("办学条件", "教学仪器设备值"),
        "paper_books": ("办学条件", "纸质图书"),
        "electronic_books": ("办学条件", "电子图书"),
        "workstations": ("办学条件", "校内实践教学工位数"),
        "internet_bandwidth": ("办学条件", "互联网出口带宽"),
        "enterprise_equipment_value": ("办学条件", "企业提供的校内实践教学设备值"),
        "practice_centres": ("办学条件", "与企业共建开放型区域产教融合实践中心数"),
    },
    "students": {
        "fitness_tested": ("学生发展", "参加国家学生体质健康标准测试人数"),
        "fitness_passed": ("学生发展", "学生体质测评合格人数"),
        "skill_certificates": ("学生发展", "职业技能等级证书获取数"),
    },
    "outcomes": {
        "graduates": ("毕业去向", "毕业生数"),
        "placed": ("毕业去向", "毕业去向落实人数"),
        "further_study": ("毕业去向", "升学人数"),
        "further_study_undergraduate": ("毕业去向", "升入本科人数"),
        "further_study_college": ("毕业去向", "升入专科人数"),
        "employed": ("毕业去向", "直接就业人数"),
        "employed_primary": ("毕业去向", "面向第一产业人数"),
        "employed_secondary": ("毕业去向", "面向第二产业人数"),
        "employed_tertiary": ("毕业去向", "面向第三产业人数"),
        "self_employed": ("毕业去向", "自主创业人数"),
        "stayed_local": ("毕业去向", "留在当地就业人数"),
        "placed_in_province": ("毕业去向", "本省去向落实人数"),
        "employed_west": ("毕业去向", "到西部和东北地区就业人数"),
        "employed_small": ("毕业去向", "到中小微企业等基层就业人数"),
        "employed_large": ("毕业去向", "到大型企业就业人数"),
    },
    "service": {
        "technical_service_income": ("社会服务", "横向技术服务到款额"),
        "technical_service_benefit": ("社会服务", "横向技术服务产生的经济效益"),
        "research_income": ("社会服务", "纵向科研经费到款额"),
        "technology_trade_income": ("社会服务", "技术产权交易收入"),
        "intellectual_property": ("社会服务", "知识产权项目数"),
        "granted_patents": ("社会服务", "专利授权数"),
        "invention_patents": ("社会服务", "发明专利授权数"),
        "transferred_patents": ("社会服务", "专利成果转化数"),
        "transfer_income": ("社会服务", "专利成果转化到款额"),
        "training_projects": ("社会服务", "非学历培训项目数"),
        "training_hours": ("社会服务", "非学历培训学时"),
        "public_training_hours": ("社会服务", "公益项目培训学时"),
        "training_income": ("社会服务", "非学历培训到账经费"),
        "community_activities": ("文化与公益活动", "科普与便民服务活动次数"),
        "community_beneficiaries": ("文化与公益活动", "活动受惠人次"),
        "community_leaflets": ("文化与公益活动", "发放资料份数"),
    },
    "international": {
        "foreign_student_majors": ("国际合作", "接收国外留学生专业数"),
        "foreign_students": ("国际合作", "接收国外留学生人数"),
        "visiting_foreign_teachers": ("国际合作", "接收国外访学教师人数"),
        "exported_major_standards": ("国际合作", "开发并被国外采用的专业教学标准数"),
        "exported_course_standards": ("国际合作", "开发并被国外采用的课程标准数"),
        "exported_equipment_standards": ("国际合作", "开发并被国外采用的装备标准数"),
        "schools_abroad": ("国际合作", "在国外开办学校数"),
        "majors_abroad": ("国际合作", "在国外开办学校的专业数"),
        "students_abroad": ("国际合作", "在国外开办学校的在校生数"),
        "joint_majors": ("国际合作", "中外合作办学专业数"),
        "joint_students": ("国际合作", "中外合作办学在校生数"),
        "teacher_days_abroad": ("国际合作", "专任教师赴国外指导和培训时间"),
        "teachers_in_foreign_bodies": ("国际合作", "在国外组织担任职务的专任教师数"),
        "foreign_contest_awards": ("国际合作", "国外技能大赛获奖数"),
    },
    "majors": {
        "departments": ("专业建设", "学部（系部）数"),
        "applied_majors": ("专业建设", "应用型专业数"),
    },
    "courses": {
        "quality_courses_national": ("数字化资源", "国家级在线精品课程数"),
        "quality_courses_provincial": ("数字化资源", "省级在线精品课程数"),
        "quality_courses_school": ("数字化资源", "校级在线精品课程数"),
        "quality_courses_on_platform": ("数字化资源", "接入国家智慧教育平台的在线精品课程数"),
        "smart_platforms": ("数字化资源", "校级智慧教育平台数"),
        "resource_libraries": ("数字化资源", "专业教学资源库数"),
        "resource_libraries_national": ("数字化资源", "国家级专业教学资源库数"),
        "resource_libraries_provincial": ("数字化资源", "省级专业教学资源库数"),
        "resource_libraries_school": ("数字化资源", "校级专业教学资源库数"),
        "resource_libraries_on_platform": ("数字化资源", "接入国家智慧教育平台的专业教学资源库数"),
        "virtual_bases": ("数字化资源", "虚拟仿真实训基地数"),
        "virtual_bases_national": ("数字化资源", "国家级虚拟仿真实训基地数"),
        "virtual_bases_provincial": ("数字化资源", "省级虚拟仿真实训基地数"),
        "virtual_bases_school": ("数字化资源", "校级虚拟仿真实训基地数"),
    },
    "teachers": {
        "staff_total": ("教职工情况", "教职工总数"),
        "staff_quota": ("教职工情况", "教职工额定编制数"),
        "teachers_professional": ("教职工情况", "专业课教师数"),
        "teachers_double_qualified": ("教职工情况", "双师型教师数"),
        "teachers_senior": ("教职工情况", "高级讲师数"),
        "teachers_lecturer": ("教职工情况", "讲师数"),
        "teachers_assistant": ("教职工情况", "助理讲师数"),
        "teachers_ideology": ("教职工情况", "思政课专任教师数"),
        "teachers_sports": ("教职工情况", "体育课专任教师数"),
        "teachers_arts": ("教职工情况", "美育课专任教师数"),
        "form_teachers": ("教职工情况", "班主任人数"),
        "trained_total": ("教师培训", "参加过校级以上培训的专任教师数"),
        "trained_national": ("教师培训", "参加国家级培训的专任教师数"),
        "trained_provincial": ("教师培训", "参加省级培训的专任教师数"),
        "trained_municipal": ("教师培训", "参加市级培训的专任教师数"),
        "trained_county": ("教师培训", "参加县级培训的专任教师数"),
        "trained_school": ("教师培训", "参加校级培训的专任教师数"),
        "industry_mentors": ("教职工情况", "聘请行业导师人数"),
        "master_mentors": ("教职工情况", "大国工匠和劳动模范人数"),
        "mentor_hours": ("教职工情况", "行业导师年课时总量"),
        "mentor_pay": ("教职工情况", "年支付行业导师课酬"),
    },
    "cooperation": {
        "co_developed_textbooks": ("校企合作", "校企共同开发教材数"),
        "internship_students": ("实习情况", "到企业见习和岗位实习学生数"),
        "internship_funds": ("实习情况", "年实习专项经费"),
        "internship_insurance": ("实习情况", "年实习责任保险经费"),
    },
    "aid_and_funds": {"special_funds": ("经费情况", "年财政专项拨款")},
}
LARGEST: dict[str, dict[str, tuple[str, str]]] = {
    "conditions": {"backbone_bandwidth": ("办学条件", "校园网主干最大带宽")},
}
FULL_TIME, FORMAL = ("学生情况", "全日制在校生数"), ("学生情况", "学历教育在校生数")
TEACHERS, GRADUATES = ("教职工情况", "专任教师数"), ("毕业去向", "毕业生数")
EMPLOYED, STUDY = ("毕业去向", "直接就业人数"), ("毕业去向", "升学人数")
RATIOS: dict[str, dict[str, tuple[list[tuple[str, str]], tuple[str, str], int]]] = {
    "conditions": {
        "campus_area_per_student": ([("办学条件", "校园占地面积")], FORMAL, 1),
        "floor_area_per_student": ([("办学条件", "校舍建筑面积")], FORMAL, 1),
        "equipment_value_per_student": ([("办学条件", "教学仪器设备值")], FORMAL, 10000),
        "books_per_student": ([("办学条件", "纸质图书"), ("办学条件", "电子图书")], FORMAL, 1),
        "paper_books_per_student": ([("办学条件", "纸质图书")], FORMAL, 1),
        "workstations_per_student": ([("办学条件", "校内实践教学工位数")], FORMAL, 1),
    },
    "students": {
        "fitness_pass_rate": (
            [("学生发展", "学生体质测评合格人数")],
            ("学生发展", "参加国家学生体质健康标准测试人数"),
            100,
        )
    },
    "outcomes": {
        "placement_rate": ([("毕业去向", "毕业去向落实人数")], GRADUATES, 100),
        "further_study_rate": ([STUDY], GRADUATES, 100),
        "employment_rate": ([EMPLOYED], GRADUATES, 100),
        "further_study_undergraduate_share": ([("毕业去向", "升入本科人数")], STUDY, 100),
        "further_study_college_share": ([("毕业去向", "升入专科人数")], STUDY, 100),
        "employed_primary_share": ([("毕业去向", "面向第一产业人数")], EMPLOYED, 100),
        "employed_secondary_share": ([("毕业去向", "面向第二产业人数")], EMPLOYED, 100),
        "employed_tertiary_share": ([("毕业去向", "面向第三产业人数")], EMPLOYED, 100),
        "self_employment_rate": ([("毕业去向", "自主创业人数")], EMPLOYED, 100),
        "placement_rate_in_province": ([("毕业去向", "本省去向落实人数")], GRADUATES, 100),
        "promotion_rate": ([("毕业去向", "毕业三年晋升人数")], ("毕业去向", "毕业三年调查人数"), 100),
    },
    "courses": {
        "digital_coverage": (
            [("数字化资源", "实现数字信息化覆盖的教学场所数")],
            ("数字化资源", "教学场所数"),
            100,
        )
    },
    "teachers": {
        "students_per_teacher": ([FORMAL], TEACHERS, 1),
        "double_qualified_share": ([("教职工情况", "双师型教师数")], TEACHERS, 100),
        "double_qualified_share_of_professional": (
            [("教职工情况", "双师型教师数")],
            ("教职工情况", "专业课教师数"),
            100,
        ),
        "senior_share": ([("教职工情况", "高级讲师数")], TEACHERS, 100),
    },
    "aid_and_funds": {
        "funds_per_student": ([("经费情况", "按生均口径核算的财政拨款")], ("经费情况", "核算生均拨款的学生数"), 10000)
    },
}
OF_BUREAUS: dict[str, dict[str, tuple[str, str]]] = {
    "scale": {
        "vocational_centres": ("项目与平台", "职教中心数"),
        "senior_high_schools": ("普通高中", "普通高中学校数"),
        "senior_high_students": ("普通高中", "普通高中在校生数"),
        "senior_high_intake": ("普通高中", "普通高中招生数"),
        "household_students": ("户籍地送生", "户籍地送中职全日制学生数"),
    },
    "contests": {
        "contest_zones": ("技能大赛", "赛区数"),
        "contest_events": ("技能大赛", "赛项数"),
        "contest_students": ("技能大赛", "参赛学生数"),
    },
    "aid_and_funds": {"capacity_funds": ("项目与平台", "基础能力建设项目投入资金")},
}
OF_ITS_OWN_BUREAU: dict[str, dict[str, tuple[str, str]]] = {
    "contests": {
        "contest_edition": ("技能大赛", "大赛届次"),
        "contest_categories": ("技能大赛", "专业类数"),
    },
    "cooperation": {"group_members": ("项目与平台", "职业教育集团成员单位数")},
}
"""What does not add up: the region's own bureau says it."""
SATISFACTION = {
    "students": "在校生满意度",
    "classroom": "课堂育人满意度",
    "outside_classroom": "课外育人满意度",
    "ideology": "思想政治课教学满意度",
    "general_courses": "公共基础课（不含思想政治课）教学满意度",
    "professional_courses": "专业课教学满意度",
    "graduates": "毕业生满意度",
    "recent_graduates": "应届毕业生满意度",
    "graduates_of_three_years": "毕业三年内毕业生满意度",
    "staff": "教职工满意度",
    "employers": "用人单位满意度",
    "parents": "家长满意度",
}
COURSES = {
    "planned": "教学计划内课程",
    "certificate": "其中：课证融通课程",
    "online": "其中：网络教学课程",
    "quality": "在线精品课程",
}
PRIZES = {"first": "一等奖", "second": "二等奖", "third": "三等奖"}
TOPICS = {
    "scale": "发展规模",
    "conditions": "办学条件",
    "students": "学生发展",
    "satisfaction": "满意度",
    "outcomes": "就业质量",
    "contests": "技能大赛",
    "majors": "专业建设",
    "courses": "课程与教材",
    "teachers": "师资队伍",
    "cooperation": "产教融合",
    "aid_and_funds": "资助与经费",
    "service": "服务贡献",
    "international": "国际合作",
}


class Recomputation:
    """The figures of a region's year."""

    def __init__(self, plan: Plan) -> None:
        books = [read_book(path) for path in sorted(Path(plan.workbooks).glob("*.xlsx"))]
        self.plan = plan
        self.books = {book.code: book for book in books if book.year == plan.year}
        self.bureaus = [self.books[code] for code in plan.bureaus]
        self.roster = [row for bureau in self.bureaus for row in bureau.tables["学校名册"]]
        chosen = self.books[plan.chooser].tables["统计口径"]
        self.scopes = {row["报告部分"]: row["统计口径"] for row in chosen}

    def members(self, topic: str) -> list[Row]:
        """The rows of the roster that belong to the topic's scope."""
        left_out = self.plan.left_out[self.scopes[TOPICS[topic]]]
        return [row for row in self.roster if not any(row[head] in words for head, words in left_out.items())]

    def schools(self, topic: str) -> list[Book]:
        return [self.books[row["学校标识码"]] for row in self.members(topic)]

    def rows(self, topic: str, sheet: str) -> list[Row]:
        return [row for school in self.schools(topic) for row in school.tables[sheet]]

    def figures(self, topic: str) -> dict[str, Value]:
        """Indicator → exact value."""
        schools = self.schools(topic)
        found: dict[str, Value] = {}
        for code, place in SUMS.get(topic, {}).items():
            found[code] = total(item(school, place) for school in schools)
        for code, (of_topic, sheet, label) in self.plan.own_sums.items():
            if of_topic == topic:
                found[code] = total(item(school, (sheet, label)) for school in schools)
        for code, place in LARGEST.get(topic, {}).items():
            found[code] = max(value for school in schools if (value := item(school, place)) is not None)
        for code, (over, under, times) in RATIOS.get(topic, {}).items():
            found[code] = ratio([([item(s, place) for place in over], item(s, under)) for s in schools], times)
        for code, place in OF_BUREAUS.get(topic, {}).items():
            found[code] = total(item(bureau, place) for bureau in self.bureaus)
        for code, place in OF_ITS_OWN_BUREAU.get(topic, {}).items():
            found[code] = item(self.books[self.plan.chooser], place)
        of_records: dict[str, Callable[[], dict[str, Value]]] = {
            "scale": self.scale,
            "satisfaction": self.satisfaction,
            "outcomes": self.outcomes,
            "contests": self.contests,
            "majors": self.majors,
            "courses": self.courses,
            "cooperation": self.cooperation,
            "aid_and_funds": self.aid,
        }
        return found | (of_records[topic]() if topic in of_records else {})

    def scale(self) -> dict[str, Value]:
        members = self.members("scale")
        sums = {code: total(item(s, SUMS["scale"][code]) for s in self.schools("scale")) for code in SUMS["scale"]}
        high, intake, household = (
            total(item(bureau, OF_BUREAUS["scale"][code]) for bureau in self.bureaus)
            for code in ("senior_high_students", "senior_high_intake", "household_students")
        )
        plans = {
            row["学校标识码"]: number(row["下达招生计划数"]) for b in self.bureaus for row in b.tables["招生计划与编制"]
        }
        pairs = [
            ([item(self.books[row["学校标识码"]], SUMS["scale"]["intake_full_time"])], plans.get(row["学校标识码"]))
            for row in members
        ]
        rates = [(row, ratio([pair], 100)) for row, pair in zip(members, pairs, strict=True)]
        codes = {row["学校标识码"] for row in members}
        listed = [row for b in self.bureaus for row in b.tables["办学水平认定"] if row["学校标识码"] in codes]
        majors = [row for row in self.rows("scale", "专业目录") if row["专业状态"] != "撤销"]
        return {
            "schools": Fraction(len(members)),
            "schools_technician": count(row["学校类别"] == "技工学校" for row in members),
            "schools_public": count(row["学校性质"] == "公办" for row in members),
            "schools_private": count(row["学校性质"] == "民办" for row in members),
            **{
                f"schools_{part}": count(row["学校隶属层级"] == word for row in members)
                for part, word in self.plan.affiliations.items()
            },
            **{
                f"schools_{part}": count(row["认定项目"] == word for row in listed)
                for part, word in self.plan.honours.items()
            },
            "majors": Fraction(len(majors)),
            "upper_secondary_students": total([high, sums["students_full_time"]]),
            "students_ratio": high / sums["students_full_time"] if high and sums["students_full_time"] else None,
            "enrolment_ratio": intake / household if intake and household else None,
            "enrolment_completion_rate": ratio(pairs, 100),
            "private_schools_below_plan": count(
                rate is not None and rate < 90 for row, rate in rates if row["学校性质"] == "民办"
            ),
        }

    def satisfaction(self) -> dict[str, Value]:
        """Means weighted by those who were asked."""
        found: dict[str, Value] = {}
        for code, label in SATISFACTION.items():
            rows = [row for row in self.rows("satisfaction", "满意度调查") if row["调查项目"] == label]
            known = [(number(row["满意度"]), number(row["调查人次"])) for row in rows if row["满意度"]]
            asked = sum((weight for _, weight in known if weight), Fraction(0))
            points = sum((score * weight for score, weight in known if score is not None and weight), Fraction(0))
            found[f"satisfaction_{code}"] = points / asked if asked else None
        return found

    def outcomes(self) -> dict[str, Value]:
        income, asked = ("毕业去向", "毕业生平均月收入"), ("毕业去向", "月收入调查人数")
        pairs = [(item(school, income), item(school, asked)) for school in self.schools("outcomes")]
        known = [(mean, heads) for mean, heads in pairs if mean is not None and heads]
        heads = sum((weight for _, weight in known), Fraction(0))
        return {"mean_monthly_income": sum((m * w for m, w in known), Fraction(0)) / heads if heads else None}

    def contests(self) -> dict[str, Value]:
        found: dict[str, Value] = {}
        entries, awards = self.rows("contests", "技能大赛参赛"), self.rows("contests", "技能大赛获奖")
        official = [row for bureau in self.bureaus for row in bureau.tables["官方获奖名单汇总"]]
        for level in ("regional", "national"):
            word = self.plan.levels[level]
            at_level = [row for row in entries if row["大赛级别"] == word]
            found[f"entered_events_{level}"] = total(number(row["参赛项目数"]) for row in at_level)
            found[f"entered_students_{level}"] = total(number(row["参赛学生数"]) for row in at_level)
            won = [row for row in official if row["大赛级别"] == word and row["大赛年份"] == str(self.plan.year)]
            found[f"official_awards_{level}"] = total(number(row["奖项数"]) for row in won)
            for prize, name in PRIZES.items():
                found[f"official_awards_{level}_{prize}"] = total(
                    number(row["奖项数"]) for row in won if row["奖项"] == name
                )
        mine = [row for row in awards if row["大赛级别"] == self.plan.levels["regional"]]
        found["winners_regional"] = total(map(winners, mine))
        for prize, name in PRIZES.items():
            of_prize = [row for row in mine if row["奖项"] == name]
            found[f"winners_regional_{prize}"] = total(map(winners, of_prize)) or Fraction(0)
            found[f"individual_awards_regional_{prize}"] = count(row["参赛形式"] == "个人" for row in of_prize)
            found[f"school_awards_national_{prize}"] = count(
                row["奖项"] == name and row["大赛级别"] == self.plan.levels["national"] for row in awards
            )
        at_regional = [row for row in entries if row["大赛级别"] == self.plan.levels["regional"]]
        at_national = [row for row in entries if row["大赛级别"] == self.plan.levels["national"]]
        found["entered_teams_regional"] = total(number(row["参赛队伍数"]) for row in at_regional)
        found["entered_teachers_national"] = total(number(row["参赛教师数"]) for row in at_national)
        industry = [row for row in awards if row["大赛级别"] == "行业"]
        found["winning_students_industry"] = total(number(row["获奖学生数"]) for row in industry)
        return found

    def majors(self) -> dict[str, Value]:
        rows = self.rows("majors", "专业目录")
        offered = [row for row in rows if row["专业状态"] != "撤销"]
        clusters = self.rows("majors", "专业群")
        trial = [row for row in offered if row["是否现代学徒制试点"] == "是"]
        new = [row for row in rows if row["专业状态"] == "新增"]
        return {
            "majors_new": Fraction(len(new)),
            "majors_withdrawn": count(row["专业状态"] == "撤销" for row in rows),
            "majors_state_controlled": count(row["是否国控专业"] == "是" for row in offered),
            "majors_demonstration": count(marked(row, "示范专业") for row in offered),
            **{code: count(row[head] == "是" for row in offered) for code, head in self.plan.own_marks.items()},
            "majors_agricultural": count(row["是否涉农专业"] == "是" for row in offered),
            "major_clusters": Fraction(len(clusters)),
            "major_clusters_aligned": count(row["是否主干专业群"] == "是" for row in clusters),
            "new_major_intake": total(number(row["招生数"]) for row in new),
            "majors_apprenticeship": Fraction(len(trial)),
            "apprentices": total(number(row["学徒制学生数"]) for row in trial),
        }

    def courses(self) -> dict[str, Value]:
        rows, books = self.rows("courses", "课程情况"), self.rows("courses", "编写教材")
        found: dict[str, Value] = {}
        for code, label in COURSES.items():
            of_kind = [row for row in rows if row["课程类别"] == label]
            found[f"courses_{code}"] = total(number(row["课程数"]) for row in of_kind)
            found[f"course_hours_{code}"] = total(number(row["学时数"]) for row in of_kind)
        learners = total(item(school, ("数字化资源", "在线精品课程学习学生数")) for school in self.schools("courses"))
        quality = found["courses_quality"]
        return found | {
            "students_per_quality_course": learners / quality if learners is not None and quality else None,
            "textbooks": Fraction(len(books)),
            "textbooks_cooperative": count(row["是否校企合作编写"] == "是" for row in books),
            "textbooks_national_planned": count(row["是否国家规划教材"] == "是" for row in books),
            "textbooks_new_form": count(row["是否新形态教材"] == "是" for row in books),
            "textbooks_on_platform": count(row["是否接入国家智慧教育平台"] == "是" for row in books),
        }

    def cooperation(self) -> dict[str, Value]:
        rows = self.rows("cooperation", "合作企业")
        return {
            "partner_enterprises": Fraction(len({row["统一社会信用代码"] or row["企业名称"] for row in rows})),
            "shared_bases": total(number(row["共建培训基地数"]) for row in rows),
        }

    def aid(self) -> dict[str, Value]:
        rows = self.rows("aid_and_funds", "学生资助")
        found: dict[str, Value] = {}
        for code, label in self.plan.programmes.items():
            of_programme = [row for row in rows if row["资助项目"] == label]
            found[f"aid_{code}_recipients"] = total(number(row["资助人次"]) for row in of_programme)
            found[f"aid_{code}_amount"] = total(number(row["资助金额"]) for row in of_programme)
        return found


def item(book: Book, place: tuple[str, str]) -> Value:
    """A form's item; sheet and item may begin with a word that differs from place to place (本省去向落实人数)."""
    sheet, label = place
    form = _ending(book.forms, sheet)
    return number(_ending(form, label))


def _ending(named: dict[str, Any], ending: str) -> Any:
    """What has this name, or the only one whose name ends so."""
    if ending in named:
        return named[ending]
    found = [each for name, each in named.items() if name.endswith(ending)]
    assert len(found) == 1, f"{ending} is not one of {list(named)}"
    return found[0]


def ratio(pairs: Iterable[tuple[list[Value], Value]], times: int) -> Value:
    """The ratio of sums, over the schools that have told both."""
    known = [
        (sum((part for part in over if part is not None), Fraction(0)), under)
        for over, under in pairs
        if None not in over and under is not None
    ]
    below = sum((under for _, under in known), Fraction(0))
    return sum((over for over, _ in known), Fraction(0)) / below * times if below else None


def count(holds: Iterable[bool]) -> Value:
    return Fraction(sum(holds))


def marked(row: Row, ending: str) -> bool:
    return any(cell == "是" for head, cell in row.items() if head.startswith("是否") and head.endswith(ending))


def winners(row: Row) -> Value:
    return total([number(row["获奖学生数"]), number(row["获奖教师数"])])


def printed(value: Fraction, decimals: int) -> str:
    """Half up, with so many decimals."""
    whole = (abs(value) * 10**decimals + Fraction(1, 2)).__floor__()
    return f"{Decimal(-whole if value < 0 else whole).scaleb(-decimals):f}"


def shortest(text: str) -> str:
    """Without zeros that say nothing."""
    return text.rstrip("0").rstrip(".") if "." in text else text


TO_ONE = ("students_ratio", "enrolment_ratio", "students_per_teacher")
RATES = {code for topic in RATIOS.values() for code in topic} | {"mean_monthly_income", "enrolment_completion_rate"}


def displayed(code: str, value: Value) -> str:
    """As a table prints it: a rate with two decimals, a sum without zeros that say nothing."""
    if value is None:
        return ""
    if code in TO_ONE:
        return f"{printed(value, 2)}:1"
    if code in RATES or code.startswith("satisfaction_") or code == "students_per_quality_course":
        return printed(value, 2)
    return shortest(printed(value, 2))


@dataclass
class Comparison:
    """What has been compared, and what differs."""

    figures: set[str] = field(default_factory=set)
    non_zero: set[str] = field(default_factory=set)
    checks: int = 0
    differences: list[str] = field(default_factory=list)

    def hold(self, place: str, code: str, mine: str, theirs: str) -> None:
        self.figures.add(code)
        self.checks += 1
        if mine.strip("0.:1") or mine in ("1", "10", "11", "100"):
            self.non_zero.add(code)
        if mine != theirs:
            self.differences.append(f"{place} {code}: {mine!r} 按单元格，{theirs!r} 按报告")


TABLES = ("table_1_2_2", "table_2_4", *(f"annex_{n}" for n in range(1, 7)))


def compare(plan: Plan) -> Comparison:
    """Holds every figure against marts, tables, and the tables of the Word file."""
    recomputation, comparison = Recomputation(plan), Comparison()
    data = Path(plan.release) / "data"
    mine = {code: (topic, value) for topic in TOPICS for code, value in recomputation.figures(topic).items()}
    shown = {code: displayed(code, value) for code, (_, value) in mine.items()}
    _compare_marts(recomputation, mine, data, comparison)
    for table in TABLES:
        for row in _lines(data / f"report.{table}.csv", plan):
            if row["indicator_code"] in shown:
                comparison.hold(table, row["indicator_code"], shown[row["indicator_code"]], row["current_display"])
    _compare_schools(recomputation, data, comparison)
    _compare_awards(recomputation, data, comparison)
    if plan.is_root:
        _compare_document(recomputation, shown, data, comparison)
    return comparison


def _lines(path: Path, plan: Plan) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            if row["report_year"] == str(plan.year) and row["region_code"] == plan.region:
                yield row


def _compare_marts(
    recomputation: Recomputation, mine: dict[str, tuple[str, Value]], data: Path, comparison: Comparison
) -> None:
    """The exact value in the topic's mart, to the twelfth decimal, cut off."""
    for topic, label in TOPICS.items():
        scope = recomputation.plan.scope_codes[recomputation.scopes[label]]
        values = {
            row["indicator_code"]: row["value"]
            for row in _lines(data / f"marts.{topic}.csv", recomputation.plan)
            if row["subject_kind"] == "region" and row["scope_code"] == scope
        }
        for code, (of_topic, value) in mine.items():
            if of_topic == topic:
                cut = "" if value is None else shortest(f"{Decimal((value * 10**12).__floor__()).scaleb(-12):f}")
                comparison.hold(f"marts.{topic}", code, cut, shortest(values[code]))


def _compare_schools(recomputation: Recomputation, data: Path, comparison: Comparison) -> None:
    """Table 1.2-1: the schools in the roster's order, and their total."""
    members = recomputation.members("scale")
    rows = list(_lines(data / "report.table_1_2_1.csv", recomputation.plan))
    by_name = {row["school_name"]: row for row in rows if row["is_total"] != "true"}
    comparison.hold("table_1_2_1", "schools", str(len(members)), str(len(by_name)))
    sums: dict[str, Value] = {}
    for member in members:
        school = recomputation.books[member["学校标识码"]]
        majors = count(row["专业状态"] != "撤销" for row in school.tables["专业目录"])
        values = {
            **{c: item(school, SUMS["scale"][c]) for c in ("teachers_full_time", "students_full_time")},
            "majors": majors,
        }
        row = by_name[member["学校名称"]]
        for code, value in values.items():
            comparison.hold("table_1_2_1", f"{school.code} {code}", displayed(code, value), row[code])
            sums[code] = total([sums.get(code), value])
        for head, column in (("学校性质", "ownership"), ("学校隶属层级", "affiliation")):
            comparison.hold("table_1_2_1", f"{school.code} {column}", member[head], row[column])
    (last,) = (row for row in rows if row["is_total"] == "true")
    for code, value in sums.items():
        comparison.hold("table_1_2_1", f"合计 {code}", displayed(code, value), last[code])


def _compare_awards(recomputation: Recomputation, data: Path, comparison: Comparison) -> None:
    """Tables 2.6: four years of the official lists, as the year's own workbook has them."""
    official = [row for bureau in recomputation.bureaus for row in bureau.tables["官方获奖名单汇总"]]
    for table, level in (("table_2_6_1", "regional"), ("table_2_6_2", "national")):
        for line in _lines(data / f"report.{table}.csv", recomputation.plan):
            rows = [
                row
                for row in official
                if row["大赛年份"] == line["year"] and row["大赛级别"] == recomputation.plan.levels[level]
            ]
            for ending, prizes in (
                ("", set(PRIZES.values())),
                *((f"_{code}", {name}) for code, name in PRIZES.items()),
            ):
                code = f"official_awards_{level}{ending}"
                value = total(number(row["奖项数"]) for row in rows if row["奖项"] in prizes)
                comparison.hold(table, f"{line['year']} {code}", displayed(code, value), line[code])


def _compare_document(recomputation: Recomputation, shown: dict[str, str], data: Path, comparison: Comparison) -> None:
    """The Word file: every row of a printed table stands in one of its tables, with its figure."""
    (path,) = Path(recomputation.plan.release).glob("*.docx")
    rows = [cells for table in document_tables(path) for cells in table]
    for table in TABLES:
        for line in _lines(data / f"report.{table}.csv", recomputation.plan):
            code = line["indicator_code"]
            if code in shown:
                label = line["item_label"] or line["group_label"]
                stands = any(label in cells and shown[code] in cells for cells in rows)
                comparison.hold(f"{path.name} {table}", code, "有", "有" if stands else f"没有 {shown[code]}")


WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def document_tables(path: Path) -> list[list[list[str]]]:
    """The texts of a Word file's tables: table, row, cell."""
    with zipfile.ZipFile(path) as parts:
        root = ElementTree.fromstring(parts.read("word/document.xml"))
    return [
        [
            ["".join(text.text or "" for text in cell.iter(f"{WORD}t")) for cell in row.iter(f"{WORD}tc")]
            for row in table.iter(f"{WORD}tr")
        ]
        for table in root.iter(f"{WORD}tbl")
    ]


if __name__ == "__main__":
    outcome = compare(Plan(**json.load(sys.stdin)))
    json.dump(
        {
            "figures": len(outcome.figures),
            "non_zero": len(outcome.non_zero),
            "checks": outcome.checks,
            "differences": outcome.differences,
        },
        sys.stdout,
        ensure_ascii=False,
    )
