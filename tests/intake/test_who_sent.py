"""Who sent a file: the token of its template and the sender that its channel names, against its cover."""

import shutil
import stat
import subprocess
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest
from openpyxl.packaging.custom import StringProperty

from sources.archive.archive import Receipt, archived_receipts, note_receipt
from sources.archive.arrival import Arrival, HandedUpFile, Senders, channel_called, handed_up, note_handed_up
from sources.archive.tokens import TOKENS_FILE, issued_tokens, keep_tokens, tokens_for
from sources.check_workbook import check_workbook
from sources.declarations.changes import Merge
from sources.declarations.city import City, load_city
from sources.read.read_workbook import read_workbook
from sources.submission.file_names import workbook_file_name
from sources.submission.submission import Submission
from sources.system.settings import CITIES_ROOT, Limits, Settings
from sources.write.template import build_workbook
from tests.any_city.worlds import PROVINCE
from tests.conftest import BUREAU, NURSING_SCHOOL, ingest, select
from warehouse.alerts.troubles import Register, of_register
from warehouse.intake.decisions import decide_version
from warehouse.intake.versions import latest_versions
from warehouse.intake.who_sent import MISSING, NOT_OF_YEAR, STRANGER, WRONG, Provenance, sender_findings, senders_of
from warehouse.store.connection import open_working

OTHER, YEAR = "3645900001", 2023
OWN, OF_LAST_YEAR, OF_OTHER, UNKNOWN = "AAAA-AAAA-AAAA", "BBBB-BBBB-BBBB", "CCCC-CCCC-CCCC", "ZZZZ-ZZZZ-ZZZZ"
ISSUED = {OWN: (NURSING_SCHOOL, YEAR), OF_LAST_YEAR: (NURSING_SCHOOL, YEAR - 1), OF_OTHER: (OTHER, YEAR)}
SAMPLE = load_city(CITIES_ROOT / "450700")
YEARS = SAMPLE.calendar.years | {YEAR: SAMPLE.calendar.years[YEAR].model_copy(update={"templates_carry_tokens": True})}
CARRYING = SAMPLE.model_copy(update={"calendar": SAMPLE.calendar.model_copy(update={"years": YEARS})})
"""The sample city, as if its templates of the year had carried tokens."""


# --- What is asked ---------------------------------------------------------------------------------------------------


def asked(*tokens: str, came: tuple[Arrival, ...] = (), city: City = CARRYING, year: int = YEAR) -> list[str]:
    """The rules by which a file of the nursing school is held."""
    file = Submission("id", "f.xlsx", city.respondent_by_code[NURSING_SCHOOL], year, tokens=tokens)
    found = sender_findings([file], city, Provenance(ISSUED, {"id": came} if came else {}))
    assert not any(token in str(asdict(each)) for each in found for token in (*ISSUED, *tokens)), "it tells a token"
    return [each.rule_id for each in found]


@pytest.mark.parametrize(
    ("tokens", "why"),
    [
        ((OWN,), []),
        ((), [MISSING]),
        ((OF_OTHER,), [WRONG]),
        ((OF_LAST_YEAR,), [WRONG]),
        ((UNKNOWN,), [WRONG]),
        ((OWN, OF_OTHER), [WRONG]),  # two workbooks put together
    ],
)
def test_a_year_whose_templates_carry_tokens_asks_for_the_respondents_own(tokens, why):
    assert asked(*tokens) == why


@pytest.mark.parametrize("tokens", [(), (OF_OTHER,), (UNKNOWN,)])
def test_no_other_year_asks(tokens):
    assert asked(*tokens, year=YEAR - 1) == []
    assert asked(*tokens, city=SAMPLE) == []


@pytest.mark.parametrize(
    ("came", "why"),
    [
        ((Arrival("inbox"),), []),
        ((Arrival("folder", NURSING_SCHOOL),), []),
        ((Arrival("folder", OTHER),), [STRANGER]),
        ((Arrival("folder", OTHER), Arrival("folder", NURSING_SCHOOL)), []),
        ((Arrival("folder", BUREAU),), []),  # the bureau may deliver for its schools
        ((Arrival("pigeon", OTHER),), [STRANGER]),  # a channel of a later version
        ((Arrival("hand_up", "450700"),), []),
        ((Arrival("hand_up", "999999"),), []),  # not of this tree: who received it knows
    ],
)
def test_a_sender_must_belong_to_the_respondent(came, why):
    assert asked(OWN, came=came) == why


def test_who_hands_up_vouches_for_the_files():
    assert asked(OF_OTHER, came=(Arrival("hand_up", "450700"),)) == []
    assert asked(OF_OTHER, came=(Arrival("inbox"),)) == [WRONG]


