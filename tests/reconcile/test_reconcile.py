"""Printed figures against what was submitted and against each other: what is wrong, why, and what stays unaccused."""

import csv
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.declarations.city import City, load_city
from sources.declarations.problem import DeclarationError
from sources.system.settings import CITIES_ROOT, Settings
from tests.bench.reconcile_seeder import CLASSES, clean, measure, printed_as, total
from tests.conftest import deep
from tests.support.sample import PACK
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.figures.fact import CHANGE, VALUE, Reference
from warehouse.reconcile.judging.causes import DIAGNOSES
from warehouse.reconcile.judging.corrections import Print, judge
from warehouse.reconcile.judging.derive import derive, measure_rules
from warehouse.reconcile.judging.hints import magnitude_hints
from warehouse.reconcile.judging.misprints import slip
from warehouse.reconcile.judging.relations import Interval, parse_rule
from warehouse.reconcile.memo import page
from warehouse.reconcile.reading.figure_list import read_list
from warehouse.reconcile.reading.names import load_names
from warehouse.reconcile.reading.printed_figure import PrintedFigure, number_in
from warehouse.reconcile.reconcile import reconcile, reconcile_file, save
from warehouse.reconcile.verdicts import SCHEMA, VERDICTS

CITY_DIR = CITIES_ROOT / "450700"
PUBLISHED = CITY_DIR / "published" / "2023.csv"
QINZHOU = load_city(CITY_DIR)
THREE_SCHOOLS = load_city(Path(__file__).parents[1] / "cities" / "three_schools")

WRONG = {
    "F008": ("4", "last_year"),  # 8 public and 3 private schools are not 12; the year before there were three
    "F289": ("4", "last_year"),  # the same, printed again
    "F011": ("4", "unexplained"),  # the bureau's list has four demonstration schools
    "F071": ("1.21:1", "truncated"),  # 28475 / 23561 = 1.2086
    "F094": ("16.99", "one_digit"),  # the base of the other per-student figures gives 16.99
    "F295": ("16.99", "one_digit"),  # the same, printed again
    "F217": ("116", "total_parts"),  # 132 majors less the technician school's 16
    "F157": ("34", "unexplained"),  # 2 first, 16 second and 16 third prizes
    "F287": ("1.494", "power_of_ten"),  # ten times what a year's allocation for each student allows
}
UNDECIDED = {"F123", "F132", "F142", "F144", "F146"}
"""Three industries that add up to ten fewer than were employed: in the submissions as in the print."""


@pytest.fixture(scope="module")
def figures() -> list[PrintedFigure]:
    return read_list(PUBLISHED)


@pytest.fixture(scope="module")
def found(city_run: Settings, figures: list[PrintedFigure]) -> dict[str, dict]:
    with duckdb.connect(str(city_run.published_database), read_only=True) as connection:
        return by_id(reconcile(connection, QINZHOU, load_catalogue(PACK), figures))


def by_id(frame: pl.DataFrame) -> dict[str, dict]:
    return {row["figure_id"]: row for row in frame.iter_rows(named=True)}


def suspects(rows: dict[str, dict]) -> set[str]:
    return {figure for figure, row in rows.items() if row["is_suspected"]}


# --- the published list --------------------------------------------------------------------------------------------


def test_exactly_the_contradictory_figures_of_the_report_are_accused_with_what_they_should_be(found):
    accused = {figure: (found[figure]["suggested"], found[figure]["diagnosis"]) for figure in suspects(found)}
    assert accused == WRONG


def test_a_breach_that_is_in_the_submissions_too_is_shown_and_accuses_nobody(found):
    shown = {figure for figure, row in found.items() if row["broken_relations"] and figure not in WRONG}
    assert shown == UNDECIDED | {"F143", "F145", "F147"}
    why = found["F123"]["explanation"]
    assert "267" in why
    assert "3994" in why
    assert "报送数据同样不相等" in why
    assert "第一产业就业人数 267 → 277" in why


def test_a_change_between_two_scopes_is_pointed_out_and_right(found):
    assert (found["F137"]["verdict"], found["F137"]["diagnosis"]) == ("consistent", "incomparable")


def test_parts_that_may_overlap_are_no_contradiction(found):
    assert found["F256"]["verdict"] == "consistent"
    assert "不是矛盾" in found["F256"]["explanation"]


