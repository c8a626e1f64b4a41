"""The leader's brief: ten figures, what got worse and by whom, what lacks, what waits; two pages, one message."""

import shutil
from dataclasses import replace
from decimal import Decimal

import pytest
from typer.testing import CliRunner

from orchestration.cli.main import app
from sources.declarations.city import load_city
from sources.system.settings import Settings
from tests.end_to_end import test_province as province
from tests.release.conftest import RELEASED_ON, YEAR
from tests.release.test_pdf import squeezed, text_of
from tests.support.sample import PACK
from tests.support.sinks import mail_server, serve, webhook
from warehouse.alerts.messages import Message
from warehouse.alerts.tell import send_brief
from warehouse.catalogue.brief_figures import brief_figures
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.figures.brief import Brief, Lacking, load_brief
from warehouse.figures.fact import Printed
from warehouse.figures.lineage import Lineage
from warehouse.figures.year_figures import load_figures
from warehouse.release.documents.brief_pages import message_of, write_brief_pdf
from warehouse.release.documents.printed_again import text_from
from warehouse.store.connection import open_published

PAGE_END = "\f"


@pytest.fixture(scope="session")
def figures(database):
    return load_figures(database, load_catalogue(PACK), YEAR)


@pytest.fixture(scope="session")
def brief(database, figures) -> Brief:
    return load_brief(database, figures, ["2023年度有 8 条说明等着认定"])


def test_the_figures_are_the_declared_ones_and_each_is_traced_to_the_same_text(brief, database, figures):
    assert tuple(each.reference.indicator for each in brief.figures) == brief_figures(PACK)
    lineage = Lineage(database, load_catalogue(PACK))
    traced = [each for each in brief.figures if each.value != "…"]
    assert len(traced) >= 8
    for each in traced:
        assert text_from(lineage.trace(each.reference), Printed(each.reference, each.value), figures) == each.value


def test_what_misses_its_standard_says_so_and_years_that_do_not_compare_have_no_change(brief):
    of = {each.reference.indicator: each for each in brief.figures}
    assert (of["students_per_teacher"].standard, of["students_per_teacher"].verdict) == ("不高于 20", "未达标")
    assert (of["further_study_rate"].previous, of["further_study_rate"].change) == ("74.83", "不可比")
    assert of["placement_rate"].scope == "不含技工学校"
    assert of["students_full_time"].peers == "0—7210"


def test_schools_that_explain_a_fall_are_those_with_the_greatest_part_of_it(brief, database):
    (fallen,) = (each for each in brief.fallen if each.reference.indicator == "students_full_time")
    parts = database.execute(
        "select school_name, part from core.fct_change_split"
        " inner join core.dim_school using (report_year, school_code)"
        " where report_year = ? and indicator_code = 'students_full_time' and fct_change_split.region_code = ?"
        " and scope_code = ? order by part limit 3",
        [YEAR, fallen.reference.subject, fallen.reference.scope],
    ).fetchall()
    assert fallen.schools == tuple((name, f"−{abs(part):.0f}") for name, part in parts)
    assert fallen.change == Decimal(-1155)


def test_what_grew_or_does_not_compare_is_not_called_worse(brief, figures):
    for each in brief.fallen:
        change = figures.changes[each.reference.indicator]
        assert change.comparability == "comparable"
        assert (change.value > 0) == (figures.catalogue.indicators[each.reference.indicator].direction == "lower")


def test_message_and_pages_say_the_same(brief):
    title, body = message_of(brief)
    assert "全日制在校生人数减少1155人（36360 → 35205）：北部湾职业技术学校 −237" in body
    assert "毕业生平均月收入 没有数" in body
    pages = squeezed(text_of(write_brief_pdf(brief, RELEASED_ON)))
    assert squeezed(title) in pages
    below = body.split("【变差的，和影响最大的学校】")[1]
    assert all(squeezed(line.strip("【】")) in pages for line in below.splitlines())
    assert write_brief_pdf(brief, RELEASED_ON) == write_brief_pdf(brief, RELEASED_ON)


