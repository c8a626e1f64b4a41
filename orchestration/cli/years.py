"""`nianbao new-year`: opens a report year, shows first what it would do, and takes it back; `close-year` closes one."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestration.cli.console import (
    AsJson,
    Panel,
    app,
    check_years,
    console,
    fail,
    installation,
    print_json,
    print_lines,
)
from orchestration.cli.maintain import template
from sources.archive.closings import ClosingError, note_closing
from sources.declarations.city import City, load_city
from sources.declarations.new_year import DATES, YearPlan, days_off, plan_year
from sources.declarations.undecided import told_undecided
from sources.system.access import prepare_home
from sources.system.faults import ToldError
from sources.system.fingerprint import sha256_of
from sources.system.settings import Settings
from sources.system.whole_file import whole_file
from sources.write.open_year import (
    Journal,
    NewYearError,
    calendar_with,
    city_before,
    form_of,
    opening_folder,
    put_in_place,
    read_journal,
    remove_made,
    texts_of,
    texts_without,
    write_journal,
)

if TYPE_CHECKING:
    from sources.declarations.pack import Pack


@dataclass(frozen=True, slots=True)
class _Opening:
    """A year that is being opened: where, with what, and what the city's files will say."""

    settings: Settings
    base: City
    """Without the year."""
    plan: YearPlan
    journal: Journal
    texts: dict[str, str | None]
    folder: Path
    form: Path
    is_new: bool
    is_filled_in: bool