def test_the_sum_of_parts_that_is_the_recomputed_value_speaks_against_the_print(found):
    assert "之和为 34，就是重算值" in found["F157"]["explanation"]
    assert "不是矛盾" not in found["F157"]["explanation"]


def test_an_amount_a_power_of_ten_from_its_neighbour_is_told_with_the_neighbour(found):
    assert "年生均财政拨款为 4628.71" in found["F287"]["explanation"]
    assert "请核对数量级" in found["F287"]["explanation"]


def test_without_the_warehouse_such_an_amount_is_a_question(figures):
    row = by_id(reconcile(None, QINZHOU, load_catalogue(PACK), figures))["F287"]
    assert (row["is_suspected"], "请核对数量级" in row["explanation"]) == (False, True)


def test_without_the_warehouse_the_report_convicts_itself(figures):
    rows = by_id(reconcile(None, QINZHOU, load_catalogue(PACK), figures))
    assert suspects(rows) == {"F071", "F094", "F295", "F217"}
    assert rows["F217"]["suggested"] == "116"
    contradicting = {figure for figure, row in rows.items() if row["verdict"] == "contradicts"}
    # 8 + 3 = 12 is seen, but nothing tells which of the three is wrong
    assert contradicting >= {"F001", "F007", "F008", "F289", *UNDECIDED}
    why = rows["F289"]["explanation"]
    assert "8 → 9" in why
    assert "3 → 4" in why


def test_a_list_in_the_reports_own_words_gives_the_same(published, figures, found, tmp_path):
    path = tmp_path / "list.csv"
    write_plain(figures, path)
    rows = by_id(reconcile(published, QINZHOU, load_catalogue(PACK), read_list(path), [PUBLISHED]))
    columns = ("indicator_code", "subject_code", "scope_code", "kind", "verdict", "diagnosis", "suggested")
    assert {f: [row[c] for c in columns] for f, row in rows.items()} == {
        f: [row[c] for c in columns] for f, row in found.items()
    }


def write_plain(figures: list[PrintedFigure], path: Path) -> None:
    """The list as a reader writes it down: names instead of codes."""
    scopes = {scope.code: scope.label for scope in QINZHOU.scopes} | {"school": "本校"}
    names = {r.code: r.name for r in QINZHOU.respondents}
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        columns = (
            "figure_id",
            "section",
            "year",
            "subject",
            "indicator",
            "value",
            "unit",
            "as_printed",
            "scope",
            "note",
        )
        writer.writerow(columns)
        for f in figures:
            assert f.codes
            wider = load_catalogue(PACK).indicators[f.codes.indicator].label.startswith("全区")
            whose = {"standard": "标准"}.get(f.codes.kind, "广西" if wider else names[f.subject].replace("教育局", ""))
            scope = {"standard": "标准", "target": "目标"}.get(f.codes.kind, scopes[f.scope])
            writer.writerow([f.figure_id, f.section, f.year, whose, f.label, f.value, f.unit, f.printed, scope, ""])


def test_the_catalogues_names_alone_find_nearly_every_indicator_and_none_wrongly(figures, tmp_path):
    path = tmp_path / "list.csv"
    write_plain(figures, path)
    frame = reconcile(None, QINZHOU, load_catalogue(PACK), read_list(path))
    codes = frame.get_column("indicator_code").to_list()
    assert [c for c, f in zip(codes, figures, strict=True) if c and f.codes and c != f.codes.indicator] == []
    assert codes.count(None) <= 6


# --- planted errors ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("a_class", [5, *deep(60)])
def test_planted_errors_are_found_named_and_accuse_nobody_else(published, figures, a_class):
    scores = measure(published, QINZHOU, figures, limit=a_class)
    assert {score.kind for score in scores if score.planted} == set(CLASSES)
    everything = total(scores)
    assert everything.recall >= 0.95
    assert everything.precision >= 0.98
    assert everything.right_diagnosis >= 0.9


