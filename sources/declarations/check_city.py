"""What must hold among the declarations of a city, beyond the form of each file. Each mistake is one `Misfit`.

Places begin with the field of `City` that is meant. Nothing is read here, and nothing of the catalogue is known:
`warehouse/catalogue/city_references.py` checks the names of indicators.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo

from sources.declarations.changes import with_lives
from sources.declarations.check_changes import contradictory_changes, same_names
from sources.declarations.codelist import load_codelists
from sources.declarations.deadlines import DATES_IN_ORDER
from sources.declarations.headings import normalise_label
from sources.declarations.misfit import Misfit, Place
from sources.declarations.pack import Pack
from sources.declarations.problem import meant
from sources.system.nearest import nearest

if TYPE_CHECKING:
    from sources.declarations.city import City, Region, Respondent, Scope
    from sources.declarations.deadlines import Calendar, ReportYear

Entry = TypeVar("Entry")
LISTS_OF_ATTRIBUTES = {"category": "school_category", "affiliation": "affiliation", "ownership": "ownership"}
"""The code list behind each attribute of the roster by which a scope leaves schools out."""
DECLARING = (".yml", ".yaml", ".csv")
PROVINCE_CODE = re.compile(r"[1-9][0-9]0000")
EARLIEST = 120
"""Days before the day that is counted on which workbooks may go out."""
YEARS = range(1949, 2101)
"""Years that somebody can mean."""
CRON_FIELDS = (("分", 0, 59), ("时", 0, 23), ("日", 1, 31), ("月", 1, 12), ("星期", 0, 7))
DAYS_OF_MONTHS = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}
CHINESE_ZONES = ("Asia/Shanghai", "Asia/Urumqi", "Asia/Hong_Kong", "Asia/Macau")
RESERVED_SCOPE = "school"
KEPT_BY_EDITORS = re.compile(r"^(~\$|\.)|(~|\.bak|\.orig|\.swp|\.tmp)$")
"""Names of what editors leave beside a file."""
LEVELS_IN_WORDS = {"nation": "全国", "province": "省级", "city": "市级", "county": "县级"}


def contradictions(city: "City", unsure: Collection[str] = ()) -> Iterator[Misfit]:
    """Everything in a city's declarations that contradicts something else in them or cannot be.

    `unsure` names fields whose file had mistakes of form: nobody is told that something is missing in them.
    """
    yield from _twice(city.regions, lambda region: region.code, "regions", "code", "代码")
    if "code" not in unsure:
        yield from _regions(city, "regions" in unsure)
    if len(city.region_by_code) < len(city.regions) or city.code not in city.region_by_code:
        unsure = {*unsure, "regions"}  # a region's code is wrong: who names it, and what does not find it, is not
    yield from _respondents(city, unsure)
    yield from _attributes(city)
    if "code" not in unsure:
        yield from _regions_of_another_province(city)
    yield from _scopes(city, "respondents" in unsure)
    for position, definition in enumerate(city.definitions):
        yield from _years(("definitions", position), since=definition.since)
    yield from _twice(city.definitions, lambda each: each.indicator, "definitions", "indicator", "指标")
    for position, target in enumerate(city.targets):
        yield from _years(("targets", position), report_year=target.report_year)
    yield from _twice(
        city.targets, lambda each: f"{each.report_year} {each.indicator}", "targets", "indicator", "年度和指标"
    )
    if "calendar" not in unsure:
        yield from _calendar(city.calendar)
        yield from _served_years(city, bool({"code", "respondents"} & set(unsure)))
    yield from contradictory_changes(city, unsure)


def _twice(
    entries: Sequence[Entry], named: Callable[[Entry], str], field: str, key: str, chinese: str
) -> Iterator[Misfit]:
    """Entries of a list that have the name of an earlier one."""
    seen: dict[str, int] = {}
    for position, entry in enumerate(entries):
        name = named(entry)
        if name in seen:
            yield Misfit((field, position, key), f"{chinese} {name} 写了两次（第 {seen[name] + 1} 项已有）")
        seen.setdefault(name, position)


def _years(place: Place, **years: int | None) -> Iterator[Misfit]:
    for key, year in years.items():
        if year is not None and year not in YEARS:
            yield Misfit((*place, key), f"“{key}”应当是年份，不能是 {year}")


# --- Regions ---------------------------------------------------------------------------------------------------------


def _regions(city: "City", is_unsure: bool) -> Iterator[Misfit]:
    """The regions are one tree under the installation's own."""
    known = city.region_by_code
    names: dict[tuple[str | None, str], int] = {}
    for position, region in enumerate(city.regions):
        if (first := names.setdefault((region.parent, region.name), position)) != position:
            told = f"名称 {region.name} 写了两次（第 {first + 1} 项已有，上级也一样）"
            yield Misfit(("regions", position, "name"), told)
    for position, region in enumerate(city.regions):
        if city.code in known or region.parent is not None:  # without its own region, one line says so
            yield from _place_of_region(city, region, ("regions", position), is_unsure)
    if city.code not in known and not is_unsure:
        near = nearest(city.code, known)
        told = f"没有本库自己的地区 {city.code}（city.yml 的 code）" + (f"；最接近的是 {near}" if near else "")
        yield Misfit(("regions",), told)


