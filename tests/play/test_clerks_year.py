"""A year of exchange, played from `new-year` to a revision of the frozen year, and compared with what is written.

A city of 12, whose schools' workbooks LibreOffice has saved, and a province of 48 with the same script and expectation
(`poured`: LibreOffice takes a second for each file). Everything is real: the commands that a clerk types, the last step
of each night by Dagster, and a mail server that gets what alerts and mail merge send. Of the province an alert says
headlines only, of everybody in one message: the sentences below them are compared in the city. 300 schools cost more
than twice the time: they were played by hand (docs/decisions/0043 has what came of it).
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from pathlib import Path

import openpyxl
import pytest
import yaml

from orchestration.cli import years
from sources.archive.tokens import tokens_for
from sources.declarations.city import City, load_city
from sources.sample.population import (
    MadeUpSchool,
    MadeUpVersion,
    Plant,
    Population,
    bureau_values,
    population,
    reported,
    write_configuration,
)
from sources.sample.poured import SENT_AT, workbook
from sources.submission.explanation import GivenExplanation, Question
from sources.submission.file_names import workbook_file_name
from sources.system.settings import Settings
from sources.write.new_year_form import OTHER, RESPONDENTS_SHEET, WHAT
from sources.write.template import build_workbook
from tests.conftest import long, run_all, select
from tests.play import expected
from tests.play.clerk import BY, CLERK, SENDER, YEAR, Clerk
from tests.play.expected import Day
from tests.play.schools import (
    NO_CODE,
    NOT_WHOLE,
    Hand,
    Part,
    Schools,
    Sent,
    dated,
    explained,
    left_blank,
    one_teacher_more,
    reports,
)
from tests.play.seen import Seen
from tests.support.sinks import Mailbox, mail_server

ACTIONS = [
    "new-year",
    "new-year again",  # when the form is filled in
    "mail-out",
    "send the mails",
    "mail-out",
    "send the mails",
    "decide --to",
    "decide --from",
    "mail-out",
    "send the mails",
    "release --dry-run --to",
    "confirm --from",
    "release",
    "decide --version",
    "release",
]
"""Of a whole year, whatever the number of schools; filling in a form or a list is judging."""
AT_MOST = 15
LAST_YEAR = YEAR - 1
REASONS: dict[Part, str] = {
    "去年": "这是上年的文件，请报本年度的",
    "守时": "封面是别的学校的，请用发给贵单位的模板",
    "并出": "已经并入，由接收的学校填报",
    "无时": "不是最后的一份",
}
"""Why a file that waits is not taken, by the part of the school whose name its cover has."""


class Year:
    """The script: who sends what, and what the clerk does."""

    def __init__(self, clerk: Clerk, schools: Schools) -> None:
        self.clerk, self.schools, self.seen = clerk, schools, Seen(clerk, schools)
        self.before: City = clerk.city
        """Without the year: the merged schools are there still."""

    # --- What schools send ---------------------------------------------------------------------------------------

    def file(
        self,
        school: MadeUpSchool,
        *plants: Plant,
        name: str = "",
        more: bool = False,
        cover_of: MadeUpSchool | None = None,
        folder: bool = False,
        **cover: str,
    ) -> Sent:
        """A school's workbook of today on its template, with one teacher more if it says so; or on another's."""
        of, today = (cover_of or school).respondent, self.clerk.settings.today
        values = reports(school, YEAR, today, *plants)
        values = dated(one_teacher_more(values) if more else values, today, **cover)
        token = tokens_for(self.clerk.settings.archive, [of.code], YEAR)[of.code]
        version = MadeUpVersion("", of, YEAR, values, reported(school, LAST_YEAR), token=token)
        place = f"{school.respondent.code}/年报.xlsx" if folder else f"{school.respondent.name}{name}.xlsx"
        return Sent(place, workbook(self.clerk.city, version), datetime.combine(today, time(2)))

    def last_years(self, school: MadeUpSchool) -> Sent:
        values = reports(school, LAST_YEAR, date(LAST_YEAR, 11, 15))
        data = workbook(self.before, MadeUpVersion("", school.respondent, LAST_YEAR, values, None))
        return Sent(f"{school.respondent.name}.xlsx", data, datetime(LAST_YEAR, 11, 16))

    def on_no_template(self, school: MadeUpSchool) -> Sent:
        """A merged school has none of the year: it has changed the year on its last one."""
        values = reports(school, YEAR, self.clerk.settings.today)
        data = workbook(self.before, MadeUpVersion("", school.respondent, YEAR, values, None))
        return Sent(f"{school.respondent.name}.xlsx", data, datetime(YEAR, 11, 19))

    def of_bureau(self, code: str) -> Sent:
        """What a bureau reports when all its schools have."""
        (bureau,) = (each for each in self.schools.everybody.bureaus if each.code == code)
        merged = [each.respondent.code for each in self.schools.of["并出"]]
        own = [s for s in self.schools.everybody.schools if s.bureau == code and s.respondent.code not in merged]
        today = self.clerk.settings.today
        values = {each.respondent.code: reports(each, YEAR, today) for each in own}
        totals = dated(bureau_values(own, values, list(values.values()), YEAR), today)
        token = tokens_for(self.clerk.settings.archive, [code], YEAR)[code]
        data = workbook(self.clerk.city, MadeUpVersion("", bureau, YEAR, totals, None, token=token))
        return Sent(f"{bureau.name}.xlsx", data, datetime.combine(today, time(2)))

    def explained(self, school: MadeUpSchool) -> Sent:
        """With the school's reason: typed into the marked workbook that it got, or poured."""
        today, code = self.clerk.settings.today, school.respondent.code
        (marked,) = (self.clerk.settings.feedback / str(YEAR)).glob(f"{school.respondent.name}_*")
        if self.schools.hand == "office":
            data = explained(marked)
        else:
            rows = select(
                self.clerk.settings,
                "select rule_id, rule_version, sheet, coalesce(column_name, '') as column_name,"
                " coalesce(record_key, '') as record_key from registry.finding inner join registry.submission"
                f" using (submission_id) where severity = 'warning' and respondent_code = '{code}'",
            )
            said = [
                GivenExplanation(Question(**row), "核实过，确实如此", "李老师") for row in rows.iter_rows(named=True)
            ]
            token = tokens_for(self.clerk.settings.archive, [code], YEAR)[code]
            values, last = reports(school, YEAR, date(YEAR, 11, 20), left_blank), reported(school, LAST_YEAR)
            data = build_workbook(self.clerk.city, school.respondent, YEAR, values, last, said, token)
        return Sent(f"{school.respondent.name}说明.xlsx", data, datetime.combine(today, time(2)))

    def arrive(self, files: Sequence[Sent]) -> None:
        for place, data in self.schools.saved(files).items():
            self.put(place, data)

    def put(self, place: str, data: bytes) -> None:
        path = self.clerk.settings.inbox / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        at = SENT_AT + (self.clerk.settings.today - date(YEAR, 1, 1)).days
        os.utime(path, (at, at))

    # --- What the clerk does -------------------------------------------------------------------------------------

    def opens(self, day: Day) -> None:
        clerk, of = self.clerk, self.schools.of
        clerk.on(day.on)
        with clerk.monkeypatch.context() as patched:
            if self.schools.hand == "poured":  # made again by the second call: seconds of a processor
                patched.setattr(years, "template", lambda **_: None)
            clerk.types("new-year", "new-year", str(YEAR))
        merged = {each.respondent.code: self.schools.next_to(each).respondent.name for each in of["并出"]}
        _fill_form(clerk.settings.home / "new_year" / str(YEAR) / f"{YEAR}年度开年事项.xlsx", merged)
        clerk.types("new-year again", "new-year", str(YEAR))
        self.writes(day)

    def writes(self, day: Day) -> None:
        """The letters of a morning."""
        self.clerk.on(day.on)
        self.seen.after(day, self.clerk.mails_out())

    def sleeps(self, day: Day) -> None:
        """A night."""
        self.seen.after(day, self.clerk.night())

    def judges(self) -> None:
        """Explanations are accepted; of files that wait together the last is taken, and no other."""
        self.clerk.types("decide --to", "decide", "--to", "认定清单.xlsx")
        book = openpyxl.load_workbook("认定清单.xlsx")
        sheet = book.active
        at = {cell.value: cell.column for cell in sheet[1]}
        part_of = {each.respondent.name: part for part, schools in self.schools.of.items() for each in schools}
        taken: set[str] = set()
        for row in range(2, sheet.max_row + 1):
            name, about = (sheet.cell(row, at[heading]).value for heading in ("单位", "事项"))
            verdict, reason = "认可", ""
            if about != "说明" and part_of[name] == "无时" and name not in taken:
                taken.add(name)
                verdict, reason = "采用", "电话问过，是这一份"
            elif about != "说明":
                verdict, reason = "不采用", REASONS[part_of[name]]
            sheet.cell(row, at["认定"]).value, sheet.cell(row, at["理由"]).value = verdict, reason
        book.save("认定清单.xlsx")
        self.clerk.types("decide --from", "decide", "--from", "认定清单.xlsx", *BY)

    def releases(self) -> None:
        self.clerk.types("release --dry-run --to", "release", str(YEAR), "--dry-run", "--to", "确认清单.xlsx")
        self.clerk.fill(Path("确认清单.xlsx"), {"确认人": "王科长", "理由": "逐项核实过"})
        self.clerk.types("confirm --from", "confirm", "--from", "确认清单.xlsx")
        self.clerk.types("release", "release", str(YEAR))

    # --- The year ------------------------------------------------------------------------------------------------

    def play(self) -> None:
        # Long: a year is told from its first day to its last.
        clerk, of = self.clerk, self.schools.of
        self.opens(expected.OPENED)

        clerk.on(expected.FIRST.on)
        files = [self.file(each) for part in ("守时", "重发", "钟错") for each in of[part]]
        files += [self.file(each, folder=True).cut_off() for each in of["传坏"]]
        files += [self.file(each, NOT_WHOLE) for each in of["错报"]]
        files += [self.file(each, NOT_WHOLE, NO_CODE) for each in of["改半"]]
        files += [self.last_years(each) for each in of["去年"]]
        files += [self.file(each, name=name, more=bool(name)).timed(None) for each in of["无时"] for name in ("二", "")]
        files += [self.on_no_template(each) for each in of["并出"]]
        files += [self.file(each, left_blank) for each in of["并入"]]
        self.arrive(files)
        for each in of["重发"]:
            sent = clerk.settings.inbox / f"{each.respondent.name}.xlsx"
            self.put(f"{each.respondent.name}（再发）.xlsx", sent.read_bytes())
        self.sleeps(expected.FIRST)

        self.writes(expected.REMINDED)

        clerk.on(expected.MENDED.on)
        files = [self.file(each, folder=True) for each in of["传坏"]]
        files += [self.file(each, name="改") for each in of["错报"]]
        files += [self.file(each, NO_CODE, name="改") for each in of["改半"]]
        files += [self.file(each, name="更正", more=True).timed(datetime(2010, 1, 1)) for each in of["钟错"]]
        files += [self.file(each, cover_of=self.schools.next_to(each, -1), folder=True) for each in of["错校"]]
        files += [self.explained(each) for each in of["并入"]]
        self.arrive(files)
        self.sleeps(expected.MENDED)

        clerk.on(expected.DECIDED.on)
        self.judges()
        self.sleeps(expected.DECIDED)

        self.writes(expected.URGED)

        clerk.on(expected.COMPLETE.on)
        files = [self.file(each, name="（本年）") for part in ("误期", "错校", "去年") for each in of[part]]
        files += [self.file(each, name="再改") for each in of["改半"]]
        self.arrive([*files, *(self.of_bureau(each.code) for each in self.schools.everybody.bureaus)])
        self.sleeps(expected.COMPLETE)

        clerk.on(expected.RELEASED.on)
        self.releases()
        self.seen.after(expected.RELEASED, clerk.looks_again())

        reviser = of["守时"][0]
        clerk.on(expected.ORDINARY.on)
        self.arrive([self.file(reviser, name="又改", more=True)])
        self.sleeps(expected.ORDINARY)

        clerk.on(expected.REVISED.on)
        self.arrive([self.file(reviser, name="修订", more=True, revision_reason="漏报一人")])
        self.sleeps(expected.REVISED)

        clerk.on(expected.TAKEN.on)
        (held,) = select(
            clerk.settings, "select submission_id from registry.submission where status = 'held' order by sequence"
        ).rows()[1:]
        clerk.types("decide --version", "decide", "--version", held[0][:8], *BY, "--reason", "漏报，属实")
        self.sleeps(expected.TAKEN)

        clerk.on(expected.AGAIN.on)
        clerk.types("release", "release", str(YEAR))
        self.seen.after(expected.AGAIN, clerk.looks_again())


