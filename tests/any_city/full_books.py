"""Workbooks with something in every sheet: what the schools and bureaus of a made-up installation send in a year.

A number is drawn from its name, so that it is the same in every run and moves a little from year to year; where rules
ask for it, parts add up to their whole. A record table has several records, among them the rare ones (a withdrawn
major, a paused one, an enterprise that several schools name). Columns that nobody thought of here are drawn too.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_DOWN, Decimal
from random import Random

from sources.audit.check_characters import credit_check_character
from sources.declarations.city import City, codelists_of
from sources.declarations.contract import Column, Contract, contracts_for
from sources.declarations.pack import load_head
from sources.write.sheet_values import Record, SheetValues

Number = int | Decimal
Books = Mapping[str, SheetValues]
MAJORS = {
    "汽车运用与维修": "700206",
    "护理": "720201",
    "电子商务": "730701",
    "机电技术应用": "660301",
    "旅游服务与管理": "740101",
    "幼儿保育": "770101",
    "作物生产技术": "610102",
    "会计事务": "730301",
}
"""Name → code of the catalogue."""
EVENTS = ("护理技能", "汽车维修", "短视频制作", "数控综合应用", "酒店服务", "会计实务", "植物栽培", "美发造型")
ENTERPRISES = ("远帆制造", "长风物流", "禾田农业", "云栈软件", "安康医疗", "海棠酒店", "新桥商贸", "中泽汽车")
FEW = {
    "vocational_centres": (1, 4), "contest_zones": (2, 6), "contest_categories": (6, 12), "contest_events": (20, 40),
    "contest_students": (200, 600), "smart_platforms": (1, 3), "practice_centres": (1, 3), "departments": (3, 8),
    "applied_majors": (2, 9), "co_developed_textbooks": (1, 9), "community_activities": (8, 40),
    "community_beneficiaries": (500, 4000), "community_leaflets": (800, 6000), "training_projects": (4, 20),
    "transferred_patents": (1, 6), "quality_courses_on_platform": (1, 4), "resource_libraries_on_platform": (1, 3),
}  # fmt: skip
"""How many there are in an ordinary school or city, where a number of no other size would be believed."""


@dataclass(frozen=True)
class Seat:
    """A school as its bureau's roster has it; `size` is how many students it has, more or less."""

    category: str
    ownership: str
    affiliation: str
    size: int
    graduating_from: int = 0
    """The first year in which anybody graduates."""


SMALL_THINGS = {
    "joint_courses": 2,
    "joint_textbooks": 1,
    "order_students": 10,
    "partner_apprentices": 8,
    "employees_trained": 20,
}
"""What enterprise and school do together, and the least of it."""