def _place_of_region(city: "City", region: "Region", place: Place, is_unsure: bool) -> Iterator[Misfit]:
    known = city.region_by_code
    if region.code == city.code and region.name != city.name:
        yield Misfit((*place, "name"), f"{region.code} 这里叫{region.name}，city.yml 里叫{city.name}")
    if (region.parent is None) != (region.code == city.code):
        told = (
            f"{region.code} {region.name}没有“parent”：只有本库自己的地区 {city.code} 没有上级"
            if region.parent is None
            else f"{region.code} {region.name}是本库自己的地区，不能有“parent”"
        )
        yield Misfit((*place, "parent"), told)
    elif region.parent is not None and region.parent not in known:
        if not is_unsure:
            told = f"{region.code} {region.name}的上级 {region.parent} 没有列出{meant(region.parent, known)}"
            yield Misfit((*place, "parent"), told)
    # strictly from wider to narrower: so there can be no circle
    elif region.parent is not None and not known[region.parent].is_wider_than(region):
        level, other = (LEVELS_IN_WORDS[each.level] for each in (region, known[region.parent]))
        told = f"{region.code} {region.name}（{level}）不能属于 {region.parent}（{other}）：上级必须更高一级"
        yield Misfit((*place, "parent"), told)


def _is_nation(city: "City") -> bool:
    return city.code in city.region_by_code and city.region_by_code[city.code].level == "nation"


def _regions_of_another_province(city: "City") -> Iterator[Misfit]:
    """A nation has the regions of all provinces."""
    own = city.code[:2]
    for position, region in enumerate(city.regions):
        if region.code[:2] != own and not _is_nation(city):
            told = f"{region.code} {region.name}不在本省：代码的前两位应当是 {own}"
            yield Misfit(("regions", position, "code"), told)


# --- Respondents -----------------------------------------------------------------------------------------------------


def _respondents(city: "City", unsure: Collection[str]) -> Iterator[Misfit]:
    yield from _twice(city.respondents, lambda each: each.code, "respondents", "code", "标识码")
    respondents = with_lives(city.respondents, city.changes)
    for position, respondent in enumerate(respondents):
        place = ("respondents", position)
        yield from _years(place, since=respondent.since, until=respondent.until)
        for key in ("founded", "exempt"):
            if respondent.kind == "bureau" and getattr(respondent, key) is not None:
                yield Misfit((*place, key), f"{respondent.name}是教育局，不能有“{key}”：只有学校按办学标准判断")
        if respondent.since and respondent.until and respondent.since > respondent.until:
            told = f"{respondent.name}的“since”{respondent.since} 晚于“until”{respondent.until}"
            yield Misfit((*place, "since"), told)
    if not {"code", "regions"} & set(unsure):
        yield from _places_of_respondents(city, respondents)
    yield from same_names(city) if city.changes else _same_name(respondents)
    yield from _bureaus(city, respondents, bool({"code", "respondents"} & set(unsure)))