def _fill_form(path: Path, merged: dict[str, str]) -> None:
    """Who has become part of whom, and a name on every sheet."""
    book = openpyxl.load_workbook(path)
    sheet = book[RESPONDENTS_SHEET]
    head = {cell.value: cell.column for cell in sheet[4]}
    for row in range(5, sheet.max_row + 1):
        if into := merged.get(sheet.cell(row, 1).value):
            sheet.cell(row, head[WHAT]).value, sheet.cell(row, head[OTHER]).value = "并入", into
    for each in book.worksheets:
        each.cell(2, 2).value = "王科长"
    book.save(path)


def _configure(everybody: Population, folder: Path, port: int) -> None:
    """A place with one year, which freezes; whom letters go to; and a mail server for alerts."""
    write_configuration(everybody, [LAST_YEAR], folder)
    calendar = folder / "calendar.yml"
    calendar.write_text(calendar.read_text("utf-8").replace("2099-12-31", f"{YEAR}-01-31"), "utf-8")
    codes = [*(each.code for each in everybody.bureaus), *(each.respondent.code for each in everybody.schools)]
    contacts = [{"respondent": each, "name": "张老师", "mail": [f"{each}@school.example.cn"]} for each in codes]
    (folder / "contacts.yml").write_text(yaml.dump({"contacts": contacts}, allow_unicode=True), "utf-8")
    mail = {"kind": "mail", "host": "127.0.0.1", "port": port, "security": "insecure", "sender": SENDER}
    alerts = {"enabled": True, "channels": [mail | {"name": "教育局", "to": [CLERK]}]}
    (folder / "alerts.yml").write_text(yaml.dump(alerts, allow_unicode=True), "utf-8")