@pytest.mark.parametrize(
    ("figure", "printed", "diagnosis"),
    [
        ("F041", "6319", "swapped"),
        ("F059", "2.33:1", "truncated"),
        ("F084", "1155↑", "sign"),
        ("F275", "44341000", "yuan"),
        ("F122", "27.33", "percentage_point"),
        ("F105", "0.9696", "fraction"),
        ("F052", "1772", "total_parts"),
        ("F058", "38999", "text_table"),
        ("F063", "1.84:1", "other_definition"),
        ("F069", "1562", "missing_digit"),
    ],
)
def test_an_error_gets_its_own_name(published, figures, figure, printed, diagnosis):
    wrong = [reprinted(f, printed) if f.figure_id == figure else f for f in figures]
    row = by_id(reconcile(published, QINZHOU, load_catalogue(PACK), wrong))[figure]
    assert (row["is_suspected"], row["diagnosis"]) == (True, diagnosis)
    assert DIAGNOSES[diagnosis] in row["explanation"]


def reprinted(figure: PrintedFigure, printed: str) -> PrintedFigure:
    value = number_in(printed)
    assert value is not None
    assert figure.value is not None
    return replace(figure, printed=printed, value=-value if figure.value < 0 < value and "↑" not in printed else value)


def test_a_whole_row_of_last_year_is_found_although_it_adds_up(published, figures):
    last_year = {f"F{n}": f"F{n - 4}" for n in range(211, 215)}
    values = {f.figure_id: f.value for f in figures}
    wrong = [printed_as(f, values[last_year[f.figure_id]]) if f.figure_id in last_year else f for f in figures]
    rows = by_id(reconcile(published, QINZHOU, load_catalogue(PACK), wrong))
    assert {rows[figure]["diagnosis"] for figure in ("F211", "F213", "F214")} == {"last_year"}
    assert suspects(rows) == {*WRONG, "F211", "F213", "F214"}


def test_a_whole_column_a_row_off_is_found_although_its_total_is_right(published, figures):
    column = [f for f in figures if f.codes and f.codes.indicator == "teachers_full_time" and f.scope == "school"]
    values = [f.value for f in column]
    below = dict(zip((f.figure_id for f in column), [values[-1], *values[:-1]], strict=True))
    wrong = [printed_as(f, below[f.figure_id]) if f.figure_id in below else f for f in figures]
    rows = by_id(reconcile(published, QINZHOU, load_catalogue(PACK), wrong))
    assert suspects(rows) == {*WRONG, *below}
    assert sum(rows[figure]["diagnosis"] == "shifted" for figure in below) >= 10


def test_when_the_warehouse_has_moved_on_the_print_that_agrees_with_itself_is_not_accused(
    published, figures, found, monkeypatch
):
    """A school has reported 37 more students after the report was printed."""
    from warehouse.reconcile import reconcile as module

    original: Callable = module.recompute

    def moved(*arguments):
        known = original(*arguments)
        more = {
            fact: value + 37
            for fact, value in known.values.items()
            if fact.year == 2023
            and fact.indicator in ("students_full_time", "upper_secondary_students")
            and (fact.scope != "school" or fact.subject == "3645900002")
        }
        return replace(known, values=known.values | more)

    monkeypatch.setattr(module, "recompute", moved)
    rows = by_id(reconcile(published, QINZHOU, load_catalogue(PACK), figures))
    assert suspects(rows) == set(WRONG)
    changed = {figure for figure, row in rows.items() if row["verdict"] != found[figure]["verdict"]}
    assert changed == {"F020", "F053", "F056", "F058", "F076", "F084"}
    assert {rows[figure]["diagnosis"] for figure in changed} == {"conflict"}


# --- what cannot be judged -----------------------------------------------------------------------------------------


def test_an_unknown_indicator_stays_a_row(published, figures):
    odd = [
        replace(figures[0], figure_id="X1", codes=Reference("no_such_indicator", 2023, "450700", "all")),
        *figures,
    ]
    rows = by_id(reconcile(published, QINZHOU, load_catalogue(PACK), odd))
    assert len(rows) == len(figures) + 1
    assert (rows["X1"]["verdict"], rows["X1"]["diagnosis"]) == ("not_matched", "not_matched")
    assert suspects(rows) == set(WRONG)


def test_a_year_that_was_not_built_is_judged_by_the_print_alone(published):
    def later(figure: PrintedFigure) -> PrintedFigure:
        assert figure.codes
        assert figure.year
        return replace(figure, year=figure.year + 5, codes=replace(figure.codes, year=figure.year + 5))

    rows = by_id(reconcile(published, QINZHOU, load_catalogue(PACK), [later(f) for f in read_list(PUBLISHED)]))
    assert {row["recomputed"] for row in rows.values() if row["kind"] == "value"} == {None}
    assert suspects(rows) == {"F071", "F094", "F295", "F217"}
    assert rows["F112"]["verdict"] == "not_verifiable"