def _places_of_respondents(city: "City", respondents: Sequence["Respondent"]) -> Iterator[Misfit]:
    """Regions that are not declared, each told once: of the first respondent that names it."""
    known = city.region_by_code
    told = set()
    for position, respondent in enumerate(respondents):
        code = respondent.region
        if code is None or code in known or code in told:
            continue
        told.add(code)
        place = ("respondents", position, "region")
        if list(known) == [city.code]:
            yield Misfit(place, f"{respondent.name}的地区是 {code}，但没有 regions.yml：请在其中列出本库的地区")
            return
        yield Misfit(place, f"{respondent.name}的地区 {code} 不在 regions.yml 中{meant(code, known)}")


def _same_name(respondents: Sequence["Respondent"]) -> Iterator[Misfit]:
    """Two of one name in the same year cannot be told apart, neither in the report nor by who reads a file's cover."""
    for name, several in _grouped(respondents, lambda each: normalise_label(each.name)).items():
        for (_, earlier), (position, later) in pairwise(several):
            if _overlap(earlier, later) and earlier.code != later.code:
                told = f"{later.name}写了两次：标识码 {earlier.code} 和 {later.code}"
                yield Misfit(("respondents", position, "name"), told if name else f"标识码 {later.code} 没有名称")


def _bureaus(city: "City", respondents: Sequence["Respondent"], is_unsure: bool) -> Iterator[Misfit]:
    """A region has at most one bureau at a time; somewhere there is one."""
    bureaus = [(position, each) for position, each in enumerate(respondents) if each.kind == "bureau"]
    of_region: dict[str, list[tuple[int, Respondent]]] = {}
    for position, bureau in bureaus:
        of_region.setdefault(city.region_of(bureau), []).append((position, bureau))
    for code, several in of_region.items():
        for (_, earlier), (position, later) in pairwise(sorted(several, key=lambda each: each[1].since or 0)):
            if _overlap(earlier, later):
                told = f"地区 {code} 同时有两个教育局：{earlier.code} {earlier.name}、{later.code} {later.name}"
                yield Misfit(("respondents", position, "kind"), told)
    if not bureaus and not is_unsure:
        yield Misfit(("respondents",), "没有教育局（kind: bureau）：名册和统计口径由它填报")


def _grouped(entries: Iterable[Entry], key: Callable[[Entry], str]) -> dict[str, list[tuple[int, Entry]]]:
    groups: dict[str, list[tuple[int, Entry]]] = {}
    for position, entry in enumerate(entries):
        groups.setdefault(key(entry), []).append((position, entry))
    return groups


def _overlap(one: "Respondent", other: "Respondent") -> bool:
    return (one.since or YEARS.start) <= (other.until or YEARS.stop) and (other.since or YEARS.start) <= (
        one.until or YEARS.stop
    )


def _attributes(city: "City") -> Iterator[Misfit]:
    """What the register says of a school, to be compared with the roster, by the codes of the roster."""
    lists = load_codelists(city.pack)
    for position, each in enumerate(city.respondents):
        for attribute, codelist in LISTS_OF_ATTRIBUTES.items():
            value, known = getattr(each, attribute), lists[codelist].label_of
            place = ("respondents", position, attribute)
            if value is not None and each.kind == "bureau":
                yield Misfit(place, f"“{each.name}”是教育局，没有 {attribute}")
            elif value is not None and value not in known:
                by_label = next((code for code, label in known.items() if label == value), None)
                hint = f"；是不是“{by_label}”？" if by_label else meant(value, known)
                yield Misfit(place, f"{attribute} 没有“{value}”{hint}")


# --- Scopes ----------------------------------------------------------------------------------------------------------


def _scopes(city: "City", is_unsure: bool) -> Iterator[Misfit]:
    yield from _twice(city.scopes, lambda scope: scope.code, "scopes", "code", "代码")
    yield from _twice(city.scopes, lambda scope: normalise_label(scope.label), "scopes", "label", "名称")
    for position, scope in enumerate(city.scopes):
        if scope.code == RESERVED_SCOPE:
            yield Misfit(("scopes", position, "code"), f"代号不能是“{RESERVED_SCOPE}”：它在已印数字中表示单独一所学校")
    named = {normalise_label(name): scope for scope in reversed(city.scopes) for name in scope.also}
    named |= {normalise_label(scope.label): scope for scope in city.scopes}
    schools = {each.code: each.name for each in city.respondents if each.kind == "school"}
    for position, scope in enumerate(city.scopes):
        for name in scope.also:
            if (other := named[normalise_label(name)]) is not scope:
                told = f"“{name}”已经是口径“{other.label}”的名称，读的时候分不开"
                yield Misfit(("scopes", position, "also"), told)
        yield from _exclusions(city.pack, scope, ("scopes", position, "exclude"), None if is_unsure else schools)