def test_a_school_knows_the_tokens_and_folders_of_those_merged_into_it():
    merge = Merge(kind="merge", code=OTHER, into=NURSING_SCHOOL, since=YEAR)
    merged = CARRYING.model_copy(update={"changes": (merge,)})
    assert asked(OF_OTHER, came=(Arrival("folder", OTHER),), city=merged) == []
    (ended,) = sender_findings(
        [Submission("id", "f.xlsx", merged.in_year(YEAR).respondent_by_code[OTHER], YEAR)], merged, Provenance()
    )
    assert ended.rule_id == NOT_OF_YEAR
    assert f"并入{SAMPLE.respondent_by_code[NURSING_SCHOOL].name}，{YEAR} 年度不单独填报" in ended.message
    later = CARRYING.model_copy(update={"changes": (merge.model_copy(update={"since": YEAR + 1}),)})
    assert asked(OF_OTHER, came=(Arrival("folder", OTHER),), city=later) == [STRANGER, WRONG]


# --- Channels and tokens in the archive ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "came"),
    [
        ("a.xlsx", Arrival("inbox")),
        ("钦南区/a.xlsx", Arrival("inbox")),
        (f"{NURSING_SCHOOL}/a.xlsx", Arrival("folder", NURSING_SCHOOL)),
        ("钦州市 卫生学校/2023/a.xlsx", Arrival("folder", NURSING_SCHOOL)),
        (f"2023/{NURSING_SCHOOL}/a.xlsx", Arrival("folder", NURSING_SCHOOL)),
        (f"{OTHER}/{NURSING_SCHOOL}/a.xlsx", Arrival("folder", OTHER)),  # who may write to the outer one is the sender
        (f"{NURSING_SCHOOL}.xlsx", Arrival("inbox")),
    ],
)
def test_a_folder_of_the_inbox_names_the_sender(tmp_path: Path, path, came):
    assert senders_of(tmp_path, SAMPLE).arrival_of(tmp_path / "inbox" / path, tmp_path / "inbox", "id") == came


def test_what_was_handed_up_is_known_by_its_content(tmp_path: Path):
    note_handed_up(tmp_path, [HandedUpFile("id", "450702", "2023.1"), HandedUpFile("id", "450703", "2023.1")])
    senders = Senders({}, handed_up(tmp_path))
    assert senders.arrival_of(tmp_path / "whatever.xlsx", tmp_path, "id") == Arrival("hand_up", "450702")
    assert senders.arrival_of(tmp_path / "whatever.xlsx", tmp_path, "other") == Arrival("inbox")
    assert channel_called("hand_up").vouches


def test_a_receipt_of_0_1_0_has_no_channel_and_stays(tmp_path: Path):
    first = note_receipt(Receipt("ab", "a.xlsx", 1, "2023-11-01T00:00:00+00:00", "2023-11-01"), tmp_path)
    again = Receipt("ab", "a.xlsx", 1, "2023-11-02T00:00:00+00:00", "2023-11-02", channel="inbox")
    assert note_receipt(again, tmp_path) == first
    other = Receipt("ab", "a.xlsx", 1, "2023-11-02T00:00:00+00:00", "2023-11-02", channel="folder", sender=OTHER)
    assert note_receipt(other, tmp_path) == other
    assert [each.sender for each in archived_receipts(tmp_path)] == [None, OTHER]


def test_a_token_is_drawn_once_for_each_respondent_and_year(tmp_path: Path):
    first = tokens_for(tmp_path, [NURSING_SCHOOL, OTHER], YEAR)
    assert tokens_for(tmp_path, [OTHER, "new", NURSING_SCHOOL], YEAR) | first == tokens_for(
        tmp_path, [NURSING_SCHOOL, OTHER, "new"], YEAR
    )
    next_year = tokens_for(tmp_path, [NURSING_SCHOOL, OTHER], YEAR + 1)
    drawn = [each.token for each in issued_tokens(tmp_path)]
    assert len({*first.values(), *next_year.values()}) == 4
    assert len(set(drawn)) == len(drawn) == 5
    assert stat.S_IMODE((tmp_path / TOKENS_FILE).stat().st_mode) == 0o600
    keep_tokens(tmp_path, tmp_path / "part")
    assert issued_tokens(tmp_path / "part") == issued_tokens(tmp_path)
    assert stat.S_IMODE((tmp_path / "part" / TOKENS_FILE).stat().st_mode) == 0o600


# --- Templates -------------------------------------------------------------------------------------------------------


def template(token: str | None) -> bytes:
    return build_workbook(SAMPLE, SAMPLE.respondent_by_code[NURSING_SCHOOL], YEAR, token=token)