def test_another_city_needs_no_list_of_its_own(tmp_path):
    path = tmp_path / "report.txt"
    path.write_text("全市中职学校3所，其中公办2所，民办2所。毕业生105人，升学人数65人，占比61.09%。", encoding="utf-8")
    result = reconcile_file(None, THREE_SCHOOLS, load_catalogue(PACK), path, 2031)
    rows = by_id(result.frame)
    assert [row["indicator_code"] for row in rows.values()] == [
        "schools",
        "schools_public",
        "schools_private",
        "graduates",
        "further_study",
        "further_study_rate",
    ]
    # the city's own definition from 2031 on divides by those placed: the rate cannot be checked by the graduates
    assert rows["T006"]["verdict"] == "not_verifiable"
    assert {rows[f]["verdict"] for f in ("T001", "T002", "T003")} == {"contradicts"}


def test_the_number_in_print_counts_where_the_lists_own_column_says_otherwise(published, figures, tmp_path):
    path = tmp_path / "list.csv"
    text = PUBLISHED.read_text("utf-8").replace("7210,7210", "7210,7201")
    path.write_text(text, encoding="utf-8")
    row = by_id(reconcile(published, QINZHOU, load_catalogue(PACK), read_list(path)))["F017"]
    assert (row["verdict"], row["diagnosis"], row["is_suspected"]) == ("consistent", "list_columns", False)
    assert "7201" in row["explanation"]


def test_a_list_without_rows_gives_a_memo_without_findings(published, tmp_path):
    path = tmp_path / "list.csv"
    path.write_text(PUBLISHED.read_text("utf-8").splitlines()[0] + "\n", encoding="utf-8")
    result = reconcile_file(published, QINZHOU, load_catalogue(PACK), path, 2023)
    assert result.frame.height == 0
    assert "共 0 个印刷数字" in result.memo


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n"])
def test_a_file_that_is_no_list_is_refused_with_its_name(text, tmp_path):
    path = tmp_path / "odd.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"odd\.csv"):
        read_list(path)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text("0123456789.,-约万亿%↑↓:人 ", max_size=12),
            st.sampled_from(["12", "0", "-3.5", "1e9", "99999999999999999999999", "", "万"]),
            st.sampled_from(["2023", "2022", "", "20231", "二〇二三"]),
            st.sampled_from(["全市", "北部湾职业技术学校", "无此学校", "标准", ""]),
            st.sampled_from(["专任教师数", "毕业晋升率-比上年变化", "没有这个指标", ""]),
            st.sampled_from(["人", "万元", "%", ""]),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_as_many_rows_come_out_as_go_in_whatever_they_hold(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("fuzz") / "list.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["figure_id", "section", "year", "subject", "indicator", "value", "unit", "as_printed", "scope"]
        )
        for number, (printed, value, year, subject, label, unit) in enumerate(rows):
            writer.writerow([f"X{number}", "1", year, subject, label, value, unit, printed, "全市"])
    frame = reconcile(None, QINZHOU, load_catalogue(PACK), read_list(path))
    assert frame.get_column("figure_id").to_list() == [f"X{number}" for number in range(len(rows))]
    assert set(frame.get_column("verdict")) <= set(VERDICTS)


# --- where it goes -------------------------------------------------------------------------------------------------


def test_the_result_is_a_table_a_memo_and_a_page(published, figures):
    result = reconcile_file(published, QINZHOU, load_catalogue(PACK), PUBLISHED, 2023)
    with duckdb.connect() as connection:
        save(connection, result)
        save(connection, result)
        (rows, accused) = connection.execute(
            "select count(*), count(*) filter (where is_suspected) from reconciliation.figure where report_year = 2023"
        ).fetchone() or (0, 0)
        comments = connection.execute(
            "select count(*) from duckdb_columns() where schema_name = 'reconciliation' and comment is null"
        ).fetchone()
    assert (rows, accused, comments) == (len(figures), len(WRONG), (0,))
    assert "F008（1.2）、F289（8.1）" in result.memo
    assert "印为 17.99，应为 16.99" in result.memo
    assert "None" not in result.memo
    html = page(result)
    assert html.count('<tr id="F') == len(figures)
    assert html.count('class="wrong"') == len(WRONG)
    assert set(result.frame.columns) == set(SCHEMA)