def _exclusions(pack: Pack, scope: "Scope", place: Place, schools: dict[str, str] | None) -> Iterator[Misfit]:
    """Values that no school can have: the scope would silently hold all of them."""
    for attribute, values in scope.exclude.items():
        codelist = LISTS_OF_ATTRIBUTES.get(attribute)
        known = load_codelists(pack)[codelist].label_of if codelist else schools
        if fault := _fault_of_values(values, known):
            yield Misfit((*place, attribute), f"口径“{scope.label}”：{attribute} {fault}")
        for value in values:
            if known is not None and value not in known:
                by_label = next((code for code, label in known.items() if label == value), None)
                hint = f"；是不是“{by_label}”？" if by_label else meant(value, known)
                yield Misfit((*place, attribute), f"口径“{scope.label}”：{attribute} 没有“{value}”{hint}")


def _fault_of_values(values: Sequence[str], known: Collection[str] | None) -> str | None:
    """What is wrong with a list of values as a whole."""
    if not values:
        return "没有列出任何值；全部学校都算的，不用写"
    if twice := next((value for value in values if values.count(value) > 1), None):
        return f"的“{twice}”写了两次"
    if known and set(known) <= set(values):
        return "把所有的值都排除了，一所学校也不剩"
    return None


# --- Calendar --------------------------------------------------------------------------------------------------------


def _calendar(calendar: "Calendar") -> Iterator[Misfit]:
    if not _is_zone(calendar.timezone):
        near = nearest(calendar.timezone, CHINESE_ZONES) or CHINESE_ZONES[0]
        yield Misfit(("calendar", "timezone"), f"没有“{calendar.timezone}”这个时区；是不是“{near}”？")
    for key in ("nightly", "yearly"):
        if fault := fault_of_cron(getattr(calendar, key)):
            yield Misfit(("calendar", key), f"“{key}”{fault}")
    if not calendar.years:
        yield Misfit(("calendar", "years"), "“years”没有列出任何年度")
    for year, report_year in calendar.years.items():
        place = ("calendar", "years", year)
        if year not in YEARS:
            yield Misfit(place, f"“years”下应当是年份，不能是 {year}")
            continue
        yield from _order(report_year, place)
        for key in ("as_of", "school_year_from", "school_year_to", "opens", "due"):
            day: date = getattr(report_year, key)
            if abs(day.year - year) > 1:
                yield Misfit((*place, key), f"“{key}”{day} 离报告年度 {year} 太远")


def _served_years(city: "City", is_unsure: bool) -> Iterator[Misfit]:
    """A report year has a bureau; a target is of a year of the calendar or the next one."""
    years = sorted(city.calendar.years)
    lives = with_lives(city.respondents, city.changes)
    for year in years:
        serving = [each for each in lives if each.kind == "bureau" and each.is_valid_in(year)]
        if any(each.kind == "bureau" for each in lives) and not serving and not is_unsure:
            yield Misfit(("calendar", "years", year), f"{year} 年度没有教育局：请看 respondents.yml 的 since、until")
    for position, target in enumerate(city.targets):
        year = target.report_year
        if years and year in YEARS and not years[0] <= year <= years[-1] + 1:
            told = f"{year} 年不在采集日历中；可以写 {years[0]} 到 {years[-1] + 1}"
            yield Misfit(("targets", position, "report_year"), told)


def _order(year: "ReportYear", place: Place) -> Iterator[Misfit]:
    for earlier, later in DATES_IN_ORDER:
        first, second = getattr(year, earlier), getattr(year, later)
        if first > second:
            yield Misfit((*place, later), f"“{later}”{second} 早于“{earlier}”{first}")


def _is_zone(name: str) -> bool:
    if not name:
        return False
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # OSError: the name of a folder, e.g. Asia
        return False
    return True