@dataclass(frozen=True)
class Draw:
    """Draws the numbers of one respondent's year, each by its name."""

    who: str
    year: int

    def whole(self, name: str, low: int, high: int) -> int:
        """A number that lies between the two in an ordinary year, and is up to 8% off it in this one."""
        base = Random(f"{self.who} {name}").randint(low, high)
        return round(base * Random(f"{self.who} {name} {self.year}").uniform(0.92, 1.08))

    def money(self, name: str, low: int, high: int) -> Decimal:
        return Decimal(self.whole(name, low * 100, high * 100)) / 100

    def part(self, name: str, whole: int, percent: int) -> int:
        """About so many percent of a whole, and never more than it."""
        return min(whole, max(1 if whole else 0, self.whole(name, percent * 9, percent * 11) * whole // 1000))

    def pick(self, name: str, among: Sequence[str], count: int) -> list[str]:
        return Random(f"{self.who} {name}").sample(among, count)


def school_books(city: City, code: str, seat: Seat, year: int) -> Books:
    """Every sheet of a school's workbook."""
    draw = Draw(code, year)
    forms = _people(draw, seat, year) | _things(draw, seat.size)
    full = forms["students"]["students_full_time"]
    tables = {
        "majors": _majors(draw, int(forms["students"]["intake_full_time"])),
        "major_clusters": [{"cluster_name": f"{name}专业群", "is_aligned": "yes"} for name in tuple(MAJORS)[:3]],
        "satisfaction": _satisfaction(draw, city, forms, year),
        "contest_awards": _awards(draw, _codes(city, year, "contest_level")),
        "contest_entries": _entries(draw, _codes(city, year, "entry_levels")),
        "courses": _courses(draw, _codes(city, year, "course_kinds"), forms["digital"]),
        "textbooks": _textbooks(draw),
        "partners": _partners(draw, forms),
        "aid": _aid(draw, city, _codes(city, year, "aid_programmes"), int(full)),
    }
    forms["profile"] = {"authority": f"{city.name}教育局", "honours": "无", "enrolment_status": "enrolling"}
    return dict(_filled(contracts_for(city.pack, "school", year), draw, forms, tables))


def bureau_books(
    city: City,
    code: str,
    seats: Mapping[str, Seat],
    year: int,
    scopes: Mapping[str, str],
    of_schools: Mapping[str, Books],
) -> Books:
    """Every sheet of a bureau's workbook; `seats` and `of_schools` are those of its roster, in its order.

    What the bureau sums up is what its schools have sent; `scopes` names a topic's scope where it is not the first.
    """
    draw = Draw(code, year)
    names = {respondent.code: respondent.name for respondent in city.respondents}
    students = {school: of_schools[school]["students"].records[0] for school in seats}
    honours = _codes(city, year, "honours")
    tables: dict[str, list[Record]] = {
        "roster": [
            {
                "school_code": school,
                "school_name": names[school],
                "sequence": position,
                "category": seat.category,
                "ownership": seat.ownership,
                "affiliation": seat.affiliation,
            }
            for position, (school, seat) in enumerate(seats.items(), 1)
        ],
        "scope_choice": [
            {"topic": topic, "scope": scopes.get(topic, city.scopes[0].code)} for topic in _codes(city, year, "topics")
        ],
        "honours_list": [
            {"school_code": school, "honour": honour}
            for position, school in enumerate(seats)
            for honour in {honours[position % len(honours)], honours[-1 - position % 2]}
        ],
        "approvals": [
            {
                "school_code": school,
                "planned_intake": int(of["intake_full_time"]) * (8 if position % 3 else 12) // 10 + 1,
                "approved_quota": of_schools[school]["staff"].records[0]["staff_quota"],
            }
            for position, (school, of) in enumerate(students.items())
        ],
        "award_list": _official_awards(draw, city, year, [of_schools[school] for school in seats]),
        "aid_totals": _aid_totals([of_schools[school] for school in seats]),
    }
    funds = [of_schools[school]["funds"].records[0]["special_funds"] for school in seats]
    high = draw.whole("senior_high_students", 8000, 30000)
    forms: dict[str, dict[str, Number | str]] = {
        "senior_high": {
            "senior_high_schools": draw.whole("senior_high_schools", 8, 20),
            "senior_high_students": high,
            "senior_high_intake": draw.part("senior_high_intake", high, 34),
        },
        "household_students": {"household_students": draw.whole("household", 1500, 5000)},
        "fund_totals": {"special_funds_total": sum(funds, Decimal(0))},
        "city_contest": {"contest_edition": year - 2012},
    }
    return dict(_filled(contracts_for(city.pack, "bureau", year), draw, forms, tables))


def _filled(
    contracts: Sequence[Contract],
    draw: Draw,
    forms: Mapping[str, Mapping[str, Number | str | None]],
    tables: Mapping[str, Sequence[Record]],
) -> Iterator[tuple[str, SheetValues]]:
    """Each sheet with its records; columns that are not thought of are drawn, those that are gone are left out."""
    for contract in contracts:
        if contract.name == "cover":
            signed = {"filled_by": "填报人甲", "reviewed_by": "审核人乙", "filled_on": date(draw.year, 11, 20)}
            yield contract.name, SheetValues(records=[signed])
            continue
        if contract.is_optional and contract.name not in tables:
            continue
        records = [forms.get(contract.name, {})] if contract.shape == "form" else tables[contract.name]
        columns = contract.columns_in(draw.year)
        full = [
            {c.name: record[c.name] if c.name in record else _unthought(draw, contract, c, at) for c in columns}
            for at, record in enumerate(records)
        ]
        yield contract.name, SheetValues(records=full)


def _unthought(draw: Draw, contract: Contract, column: Column, position: int) -> Number | str | None:
    if column.type == "integer" and contract.shape == "form":
        return draw.whole(column.name, *FEW.get(column.name, (1, 9) if contract.name == "international" else (3, 60)))
    if column.type == "decimal" and contract.shape == "form":
        return round(draw.money(column.name, 3, 60), column.decimals or 0)
    return "yes" if column.codelist == "yes_no" and position % 3 == 1 else None


def _codes(city: City, year: int, name: str) -> list[str]:
    return [code.code for code in codelists_of(city, year)[name].codes]


def _people(draw: Draw, seat: Seat, year: int) -> dict[str, dict[str, Number | str | None]]:
    """Students, teachers and graduates: the sheets whose numbers are parts of one another."""
    full = draw.whole("students", seat.size * 9 // 10, seat.size * 11 // 10)
    formal = full + draw.whole("part_time", 10, 90)
    male = draw.part("male", full, 55)
    staff = draw.whole("staff", seat.size // 13 + 12, seat.size // 11 + 12)
    teachers = draw.part("teachers", staff, 82)
    mentors = draw.whole("mentors", 10, 40)
    trained = draw.part("trained", teachers, 80)
    tested = draw.part("tested", formal, 90)
    interns = draw.part("interns", formal, 30)
    percent = {
        "teachers_professional": 55, "teachers_double_qualified": 35, "teachers_senior": 25, "teachers_lecturer": 35,
        "teachers_assistant": 20, "teachers_ideology": 6, "teachers_sports": 5, "teachers_arts": 4,
    }  # fmt: skip
    return {
        "students": {
            "students_full_time": full,
            "students_full_time_male": male,
            "students_full_time_female": full - male,
            "students_formal": formal,
            "intake_full_time": draw.part("intake", full, 34),
        },
        "staff": {
            "staff_total": staff,
            "staff_quota": staff + draw.whole("quota", 1, 9),
            "teachers_full_time": teachers,
            **{name: draw.part(name, teachers, share) for name, share in percent.items()},
            "form_teachers": draw.part("form_teachers", teachers, 50),
            "industry_mentors": mentors,
            "master_mentors": draw.part("masters", mentors, 15),
            "mentor_hours": mentors * draw.whole("hours", 20, 60),
            "mentor_pay": draw.money("pay", 5, 40),
        },
        "training": {
            "trained_total": trained,
            **{
                f"trained_{level}": draw.part(f"trained {level}", trained, share)
                for level, share in {"national": 12, "provincial": 30, "municipal": 50, "county": 20}.items()
            },
            "trained_school": trained,
        },
        "outcomes": _graduates(draw, full) if year >= seat.graduating_from else _no_graduates(),
        "student_development": {
            "fitness_tested": tested,
            "fitness_passed": draw.part("passed", tested, 85),
            "skill_certificates": draw.part("certificates", full, 40),
        },
        "internships": {
            "internship_students": interns,
            **{name: draw.part(name, interns, 20) for name in ("valley_interns", "harbour_interns")},
            "internship_funds": draw.money("internships", 40, 80),
            "internship_insurance": draw.money("insurance", 1, 9),
        },
        "funds": {
            "special_funds": Decimal(full * draw.whole("special", 15, 45)) / 100,
            "per_student_funds": Decimal(full * draw.whole("per_student", 55, 75)) / 100,
            "funded_students": full,
        },
    }


def _graduates(draw: Draw, full: int) -> dict[str, Number | str | None]:
    graduates = draw.part("graduates", full, 29)
    placed = draw.part("placed", graduates, 90)
    study = draw.part("study", placed, 55)
    undergraduate = draw.part("undergraduate", study, 8)
    employed = draw.part("employed", placed - study, 80)
    primary, secondary = draw.part("primary", employed, 8), draw.part("secondary", employed, 42)
    surveyed = draw.part("surveyed", graduates, 40)
    return {
        "graduates": graduates,
        "placed": placed,
        "further_study": study,
        "further_study_undergraduate": undergraduate,
        "further_study_college": study - undergraduate,
        "employed": employed,
        "employed_primary": primary,
        "employed_secondary": secondary,
        "employed_tertiary": employed - primary - secondary,
        "self_employed": draw.part("self", employed, 4),
        "stayed_local": draw.part("local", employed, 65),
        "placed_in_province": draw.part("province", placed, 80),
        "employed_west": draw.part("west", employed, 12),
        "employed_small": draw.part("small", employed, 60),
        "employed_large": draw.part("large", employed, 25),
        "monthly_income": draw.money("income", 2800, 5200),
        "income_respondents": draw.part("asked", employed, 70),
        "promoted_in_three_years": draw.part("promoted", surveyed, 35),
        "surveyed_after_three_years": surveyed,
    }


def _no_graduates() -> dict[str, Number | str | None]:
    """A school that nobody has left yet: zeros where a number is demanded, nothing where nobody could be asked."""
    counted = (
        "graduates", "placed", "further_study", "further_study_undergraduate", "further_study_college", "employed",
        "employed_primary", "employed_secondary", "employed_tertiary", "self_employed", "stayed_local",
        "placed_in_province", "employed_west", "employed_small", "employed_large",
        "promoted_in_three_years", "surveyed_after_three_years",
    )  # fmt: skip
    return {**dict.fromkeys(counted, 0), "monthly_income": None, "income_respondents": 0}


def _things(draw: Draw, size: int) -> dict[str, dict[str, Number | str | None]]:
    """Campus, digital resources and services."""
    equipment = draw.whole("equipment", size * 50, size * 80)
    levels = {
        f"{what}_{level}": draw.whole(f"{what} {level}", low, low + 4)
        for what in ("resource_libraries", "virtual_bases", "quality_courses")
        for level, low in (("national", 1), ("provincial", 2), ("school", 3))
    }
    spaces = draw.whole("spaces", size // 25 + 15, size // 15 + 15)
    property_ = draw.whole("property", 12, 40)
    patents = draw.part("patents", property_, 60)
    hours = draw.whole("training_hours", 500, 4000)
    return {
        "conditions": {
            "campus_area": Decimal(draw.whole("campus", size * 2800, size * 4600)) / 100,
            "floor_area": Decimal(draw.whole("floor", size * 1700, size * 2500)) / 100,
            "equipment_value": Decimal(equipment) / 100,
            "paper_books": draw.whole("books", size * 25, size * 40),
            "electronic_books": draw.whole("e-books", size * 10, size * 30),
            "workstations": draw.part("workstations", size, 60),
            "internet_bandwidth": draw.whole("internet", 500, 2000),
            "backbone_bandwidth": draw.whole("backbone", 1000, 10000),
            "enterprise_equipment_value": Decimal(draw.part("enterprise", equipment, 7)) / 100,
        },
        "digital": {
            **levels,
            **{
                what: sum(count for name, count in levels.items() if name.startswith(what))
                for what in ("resource_libraries", "virtual_bases")
            },
            "quality_course_students": draw.whole("course_students", 200, 2000),
            "teaching_spaces": spaces,
            "digital_spaces": draw.part("digital", spaces, 85),
        },
        "service": {
            "intellectual_property": property_,
            "granted_patents": patents,
            "invention_patents": draw.part("inventions", patents, 30),
            "training_hours": hours,
            "public_training_hours": draw.part("public", hours, 30),
        },
    }


def _majors(draw: Draw, intake: int) -> list[Record]:
    """Continued ones, and one each that is new, withdrawn and paused."""
    names = draw.pick("majors", tuple(MAJORS), 7)
    status = ["continued"] * 4 + ["new", "withdrawn", "paused"]
    records: list[Record] = []
    for position, (name, state) in enumerate(zip(names, status, strict=True)):
        takes = state in ("continued", "new")
        records.append(
            {
                "major_code": MAJORS[name],
                "major_name": name,
                "direction": "产教融合方向" if position == 0 else None,
                "change_status": state,
                "major_intake": intake // 6 + position if takes else 0,
                "is_state_controlled": "yes" if name == "护理" else None,
                "is_demonstration": "yes" if position in (1, 5) else None,
                "is_agricultural": "yes" if name == "作物生产技术" else None,
                "is_apprenticeship": "yes" if position in (0, 2) else None,
                "apprentices": draw.whole(f"apprentices {position}", 5, 20) if position in (0, 2) else None,
            }
        )
    return records


def _satisfaction(
    draw: Draw, city: City, forms: Mapping[str, Mapping[str, Number | str | None]], year: int
) -> list[Record]:
    """Every item asked of as many as there are at most, but for those of graduates where nobody has graduated."""
    left, full, staff = (
        int(str(forms[sheet][name]))
        for sheet, name in (("outcomes", "graduates"), ("students", "students_full_time"), ("staff", "staff_total"))
    )
    records: list[Record] = []
    for item in _codes(city, year, "satisfaction_items"):
        of_graduates = "graduates" in item or item == "employers"
        if of_graduates and not left:
            records.append({"item": item, "score": None, "respondents": None, "method": None})
            continue
        asked = draw.part(item, left if of_graduates else staff if item == "staff" else full, 60)
        score = Decimal(draw.whole(f"{item} score", 8000, 9200)) / 100
        records.append({"item": item, "score": score, "respondents": asked, "method": "网络问卷"})
    return records


def _awards(draw: Draw, levels: Sequence[str]) -> list[Record]:
    """At each level: an event with two prizes, a team of students, a mixed team and a teacher."""
    records: list[Record] = []
    for level in levels:
        events = draw.pick(f"events {level}", EVENTS, 4)
        for event, audience, form, prize, students, teachers in (
            (events[0], "students", "individual", "first", 1, 0),
            (events[0], "students", "individual", "second", 1, 0),
            (
                events[1],
                "students",
                "team",
                draw.pick(f"{level} team {draw.year}", ("first", "second", "third"), 1)[0],
                3,
                0,
            ),
            (
                events[2],
                "mixed",
                "team",
                draw.pick(f"{level} mixed {draw.year}", ("first", "second", "third"), 1)[0],
                2,
                1,
            ),
            (
                events[3],
                "teachers",
                "individual",
                draw.pick(f"{level} one {draw.year}", ("first", "second", "third"), 1)[0],
                0,
                1,
            ),
        ):
            number = f"{draw.year}-{len(records) + 1:03}"
            records.append(
                {
                    "award_number": number,
                    "level": level,
                    "contest_name": f"{draw.year}年职业院校技能大赛",
                    "event": event,
                    "audience": audience,
                    "team_form": form,
                    "prize": prize,
                    "winning_students": students,
                    "winning_teachers": teachers,
                }
            )
    return records


def _entries(draw: Draw, levels: Sequence[str]) -> list[Record]:
    return [
        {
            "entry_level": level,
            "entered_events": draw.whole(f"{level} events", 6, 20),
            "entered_teams": draw.whole(f"{level} teams", 8, 20),
            "entered_students": draw.whole(f"{level} students", 30, 60),
            "entered_teachers": draw.whole(f"{level} teachers", 4, 12),
        }
        for level in levels
    ]


def _courses(draw: Draw, kinds: Sequence[str], digital: Mapping[str, object]) -> list[Record]:
    """Of each kind; the good ones are those that the sheet of digital resources has, level by level."""
    counts = {
        kind: draw.whole(kind, low, low * 2) for kind, low in {"planned": 120, "certificate": 12, "online": 20}.items()
    }
    counts["quality"] = sum(
        int(str(digital[f"quality_courses_{level}"])) for level in ("national", "provincial", "school")
    )
    return [{"course_kind": kind, "courses": counts[kind], "hours": counts[kind] * 36} for kind in kinds]


def _textbooks(draw: Draw) -> list[Record]:
    flags = ("is_cooperative", "is_national_planned", "is_new_form", "is_on_platform")
    return [
        {
            "book_title": f"{name}实训（{draw.year}）",
            **{flag: "yes" if position % (2 + n) == 0 else None for n, flag in enumerate(flags)},
        }
        for position, name in enumerate(draw.pick("textbooks", tuple(MAJORS), 5))
    ]


def _partners(draw: Draw, forms: Mapping[str, Record]) -> list[Record]:
    """Some of a pool that all schools draw from: the same enterprise, named by several, with its code and without.

    What they gave adds up to what the school's other sheets say of all of them, or is a part of it.
    """
    picked = draw.pick("partners", ENTERPRISES, 5)
    wholes = {
        "partner_equipment_value": forms["conditions"]["enterprise_equipment_value"],
        "partner_mentors": forms["staff"]["industry_mentors"],
        "partner_mentor_hours": forms["staff"]["mentor_hours"],
        "partner_mentor_pay": forms["staff"]["mentor_pay"],
        "interns_placed": forms["internships"]["internship_students"],
        "graduates_hired": forms["outcomes"]["employed"],
    }
    shares = {name: _shared(Decimal(str(whole)), len(picked)) for name, whole in wholes.items()}
    return [
        {
            "enterprise_name": f"{name}有限公司",
            "credit_code": _credit_code(ENTERPRISES.index(name)),
            "location": "in_city" if position % 2 else "out_of_city",
            "shared_bases": draw.whole(f"bases {name}", 1, 4),
            **{column: parts[position] for column, parts in shares.items()},
            "internship_places": shares["interns_placed"][position] + 2,
            "partner_funds": draw.money(f"funds {name}", 1, 30),
            "partner_service_income": Decimal(0),
            **{column: draw.whole(f"{column} {name}", low, low * 3) for column, low in SMALL_THINGS.items()},
        }
        for position, name in enumerate(picked)
    ]


def _shared(whole: Decimal, among: int) -> list[Decimal]:
    """Parts of a whole, the first of which takes what the division leaves, in the whole's own decimals."""
    part = (whole / among).quantize(whole, ROUND_DOWN)
    return [whole - part * (among - 1), *[part] * (among - 1)]


def _credit_code(number: int) -> str:
    first = f"91{1000 + number}0000MA5X{number:03}"
    return f"{first}{credit_check_character(first)}"


def _aid(draw: Draw, city: City, programmes: Sequence[str], full: int) -> list[Record]:
    """A scholarship is so many yuan a head as the state or the province's pack says."""
    per_head = {
        "national_scholarship": 6000,
        "regional_scholarship": load_head(city.pack).amounts["provincial_scholarship"] or 1500,
    }
    records: list[Record] = []
    for programme in programmes:
        heads = draw.whole(programme, 3, 12) if programme in per_head else draw.part(programme, full * 2, 70)
        amount = Decimal(heads * per_head.get(programme, 1000))
        records.append({"programme": programme, "recipients": heads, "amount": amount})
    return records


def _aid_totals(schools: Sequence[Books]) -> list[Record]:
    heads: Counter[str] = Counter()
    amounts: Counter[str] = Counter()
    for books in schools:
        for record in books["aid"].records:
            heads[str(record["programme"])] += int(str(record["recipients"]))
            amounts[str(record["programme"])] += int(Decimal(str(record["amount"])))
    return [
        {"programme": code, "total_recipients": heads[code], "total_amount": Decimal(amounts[code])} for code in heads
    ]


def _official_awards(draw: Draw, city: City, year: int, schools: Sequence[Books]) -> list[Record]:
    """Four years; in the last one a few more than the schools have named, since other schools win too."""
    won = Counter(
        (str(record["level"]), str(record["prize"])) for books in schools for record in books["contest_awards"].records
    )
    return [
        {
            "contest_year": of,
            "award_level": level,
            "prize": prize,
            "school_code": None,
            "awards": won[level, prize] + Draw(draw.who, of).whole(f"{level} {prize} {of}", 3, 30),
        }
        for of in range(year - 3, year + 1)
        for level in _codes(city, year, "contest_level")
        for prize in _codes(city, year, "prizes")
    ]