# --- relations and judgement ---------------------------------------------------------------------------------------


def test_rules_of_contracts_become_relations_of_measures():
    assert parse_rule("a + b <= c") == parse_rule("c >= a + b")
    assert [sorted((int(c), m) for c, m in rule.terms) for rule in parse_rule("a = 6000 * b and c <= d")] == [
        [(-6000, "b"), (1, "a")],
        [(-1, "d"), (1, "c")],
    ]
    assert parse_rule("a is null or b > 0") == []
    assert parse_rule("a <= 5") == []


def test_the_schools_of_a_sum_stand_in_the_order_of_their_codes():
    """In the order of a set, the words of a memo would change from run to run."""
    codes = sorted(r.code for r in QINZHOU.respondents_in(2023) if r.kind == "school")
    roster = {2023: {code: {"category": "secondary_vocational"} for code in codes}}
    students = [Reference("students_full_time", 2023, code, "school") for code in codes]
    (relation,) = derive([*students[::-1], fact("students_full_time")], QINZHOU, load_catalogue(PACK), roster)
    assert [f.subject for f in relation.facts] == [*codes, QINZHOU.code]


@pytest.mark.parametrize(
    ("terms", "sign"),
    [
        ({"schools_public": 1, "schools_private": 1, "schools": -1}, "="),  # a partition of the roster
        ({"further_study_undergraduate": 1, "further_study_college": 1, "further_study": -1}, "="),  # a contract's rule
        ({"employed_primary": 1, "employed_secondary": 1, "employed_tertiary": 1, "employed": -1}, "="),  # two of them
        ({"aid_national_scholarship_amount": 1, "aid_national_scholarship_recipients": -6000}, "="),  # under a code
        ({"majors_demonstration": 1, "majors": -1}, "<="),  # a subset
        (
            {"official_awards_national": -1}
            | {f"official_awards_national_{p}": 1 for p in ("first", "second", "third")},
            "=",
        ),
    ],
)
def test_what_the_declarations_imply_is_known(terms, sign):
    known = {(frozenset((int(c), m) for c, m in rule.terms), rule.sign) for rule in measure_rules(load_catalogue(PACK))}
    signed = frozenset((c, m) for m, c in terms.items())
    assert (signed, sign) in known or (frozenset((-c, m) for c, m in signed), sign) in known


def fact(indicator: str, scope: str = "all", kind: str = "value", year: int = 2023) -> Reference:
    return Reference(indicator, year, QINZHOU.code, scope, kind)


def one(position: int, value: str) -> Print:
    number = Decimal(value)
    return Print(position, number, Decimal(1), Interval(number, number))


def a_part_of_two_totals() -> dict[Reference, list[Print]]:
    """A part (82279) that a sum and a change contradict."""
    return {
        fact("senior_high_students"): [one(0, "82279")],
        fact("students_full_time"): [one(1, "35205")],
        fact("upper_secondary_students"): [one(2, "117502")],
        fact("senior_high_students", kind=CHANGE): [one(3, "3492")],
        fact("senior_high_students", year=2022): [one(4, "78805")],
    }


def test_the_smallest_likeliest_correction_is_the_one_that_is_made(city: City):
    """Two totals share a part; only that part explains both breaches."""
    prints = a_part_of_two_totals()
    verdicts = judge(prints, derive(prints, city, load_catalogue(PACK), {}), {})
    assert {p: s.suggested for p, s in verdicts.suspicions.items() if s.confidence > 0.75} == {0: Decimal(82297)}


def test_of_three_terms_and_one_breach_none_is_accused(city: City):
    prints = {
        fact("senior_high_students"): [one(0, "81111")],
        fact("students_full_time"): [one(1, "35205")],
        fact("upper_secondary_students"): [one(2, "117502")],
    }
    verdicts = judge(prints, derive(prints, city, load_catalogue(PACK), {}), {})
    assert max(s.confidence for s in verdicts.suspicions.values()) < 0.75
    assert len(verdicts.open) == 1