def changed(data: bytes, change: Callable[[openpyxl.Workbook], object]) -> bytes:
    book = openpyxl.load_workbook(BytesIO(data))
    change(book)
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def drop_property(book: openpyxl.Workbook) -> None:
    del book.custom_doc_props["template_token"]


def clear_line(book: openpyxl.Workbook) -> None:
    book["封面"]["A3"].value = None


def spell_otherwise(book: openpyxl.Workbook) -> None:
    drop_property(book)
    book["封面"]["A3"].value = book["封面"]["A3"].value.replace("：", " : ").replace("-", "－").lower()


def say_another(book: openpyxl.Workbook) -> None:
    book["封面"]["A3"].value = f"封面识别码：{OF_OTHER}"


@pytest.mark.parametrize(
    ("change", "read"),
    [
        (lambda book: None, (OWN,)),
        (drop_property, (OWN,)),
        (clear_line, (OWN,)),
        (spell_otherwise, (OWN,)),
        (say_another, (OWN, OF_OTHER)),
        (lambda book: (drop_property(book), clear_line(book)), ()),
    ],
)
def test_either_copy_of_the_token_is_enough(change, read):
    found = read_workbook(changed(template(OWN), change), "id", "f.xlsx", SAMPLE)
    assert found.tokens == read
    assert found.findings == read_workbook(template(None), "id", "f.xlsx", SAMPLE).findings == ()
    assert not any(token in cell.raw_text for cell in found.cells for token in ISSUED)


def test_a_check_says_that_the_bureau_alone_knows_the_token_and_the_sender():
    data = template(OWN)
    left = {each.rule_id for each in check_workbook(data, "f.xlsx", CARRYING, Limits()).not_checked}
    assert {MISSING, WRONG, STRANGER} <= left
    without = {each.rule_id for each in check_workbook(data, "f", SAMPLE, Limits()).not_checked}
    assert {MISSING, WRONG, STRANGER} & without == {STRANGER}


def test_a_template_made_again_is_the_same(tmp_path: Path):
    (token,) = tokens_for(tmp_path, [NURSING_SCHOOL], YEAR).values()
    (again,) = tokens_for(tmp_path, [NURSING_SCHOOL], YEAR).values()
    assert template(token) == template(again) != template(None)


# --- A run -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def sent(city_run: Settings) -> bytes:
    return (city_run.inbox / workbook_file_name(SAMPLE.respondent_by_code[NURSING_SCHOOL], YEAR)).read_bytes()


def drop(settings: Settings, place: str, data: bytes) -> None:
    path = settings.inbox / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def stamped(data: bytes, token: str) -> bytes:
    """A school's workbook, as if it had been made from a template with the token."""

    def stamp(book: openpyxl.Workbook) -> None:
        book["封面"]["A3"].value = f"封面识别码：{token}"
        book.custom_doc_props.append(StringProperty(name="template_token", value=token))

    return changed(data, stamp)


def registered(settings: Settings) -> list[tuple]:
    return select(
        settings,
        "select status, held_for, is_current, list(channel order by receipt) as channels,"
        " list(sender order by receipt) as senders from registry.submission inner join registry.receipt"
        " using (submission_id) group by all order by status, is_current, held_for",
    ).rows()


def everything(settings: Settings) -> str:
    """All that the working database holds, as text."""
    with open_working(settings) as connection:
        tables = connection.execute("select schema_name, table_name from duckdb_tables()").fetchall()
        return "\n".join(
            str(connection.execute(f'select * from {schema}."{name}"').fetchall()) for schema, name in tables
        )


@pytest.mark.deep
def test_a_file_is_held_until_a_person_confirms_it_and_a_rebuild_says_the_same(empty: Settings, sent: bytes):
    token = tokens_for(empty.archive, [NURSING_SCHOOL, OTHER], YEAR)
    drop(empty, "a.xlsx", sent)
    made_of_template = stamped(sent, token[NURSING_SCHOOL])
    drop(empty, f"{OTHER}/b.xlsx", made_of_template)
    ingest(empty, CARRYING, (YEAR,))
    assert registered(empty) == [
        ("held", STRANGER, False, ["folder"], [OTHER]),
        ("held", MISSING, False, ["inbox"], [None]),
    ]
    (held,) = select(empty, f"select submission_id from registry.submission where held_for = '{MISSING}'").row(0)
    with open_working(empty) as connection:
        decide_version(connection, empty, held, False, "电话确认，是学校自己的", "张处长")
    drop(empty, f"{NURSING_SCHOOL}/b.xlsx", made_of_template)  # put where it belongs
    ingest(empty, CARRYING, (YEAR,))
    now = registered(empty)
    assert {each[:2] for each in now} <= {("accepted", None), ("superseded", None)}
    assert (["folder", "folder"], [OTHER, NURSING_SCHOOL]) in [each[3:] for each in now]
    assert not any(each in everything(empty) for each in token.values())

    shutil.rmtree(empty.working_database.parent)
    ingest(empty, CARRYING, (YEAR,))
    assert registered(empty) == now