def test_the_fullest_brief_has_two_pages(brief):
    long = "某某某某某某某某某某某某壮族自治县第一职业技术学校"
    fallen = tuple(replace(brief.fallen[0], schools=((long, "−1237（本年不再有）"),) * 3) for _ in range(6))
    lacking = tuple(Lacking("公共基础课（不含思想政治课）教学满意度", brief.lacking[0].told) for _ in range(6))
    full = replace(
        brief, fallen=fallen, fallen_more=9, lacking=lacking, lacking_more=3, to_call=(long,) * 3,
        decisions=("2023年度的报送齐了，发布前还有 11 项要解决，见发布清单里的每一项",) * 20,
    )  # fmt: skip
    assert text_of(write_brief_pdf(full, RELEASED_ON)).count(PAGE_END) <= 2
    assert "另有 12 件" in message_of(full)[1]


def test_a_brief_without_anything_to_tell_says_so(brief):
    quiet = replace(brief, fallen=(), fallen_more=0, lacking=(), lacking_more=0, to_call=(), decisions=())
    assert message_of(quiet)[1].count("\n没有") == 3


# Other cities


def brief_of(settings: Settings, year: int, region: str | None = None) -> Brief:
    with open_published(settings) as connection:
        pack = load_city(settings.city_dir).pack
        return load_brief(connection, load_figures(connection, load_catalogue(pack), year, region))


def test_a_school_that_has_sent_nothing_is_the_first_to_call_and_the_bounds_are_told(three_schools):
    brief = brief_of(three_schools, 2031)
    assert brief.to_call[0] == "第三技工学校"
    assert any(isinstance(each, Lacking) and "1/2 所" in each.told for each in brief.lacking)


def test_beside_a_citys_figures_stand_those_of_its_province(small_province):
    whole = {each.label: each.value for each in brief_of(small_province, 2030).figures}
    of_city = brief_of(small_province, 2030, province.CITY_B)
    assert of_city.peers == load_city(province.CITY_DIR).in_year(2030).name
    beside = {each.label: each.peers for each in of_city.figures if each.peers}
    assert beside["全日制在校生人数"] == whole["全日制在校生人数"] == "1160"


# Sent


def test_it_goes_to_the_channels_that_take_briefs_and_to_no_school(fresh_copy, city, tmp_path, monkeypatch):
    folder = tmp_path / "city"
    shutil.copytree(fresh_copy.city_dir, folder)
    with mail_server() as leader, mail_server() as clerk, serve(webhook) as school:
        monkeypatch.setenv("SCHOOL_URL", school.url)
        mail = "kind: mail, host: 127.0.0.1, security: insecure, sender: a@b.cn"
        (folder / "alerts.yml").write_text(
            "enabled: false\nchannels:\n"
            f"  - {{name: 领导, {mail}, port: {leader.port}, to: [leader@b.cn], only: [brief]}}\n"
            f"  - {{name: 值班, {mail}, port: {clerk.port}, to: [clerk@b.cn], only: [run]}}\n"
            '  - {name: 学校, kind: webhook, url_env: SCHOOL_URL, respondents: ["3645900002"]}\n',
            encoding="utf-8",
        )
        outcome = send_brief(replace(fresh_copy, city_dir=folder), city, Message("简报", "一行"))
    assert outcome.sent == 1
    assert [(to, subject) for to, subject, _ in leader.letters] == [("leader@b.cn", "简报")]
    assert clerk.letters == []
    assert school.received == []


def test_the_command_prints_the_message_and_says_where_the_pages_lie(fresh_copy, monkeypatch):
    monkeypatch.setenv("NIANBAO_HOME", str(fresh_copy.home))
    done = CliRunner().invoke(app, ["brief", "--year", str(YEAR)])
    assert done.exit_code == 0, done.output
    assert done.output.startswith("钦州市2023年度中等职业教育简报\n数据完整度：12/12 所学校")
    assert "发布前还有" in done.output
    (pdf,) = (fresh_copy.home / "documents" / "2023-领导简报").iterdir()
    assert pdf.name in done.output