def test_a_number_that_was_submitted_just_so_is_not_called_wrong_whatever_speaks_against_it(city: City):
    """Both totals contradict the part that the submissions confirm: they stay open, or are wrong themselves."""
    prints = a_part_of_two_totals()
    relations, own = derive(prints, city, load_catalogue(PACK), {}), fact("senior_high_students")
    for weak in ((), (own,)):
        verdicts = judge(prints, relations, {own: Decimal(82279)}, weak)
        assert 0 not in verdicts.suspicions
        assert verdicts.open


@pytest.mark.parametrize(
    ("printed", "meant", "step", "expected"),
    [
        ("1234", "1243", "1", "swapped"),
        ("1234", "1834", "1", "one_digit"),
        ("123", "1234", "1", "missing_digit"),
        ("12345", "1234", "1", "extra_digit"),
        ("1234", "-1234", "1", "sign"),
        ("12340", "1234", "1", "power_of_ten"),
        ("3.52", "35205", "0.01", "ten_thousand"),
        ("0.54", "54.38", "0.01", "fraction"),
        ("94.86", "94.8658", "0.01", "truncated"),
        ("1.27", "1.2641", "0.01", "rounded_up"),
        ("1234", "5678", "1", None),
    ],
)
def test_slips_are_told_apart(printed, meant, step, expected):
    assert slip(Decimal(printed), Decimal(meant), Decimal(step), is_percent=expected == "fraction") == expected


def test_the_clean_list_of_the_seeder_holds_nothing_to_accuse(published, figures):
    context = clean(published, QINZHOU, figures)
    assert suspects(by_id(reconcile(published, QINZHOU, load_catalogue(PACK), context.figures))) == set()


def money_and_heads(kind: str, *amounts: str) -> dict[Reference, Decimal]:
    """Special funds (10,000 yuan), students and funds a student (yuan) of the city, as facts of one kind."""
    names = ("special_funds", "students_full_time", "funds_per_student")
    return {
        Reference(name, 2023, QINZHOU.code, "all", kind): Decimal(amount)
        for name, amount in zip(names, amounts, strict=True)
    }


def test_changes_have_no_magnitude_whatever_their_signs() -> None:
    assert not list(magnitude_hints(money_and_heads(CHANGE, "101.42", "922", "-159.54"), QINZHOU, load_catalogue(PACK)))


def test_an_amount_a_head_that_is_a_power_of_ten_off_is_pointed_out() -> None:
    values = money_and_heads(VALUE, "44840", "26393", "169.9")
    assert [fact.indicator for fact, _ in magnitude_hints(values, QINZHOU, load_catalogue(PACK))] == ["special_funds"]


@given(st.lists(st.decimals(-(10**9), 10**9, places=2), min_size=3, max_size=3), st.sampled_from([VALUE, CHANGE]))
def test_hints_on_magnitudes_never_fail(amounts: list[Decimal], kind: str) -> None:
    for _, text in magnitude_hints(money_and_heads(kind, *map(str, amounts)), QINZHOU, load_catalogue(PACK)):
        assert "nan" not in text.lower()


def test_a_further_name_of_an_indicator_that_is_gone_is_told():
    catalogue = load_catalogue(PACK)
    known = {code: indicator for code, indicator in catalogue.indicators.items() if code != "students_formal"}
    with pytest.raises(DeclarationError, match=r"names\.yml.*there is no indicator `students_formal`"):
        load_names(replace(catalogue, indicators=known))


@pytest.mark.parametrize(
    ("sentence", "proposal"),
    [
        ("2023年，全市有中等职业学校12所，其中公办学校8所，民办学校3所。", "民办学校4所"),
        ("2023年，全市有中等职业学校12所，其中公办学校8所，民办学校三所。", "民办学校4所"),
        ("2023年，全市有中等职业学校１２所，其中公办学校８所，民办学校 ３ 所。", "民办学校4所"),
    ],
)
def test_the_right_words_are_proposed_for_a_wrong_number(published, sentence, proposal, tmp_path):
    path = tmp_path / "report.txt"
    path.write_text(sentence, encoding="utf-8")
    result = reconcile_file(published, QINZHOU, load_catalogue(PACK), path, 2023)
    (row,) = [row for row in result.frame.to_dicts() if row["is_suspected"]]
    assert row["proposal"] == proposal
    assert f"建议写作“{proposal}”" in result.memo
    assert f"建议写作“{proposal}”" in page(result)