@app.command(name="new-year", rich_help_panel=Panel.KEEP)
def new_year(
    year: Annotated[int, typer.Argument(help="报告年度，如 2024")],
    form: Annotated[Path | None, typer.Option(help="填好的《开年事项》；不给时用上次写出的那一份")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只说会做什么，什么也不写")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="收回这个年度；还没有收到这个年度的报送时才行")] = False,
    as_json: AsJson = False,
) -> None:
    """开一个新的报告年度：日历、填报单位、模板和给学校的信；先写出《开年事项》，填好后再运行一次。"""
    if as_json and (undo or not dry_run):
        fail("--json 只和 --dry-run 一起用")
    settings, city = installation()
    try:
        if undo:
            _undo(settings, year, dry_run)
            return
        opening = _prepare(settings, city, year, form)
        if as_json:
            print_json(_as_json(opening))
        else:
            _tell(opening, dry_run)
        if not dry_run:
            _open(opening)
    except ToldError as error:
        fail(str(error))


@app.command(name="close-year", rich_help_panel=Panel.KEEP)
def close_year(
    year: Annotated[int, typer.Argument(help="报告年度，如 2023")],
    by: Annotated[str, typer.Option("--by", help="谁决定的")],
    reason: Annotated[str, typer.Option("--reason", help="为什么，学校看得到")],
    reopen: Annotated[bool, typer.Option("--reopen", help="重新对学校开放")] = False,
) -> None:
    """对学校关闭一个年度：报送台不再收这个年度的文件，学校看得到是谁、为什么；--reopen 重新开放。收件夹和邮件照收。"""
    settings, city = installation()
    check_years(city, [year])
    prepare_home(settings.home)
    try:
        noted = note_closing(settings.archive, year, not reopen, by, reason)
    except ClosingError as error:
        fail(str(error))
    console.print(f"{year} 年度已{'关闭' if noted.is_closed else '重新开放'}（{noted.by}）。", highlight=False)


def _prepare(settings: Settings, city: City, year: int, given: Path | None) -> _Opening:
    """Everything that will be written, thought through; nothing is written yet."""
    from sources.write.new_year_form import read_form

    folder = opening_folder(settings.home, year)
    journal = read_journal(folder, year)
    last = max(city.calendar.years)
    if journal is None or year not in city.calendar.years:
        if year in city.calendar.years:
            raise NewYearError(f"日历里已经有 {year} 年；模板用 nianbao template --year {year}")
        if year != last + 1:
            raise NewYearError(f"日历里最后一年是 {last}，下一个年度是 {last + 1}，不能开 {year}")
    elif year != last:
        raise NewYearError(f"{year} 年以后已经有 {last} 年，不能再改 {year} 年的开年事项")
    journal = journal or Journal(year)
    own = form_of(settings.home, year)
    filled = given or (own if own.exists() else None)
    if filled is None and journal.entries:
        raise NewYearError(f"没有找到 {own}，不知道上次填了什么；用 --form 给出，或先 --undo 再重来")
    if filled is not None and not filled.is_file():
        raise NewYearError(f"没有这个文件：{filled}")
    base = city_before(journal, settings.city_dir)
    answers = read_form(filled, base, year) if filled else None
    plan = plan_year(base, year, answers, city.calendar.years.get(year)) if answers else plan_year(base, year)
    is_new = year not in city.calendar.years
    texts = texts_of(plan.entries, settings.city_dir, journal) | calendar_with(plan, settings.city_dir, is_new)
    return _Opening(settings, base, plan, journal, texts, folder, filled or own, is_new, answers is not None)


def _tell(opening: _Opening, dry_run: bool) -> None:
    plan, city = opening.plan, opening.base
    year, off = plan.report_year, days_off(plan.dates)
    console.print(f"{'试做，什么也不写。' if dry_run else ''}{year}年度（{city.name}）：", highlight=False)
    dates = [
        f"{label} {getattr(plan.dates, name)}{f'（{off[name]}）' if name in off else ''}"
        for name, label in DATES.items()
    ]
    print_lines("日历" + ("（照上年推算）" if plan.is_proposed else ""), ["，".join(dates)])
    before, there = (frozenset(each.code for each in city.respondents_in(of)) for of in (year - 1, year))
    new = f"，另有今年起填报的 {len(there - before)} 个" if there - before else ""
    print_lines("填报单位", [f"照上年 {len(there & before)} 个{new}"])
    print_lines("变化", plan.told)
    print_lines("改文件", [f"{opening.settings.city_dir / name}" for name in opening.texts])
    made = ["模板（上年的数在旁边，名单各行可以改）", "给学校的信（.docx、.txt）", "审核规则（网页、CSV）"]
    print_lines("做", [*made, *([] if opening.is_filled_in else [f"开年事项：{opening.form}"])])
    print_lines("还没有定", told_undecided(plan.undecided))


def _as_json(opening: _Opening) -> dict[str, Any]:
    plan = opening.plan
    return {
        "report_year": plan.report_year,
        "dates": plan.dates.model_dump(mode="json"),
        "is_proposed": plan.is_proposed,
        "respondents": [each.code for each in opening.base.respondents_in(plan.report_year)],
        "changes": list(plan.told),
        "undecided": [each.model_dump(mode="json") for each in plan.undecided],
        "files": dict(opening.texts),
        "form": str(opening.form),
    }


def _open(opening: _Opening) -> None:
    """Writes the city's files, then all that follows from them; each of these can be made again."""
    from sources.write.new_year_form import write_form
    from warehouse.catalogue.catalogue import load_catalogue
    from warehouse.catalogue.city_references import city_problems
    from warehouse.catalogue.rules_for_schools import write_rules_for_schools
    from warehouse.catalogue.year_letter import write_letter, year_letter

    settings, plan, journal = opening.settings, opening.plan, opening.journal
    year = plan.report_year
    if not opening.is_filled_in:
        opening.folder.mkdir(parents=True, exist_ok=True)
        with whole_file(opening.form) as partial:
            write_form(opening.base, year, plan.dates, plan.undecided, partial)
    entries = {name: list(each) for name, each in plan.entries.items() if each}
    created = [name for name in opening.texts if not (settings.city_dir / name).exists()]
    done = replace(journal, entries=entries, planned={}, created=[*dict.fromkeys([*journal.created, *created])])
    write_journal(replace(done, entries=journal.entries, planned=entries), opening.folder)
    put_in_place(opening.texts, settings.city_dir, city_problems)
    write_journal(done, opening.folder)
    load_city.cache_clear()
    city = load_city(settings.city_dir)
    kept = remove_made(done)
    templates = settings.templates / str(year)
    template(year=year)
    letter = year_letter(city, load_catalogue(city.pack), year, _declarations_of(settings, city, year - 1))
    files = [*write_letter(letter, opening.folder), *write_rules_for_schools(city, year, opening.folder)]
    made = [*files, *(path for path in sorted(templates.rglob("*")) if path.is_file())]
    fingerprints = {str(path): sha256_of(path.read_bytes()) for path in made if path not in kept}
    write_journal(replace(done, made=fingerprints), opening.folder)
    print_lines("信和规则", [str(path) for path in files])
    if plan.undecided:
        told = f"请填好 {opening.form}（每张表看完写核对人），再运行一次 nianbao new-year {year}；模板和信会照着重做。"
        console.print(f"接下来：{told}", soft_wrap=True, highlight=False)
    console.print(f"要收回：nianbao new-year {year} --undo（还没有收到报送时）。", soft_wrap=True, highlight=False)


def _declarations_of(settings: Settings, city: City, report_year: int) -> "Pack | None":
    """The declarations under which a year's workbooks were accepted last; None where the archive knows none."""
    from sources.archive.archive import archived_acceptances, declarations_file
    from sources.declarations.archived import kept_city

    accepted = [each for each in archived_acceptances(settings.archive).values() if each.report_year == report_year]
    file = declarations_file(settings.archive, accepted[-1].declarations) if accepted else None
    return kept_city(file, city.pack).pack if file and file.exists() else None


def _undo(settings: Settings, year: int, dry_run: bool) -> None:
    """Takes a year back: the files of the city, the templates, the letter; what somebody has edited stays."""
    from warehouse.catalogue.city_references import city_problems
    from warehouse.intake.received import received_for

    folder = opening_folder(settings.home, year)
    journal = read_journal(folder, year)
    if journal is None:
        raise NewYearError(f"{year} 年不是用 nianbao new-year 开的，不能收回")
    if why := received_for(settings, year):
        raise NewYearError(f"不能收回 {year} 年：{'；'.join(why)}")
    texts = texts_without(journal, settings.city_dir)
    print_lines("改回" if not dry_run else "会改回", [str(settings.city_dir / name) for name in texts])
    if dry_run:
        print_lines("会删去", list(journal.made))
        return
    put_in_place(texts, settings.city_dir, city_problems)
    kept = remove_made(journal)
    print_lines("改过，没有删", [str(path) for path in kept])
    templates = settings.templates / str(year)
    for path in [templates, *templates.rglob("*")] if templates.exists() else []:
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
    (folder / "journal.json").unlink()
    console.print(f"已收回 {year} 年。填过的开年事项还在：{folder}", soft_wrap=True, highlight=False)