def test_what_cannot_be_read_in_a_schools_folder_is_told_to_that_school(empty: Settings):
    drop(empty, f"{NURSING_SCHOOL}/a.xlsx", b"no workbook")
    drop(empty, "b.xlsx", b"none either")
    ingest(empty, SAMPLE, (YEAR,))
    with open_working(empty) as connection:
        versions = latest_versions(connection)
    assert {(each.respondent_code, each.sender_code, each.sender_name) for each in versions} == {
        (None, NURSING_SCHOOL, "钦州市卫生学校"),
        (None, None, None),
    }
    lying = frozenset(each.submission_id for each in versions)
    seen = of_register(Register(versions, lying=lying), SAMPLE, date(2023, 10, 1), 7, datetime.now(UTC))
    told = {each.respondent: each.title for each in seen.troubles if each.kind == "unidentified"}
    assert told.keys() == {NURSING_SCHOOL, None}
    assert told[NURSING_SCHOOL].endswith("（在钦州市卫生学校的文件夹里）")


def test_a_file_that_was_accepted_is_asked_about_no_more(empty: Settings, sent: bytes):
    drop(empty, "a.xlsx", sent)
    ingest(empty, SAMPLE, (YEAR,))
    shutil.rmtree(empty.working_database.parent)
    ingest(empty, CARRYING, (YEAR,))
    assert [each[:3] for each in registered(empty)] == [("accepted", None, True)]


# --- Another place, other programs -----------------------------------------------------------------------------------


def saved_by_libreoffice(books: dict[str, bytes], folder: Path) -> dict[str, bytes]:
    """The workbooks, opened and saved by LibreOffice as .xls, then as .xlsx again: it has been in an old program."""
    for suffix, then in (("xlsx", "xls"), ("xls", "again")):
        (folder / then).mkdir(parents=True)
        paths = [folder / suffix / f"{code}.{suffix}" for code in books]
        for path, data in zip(paths, books.values(), strict=True):
            if suffix == "xlsx":
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(data)
        kind = "xlsx" if then == "again" else then
        profile = f"-env:UserInstallation=file://{folder}/profile"
        command = ["soffice", "--headless", profile, "--convert-to", kind, "--outdir", str(folder / then), *paths]
        subprocess.run(command, check=True, capture_output=True, timeout=300)
    return {code: (folder / "again" / f"{code}.xlsx").read_bytes() for code in books}


@pytest.mark.deep
@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_in_another_province_every_school_is_known_by_its_token_whatever_program_saved_it(tmp_path: Path):
    city, second = PROVINCE.city, max(PROVINCE.city.calendar.years)
    dates = {
        year: each.model_copy(update={"templates_carry_tokens": True}) for year, each in city.calendar.years.items()
    }
    city = city.model_copy(update={"calendar": city.calendar.model_copy(update={"years": dates})})
    everybody = city.respondents_in(second)
    tokens = tokens_for(tmp_path, [each.code for each in everybody], second)
    books = {each.code: build_workbook(city, each, second, token=tokens[each.code]) for each in everybody}
    some = dict(list(books.items())[:4])
    books |= saved_by_libreoffice(some, tmp_path / "office")
    books |= {code: changed(data, lambda book: None) for code, data in books.items() if code not in some}
    files = [read_workbook(data, code, f"{code}.xlsx", city) for code, data in books.items()]
    assert all(file.tokens == (tokens[file.submission_id],) for file in files)

    senders, inbox = senders_of(tmp_path, city), tmp_path / "inbox"
    of_year = city.in_year(second)
    places = {each.code: inbox / of_year.stated_code(each) / "年报.xlsx" for each in everybody}
    came = {code: (senders.arrival_of(path, inbox, code),) for code, path in places.items()}
    issued = {each.token: (each.respondent_code, each.report_year) for each in issued_tokens(tmp_path)}
    assert sender_findings(files, city, Provenance(issued, came)) == []

    exchanged = {code: came[other] for code, other in zip(came, reversed(came), strict=True)}
    strangers = [each.rule_id for each in sender_findings(files, city, Provenance(issued, exchanged))]
    assert set(strangers) == {STRANGER}
    assert len(strangers) > len(files) / 2
    others = dict(zip(issued, reversed(issued.values()), strict=True))
    held = sender_findings(files, city, Provenance(others, came))
    assert [each.rule_id for each in held].count(WRONG) >= len(files) - 1
