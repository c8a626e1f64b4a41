"""What must hold among the changes of a city (changes.yml), and between them and its other files."""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from sources.declarations.changes import (
    Change,
    Merge,
    Move,
    Recode,
    Rename,
    RenameRegion,
    Reword,
    Split,
    begins,
    ends,
    subjects_of,
    with_lives,
)
from sources.declarations.headings import normalise_label
from sources.declarations.misfit import Misfit
from sources.declarations.problem import meant

if TYPE_CHECKING:
    from sources.declarations.city import City, Respondent

Faults = Iterator[tuple[str, str]]
"""(the key that is meant, what is wrong) of one line."""


def contradictory_changes(city: "City", unsure: Collection[str] = ()) -> Iterator[Misfit]:
    """Everything in the changes that contradicts something or cannot be; one mistake a line, the plainest first.

    `unsure` names fields whose file had mistakes of form: nobody is told that something is missing in them.
    """
    if not city.changes:
        return
    lives = {each.code: each for each in with_lives(city.respondents, city.changes)}
    checks: list[Callable[[int, Change], Faults]] = [lambda _, change: _unknown(change, city, unsure)]
    if "calendar" not in unsure:
        checks.append(lambda _, change: _out_of_range(change, city))
    checks += [
        lambda position, change: _twice(position, change, city.changes),
        lambda _, change: _of_itself(change),
        lambda _, change: _against_respondents(change, city),
        lambda _, change: _out_of_life(change, lives),
        lambda _, change: _without_effect(change, city),
    ]
    for position, change in enumerate(city.changes):
        for check in checks if _is_known(change, city) else checks[:1]:
            if found := list(check(position, change)):
                yield from (Misfit(("changes", position, key), text) for key, text in found)
                break


def _unknown(change: Change, city: "City", unsure: Collection[str]) -> Faults:
    """Codes that stand in none of the other files, and schools where only schools can be meant."""
    scopes = [scope.code for scope in city.scopes]
    for key, code in _codes(change):
        field = "regions" if key == "region" else "scopes" if key == "scope" else "respondents"
        known = {"regions": city.region_by_code, "scopes": scopes, "respondents": city.respondent_by_code}[field]
        if code not in known:
            later = _stated(city, code)
            hint = f"；请写 respondents.yml 里的“{later}”" if later else meant(code, known)
            if field not in unsure and not (field == "regions" and "code" in unsure):
                yield key, f"“{code}”不在 {field}.yml 中{hint}"
        elif isinstance(change, Merge | Split | Move) and field == "respondents":
            respondent = city.respondent_by_code[code]
            if respondent.kind != "school":
                yield key, f"{code} {respondent.name}不是学校"


def _is_known(change: Change, city: "City") -> bool:
    scopes = {scope.code for scope in city.scopes}
    known = {"region": city.region_by_code, "scope": scopes}
    return all(code in known.get(key, city.respondent_by_code) for key, code in _codes(change))


def _codes(change: Change) -> Iterator[tuple[str, str]]:
    """(key, code) of what a change names; the scope's `Reword` and the region's among them."""
    if isinstance(change, Reword):
        yield "scope", change.scope
    elif isinstance(change, RenameRegion):
        yield "region", change.region
    else:
        yield "code", change.code
    if isinstance(change, Move):
        yield "region", change.region
    if isinstance(change, Merge):
        yield "into", change.into
    if isinstance(change, Split):
        yield from (("into", code) for code in change.into)


def _stated(city: "City", code: str) -> str | None:
    """The respondent's first code, of one that has another by now."""
    return next((each.code for each in city.changes if isinstance(each, Recode) and each.new_code == code), None)


def _out_of_range(change: Change, city: "City") -> Faults:
    years = sorted(city.calendar.years)
    if years and not years[0] <= change.since <= years[-1]:
        yield "since", f"“since”{change.since} 不在 calendar.yml 的年度（{years[0]} 至 {years[-1]}）之内"


def _twice(position: int, change: Change, changes: Sequence[Change]) -> Faults:
    """The same thing changed twice in one year; a respondent that ends or begins twice at all."""
    for at, earlier in enumerate(changes[:position], 1):
        same = [each.code for each in subjects_of(change) if each in subjects_of(earlier)]
        if same and earlier.since == change.since:
            yield "since", f"{same[0]} 在 {change.since} 年的这一变更写了两次（第 {at} 项已有）"
            return
        if ends(change) is not None and ends(change) == ends(earlier):
            yield "code", f"{ends(change)} 已在 {earlier.since} 年停办、并入或分设（第 {at} 项）"
            return
        if again := [code for code in begins(change) if code in begins(earlier)]:
            yield (
                ("into" if isinstance(change, Split) else "code"),
                f"{again[0]} 已在 {earlier.since} 年新设或分设（第 {at} 项）",
            )
            return


def _of_itself(change: Change) -> Faults:
    if isinstance(change, Merge) and change.into == change.code:
        yield "into", f"{change.code} 不能并入自己"
    if isinstance(change, Split):
        if len(set(change.into)) < len(change.into):
            yield "into", "“into”中有学校写了两次"
        elif change.into == (change.code,):
            yield "into", f"{change.code} 不能只分设为自己"