def _last_year(year: Year) -> None:
    """Everybody has sent last year's workbook in time, and the year was released."""
    year.clerk.on(date(LAST_YEAR, 11, 20))
    for bureau in year.schools.everybody.bureaus:
        own = [each for each in year.schools.everybody.schools if each.bureau == bureau.code]
        values = {each.respondent.code: reports(each, LAST_YEAR, date(LAST_YEAR, 11, 15)) for each in own}
        totals = dated(bureau_values(own, values, list(values.values()), LAST_YEAR), date(LAST_YEAR, 11, 15))
        for of, sent in [*((each.respondent, values[each.respondent.code]) for each in own), (bureau, totals)]:
            version = MadeUpVersion("", of, LAST_YEAR, sent, None)
            year.put(workbook_file_name(of, LAST_YEAR), workbook(year.before, version))
    run_all(year.clerk.settings, year.before, (LAST_YEAR,))
    year.clerk.looks("release", str(LAST_YEAR))
    year.clerk.looks_again()


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as mailbox:
        yield mailbox


HANDS: list[tuple[int, Hand]] = [(12, "office"), (48, "poured")]


@pytest.mark.deep
@pytest.mark.parametrize("played", [HANDS[0], *long(HANDS[1])], ids=["city", "province"])
def test_a_year_of_exchange_without_one_wrong_word(
    played: tuple[int, Hand], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mailbox: Mailbox
):
    schools, hand = played
    if hand == "office" and shutil.which("soffice") is None:
        pytest.skip("LibreOffice is not installed")
    everybody = population(schools)
    settings = Settings(home=tmp_path / "home", city_dir=tmp_path / "city")
    _configure(everybody, settings.city_dir, mailbox.port)
    for name, value in {"NIANBAO_HOME": settings.home, "NIANBAO_CITY": settings.city_dir}.items():
        monkeypatch.setitem(os.environ, name, str(value))
    monkeypatch.chdir(tmp_path)
    load_city.cache_clear()
    year = Year(Clerk(settings, mailbox, monkeypatch), Schools(everybody, hand, tmp_path / "office"))
    _last_year(year)
    year.play()
    print(f"{schools} schools: {len(year.clerk.actions)} deliberate actions")
    assert not year.seen.differences, "\n".join(year.seen.differences)
    assert year.clerk.actions == ACTIONS
    assert len(ACTIONS) <= AT_MOST
    assert [path.name for path in sorted((settings.home / "releases").glob(f"{YEAR}.*"))] == ["2023.1", "2023.2"]