def fault_of_cron(text: str) -> str | None:
    """What is wrong with a time in cron's five fields (分 时 日 月 星期, numbers only); None when nothing is."""
    fields = text.split()
    if len(fields) != len(CRON_FIELDS):
        return f"应当有五项（分 时 日 月 星期），如 30 2 * * *，写的是“{text}”"
    for field, (name, low, high) in zip(fields, CRON_FIELDS, strict=True):
        if not all(_is_cron_part(part, low, high) for part in field.split(",")):
            return f"的“{name}”不能是“{field}”，应为 {low} 到 {high}"
    day, month = fields[2], fields[3]
    if day.isdigit() and month.isdigit() and int(day) > DAYS_OF_MONTHS.get(int(month), 31):
        return f"永远不会到：{month} 月没有 {day} 日"
    return None


def _is_cron_part(part: str, low: int, high: int) -> bool:
    """`*`, a number, a range, and steps of the first and the last."""
    match = re.fullmatch(r"(?:\*|([0-9]{1,2})(?:-([0-9]{1,2}))?)(?:/([0-9]{1,2}))?", part)
    if match is None:
        return False
    first, last, step = (None if group is None else int(group) for group in match.groups())
    if step is not None and (step == 0 or (first is not None and last is None)):
        return False
    bounds = [number for number in (first, last) if number is not None]
    return all(low <= number <= high for number in bounds) and bounds == sorted(bounds)


def strange_names(names: Iterable[str], known: Sequence[str]) -> Iterator[tuple[str, str, str | None]]:
    """(name, what to say, what is probably meant) of each name that looks like a declaration, or nearly like a known
    one, and is none."""
    for name in names:
        near = nearest(name, known)
        if name not in known and not KEPT_BY_EDITORS.search(name) and (near or name.endswith(DECLARING)):
            yield name, f"没有叫“{name}”的配置{meant(name, known)}", near


# --- What may be right and probably is not: `check-city` tells it, and nothing stops ----------------------------------


def doubts(city: "City") -> Iterator[Misfit]:
    """What is strange in a city's declarations that contradict nothing."""
    yield from _pack_of_another_province(city)
    yield from _without_bureau(city)
    yield from _alike(city.scopes)
    yield from _early_starts(city)


def _pack_of_another_province(city: "City") -> Iterator[Misfit]:
    if PROVINCE_CODE.fullmatch(city.pack.code) and city.pack.code[:2] != city.code[:2] and not _is_nation(city):
        told = f"资料包“{city.pack.code}”是别的省的：{city.code} {city.name}的省级代码是 {city.code[:2]}0000"
        yield Misfit(("pack",), told)


def _without_bureau(city: "City") -> Iterator[Misfit]:
    """Schools that no bureau has on its roster, each year's first: neither their region has one, nor one above it."""
    told = set[str]()
    for year in sorted(city.calendar.years):
        there = city.in_year(year)
        serving = there.respondents_in(year)
        served = {there.region_of(each) for each in serving if each.kind == "bureau"}
        for position, school in enumerate(there.respondents):
            region = there.region_of(school)
            is_served = bool(served.intersection(there.region_paths[region]))
            if school in serving and school.kind == "school" and not is_served and region not in told:
                told.add(region)
                words = f"{school.name}没有教育局填报名册：它的地区 {region} 和上级在 {year} 年度都没有教育局"
                yield Misfit(("respondents", position, "region"), words)


def _alike(scopes: Sequence["Scope"]) -> Iterator[Misfit]:
    """The first scope is every school; no two others leave out the same."""
    seen: dict[str, Scope] = {}
    for position, scope in enumerate(scopes):
        left_out = repr(sorted((key, sorted(values)) for key, values in scope.exclude.items()))
        if position == 0 and scope.exclude:
            yield Misfit(("scopes", 0, "exclude"), f"第一个口径“{scope.label}”应当是全部学校，不能有“exclude”")
        elif (other := seen.setdefault(left_out, scope)).code != scope.code and scope.exclude:
            told = f"口径“{scope.label}”不算的学校与口径“{other.label}”完全相同：请改正，或删去其中一个"
            yield Misfit(("scopes", position, "exclude"), told)


def _early_starts(city: "City") -> Iterator[Misfit]:
    for number, year in city.calendar.years.items():
        if (early := (year.as_of - year.opens).days) > EARLIEST:
            told = f"“opens”{year.opens} 比时点“as_of”{year.as_of} 早 {early} 天：年份写对了吗？"
            yield Misfit(("calendar", "years", number, "opens"), told)