def _against_respondents(change: Change, city: "City") -> Faults:
    """A year in which a respondent begins or ends that respondents.yml gives otherwise."""
    if (code := ends(change)) is not None:
        last = city.respondent_by_code[code].until
        if last is not None and last != change.since - 1:
            yield (
                "since",
                f"respondents.yml 里 {code} 的“until”是 {last}，这里从 {change.since} 年起不再填报；应为 {last + 1}",
            )
    for code in begins(change):
        first = city.respondent_by_code[code].since
        if first is not None and first != change.since:
            yield "since", f"respondents.yml 里 {code} 的“since”是 {first}，这里是 {change.since}"


def _out_of_life(change: Change, lives: dict[str, "Respondent"]) -> Faults:
    """Changes of, or into, a respondent that does not exist then."""
    year = change.since
    for key, code in _codes(change):
        respondent = lives.get(code)
        if respondent is None or key not in ("code", "into"):
            continue
        there = year - 1 if key == "code" and (isinstance(change, Split) or ends(change) == code) else year
        if not respondent.is_valid_in(there):
            since, until = respondent.since or "", respondent.until or ""
            yield key, f"{code} {respondent.name}在 {there} 年不填报（报告年度：{since}—{until}）"


def _without_effect(change: Change, city: "City") -> Faults:
    """Changes after which everything is as before; a code that somebody else has."""
    before = _before(city, change)
    if isinstance(change, Rename) and before.respondent_by_code[change.code].name == change.name:
        yield (
            "name",
            f"{change.code} 在 {change.since - 1} 年已经叫“{change.name}”；respondents.yml 里应写第一个年度的名称",
        )
    if isinstance(change, RenameRegion) and before.region_by_code[change.region].name == change.name:
        yield "name", f"{change.region} 在 {change.since - 1} 年已经叫“{change.name}”；原来的名称不能改"
    if isinstance(change, Reword):
        scope = next(each for each in before.scopes if each.code == change.scope)
        if (scope.label, scope.description) == (change.label, change.description or scope.description):
            yield (
                "label",
                f"口径 {change.scope} 在 {change.since - 1} 年已经叫“{change.label}”；"
                "scopes.yml 里应写第一个年度的名称",
            )
    if isinstance(change, Move) and before.region_of(before.respondent_by_code[change.code]) == change.region:
        yield "region", f"{change.code} 在 {change.since - 1} 年已经属于 {change.region}"
    if isinstance(change, Recode):
        if before.stated_codes.get(change.code, change.code) == change.new_code:
            yield (
                "new_code",
                f"{change.code} 的标识码已经是 {change.new_code}；respondents.yml 里应写第一个年度的标识码",
            )
        taken = {each.new_code: each.code for each in city.changes if isinstance(each, Recode)}
        taken |= {code: code for code in city.respondent_by_code}
        if taken.get(change.new_code, change.code) != change.code:
            yield "new_code", f"标识码 {change.new_code} 已是 {taken[change.new_code]} 的"


def _before(city: "City", change: Change) -> "City":
    """The city in the year before a change, by the changes that can be used."""
    return city.in_year(change.since - 1)


def same_names(city: "City") -> Iterator[Misfit]:
    """Two of one name, or two scopes of one label, in the same year: nobody can tell them apart."""
    told: set[frozenset[str]] = set()
    for year in _turning_years(city):
        of_year = city.in_year(year)
        position = {each.code: at for at, each in enumerate(of_year.respondents)}
        sending = [each for each in of_year.respondents if each.is_valid_in(year)]
        for one, other in _alike([(each.code, each.name) for each in sending], told):
            name = of_year.respondent_by_code[other].name
            at = _renamed(city, year, {one, other}) or ("respondents", position[other], "name")
            yield Misfit(at, f"{name}写了两次：标识码 {one} 和 {other}（{year} 年）")
        for one, other in _alike([(each.code, each.label) for each in of_year.scopes], told):
            place = _renamed(city, year, {one, other})
            if place is not None:  # otherwise scopes.yml itself has the label twice, which is told there
                label = next(scope.label for scope in of_year.scopes if scope.code == other)
                yield Misfit(place, f"口径 {one} 和 {other} 在 {year} 年同名：{label}")


def _turning_years(city: "City") -> list[int]:
    """Years in which somebody is called otherwise, begins or has ended; and the first."""
    lives = with_lives(city.respondents, city.changes)
    first = min([each.since - 1 for each in city.changes])
    since = {each.since for each in lives if each.since is not None}
    return sorted({first, *(each.since for each in city.changes), *since})


def _alike(named: Sequence[tuple[str, str]], told: set[frozenset[str]]) -> Iterator[tuple[str, str]]:
    """Pairs of codes whose names read the same and that were not told yet."""
    seen: dict[str, str] = {}
    for code, name in named:
        first = seen.setdefault(normalise_label(name), code)
        if first != code and frozenset((first, code)) not in told:
            told.add(frozenset((first, code)))
            yield first, code


def _renamed(city: "City", year: int, codes: Collection[str]) -> tuple[str | int, ...] | None:
    """Where one of these got its name in the year."""
    for position, change in enumerate(city.changes):
        if change.since == year and isinstance(change, Rename) and change.code in codes:
            return "changes", position, "name"
        if change.since == year and isinstance(change, Reword) and change.scope in codes:
            return "changes", position, "label"
    return None
