"""What a sender wrote around the cells is in the archive, in the inbox and in the sender's own marked workbook alone.

A run and a release of a year in which one school's file has names and telephone numbers in every odd place; then every
file of the home is searched, databases and archives unpacked.
"""

import sqlite3
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import duckdb
import openpyxl
import pytest
from openpyxl.comments import Comment
from openpyxl.packaging.custom import StringProperty

from sources.declarations.city import City
from sources.system.settings import Settings
from tests.conftest import NURSING_SCHOOL, cell_of
from tests.end_to_end.test_command_line import nianbao
from tests.support.confirmed import confirm_and_release

PLACES = ("filename", "sheettitle", "creator", "comment", "hyperlink", "filledby", "freetext", "nobodys")
PHONES = {place: f"138{number:08d}" for number, place in enumerate(PLACES, 12345678)}
NAMES = {place: f"Zhang-{place}-Qxz" for place in PLACES if place != "freetext"}
OF_TEMPLATE = "QXZK-7WVB-J9TD"
TOKENS = tuple(each.encode() for each in (*PHONES.values(), *NAMES.values(), OF_TEMPLATE))
SENDERS_OWN = ("archive", "inbox")

pytestmark = pytest.mark.deep


def typed(place: str) -> str:
    return f"{NAMES.get(place, '联系人')} {PHONES[place]}"


@pytest.fixture(scope="module")
def after_a_year(city_run: Settings, city: City, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = replace(city_run, home=tmp_path_factory.mktemp("leaks") / "home")
    settings.inbox.mkdir(parents=True)
    for path in city_run.inbox.glob("2023*"):
        data = path.read_bytes()
        is_planted = NURSING_SCHOOL in path.name
        name = f"2023年报 {typed('filename')}.xlsx" if is_planted else path.name
        (settings.inbox / name).write_bytes(planted(data) if is_planted else data)
    (settings.inbox / f"{typed('nobodys')}.xlsx").write_bytes(b"no workbook")
    for command in (
        ("run", "--year", "2023"),
        ("documents", "--year", "2023"),
    ):
        done = nianbao(settings, *command)
        print(command, done.returncode, done.stdout[-600:], done.stderr[-600:])
        told = (done.stdout + done.stderr).replace(
            f"没有读入：{NAMES['nobodys']}", ""
        )  # whoever keeps the inbox has to find it
        assert not any(token.decode() in told for token in TOKENS)
    (settings.inbox / f"{typed('nobodys')}.xlsx").unlink()  # as long as it lies there, nobody can release
    confirm_and_release(settings, city, 2023)
    return settings


def planted(data: bytes) -> bytes:
    """The school's workbook with somebody's name and number in every place."""
    book = openpyxl.load_workbook(BytesIO(data))
    book.properties.creator = book.properties.lastModifiedBy = book.properties.title = typed("creator")
    extra = book.create_sheet(typed("sheettitle"))
    extra["A1"], extra["B2"] = typed("sheettitle"), 5
    cell = cell_of(book, "学生情况", "全日制在校生数")
    cell.comment = Comment(typed("comment"), typed("comment"))
    cell.hyperlink = f"mailto:{NAMES['hyperlink']}@x.example?subject={PHONES['hyperlink']}"
    for label in ("填报人", "审核人"):
        cell_of(book, "封面", label).value = typed("filledby")
    cell_of(book, "封面", "修订原因").value = typed("freetext")
    book["封面"]["A3"] = f"封面识别码：{OF_TEMPLATE}"
    book.custom_doc_props.append(StringProperty(name="template_token", value=OF_TEMPLATE))
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def contents(path: Path) -> Iterator[tuple[str, bytes]]:
    """What a file says, unpacked as far as it is a database or an archive: (where, bytes)."""
    data = path.read_bytes()
    yield path.name, data
    if data[8:12] == b"DUCK":
        with duckdb.connect(str(path), read_only=True) as database:
            for schema, name in database.execute("select schema_name, table_name from duckdb_tables()").fetchall():
                rows = database.execute(f'select cast(each as varchar) from {schema}."{name}" as each').fetchall()
                yield f"{path.name} {schema}.{name}", "\n".join(row[0] for row in rows).encode()
    elif data.startswith(b"SQLite format 3"):
        with sqlite3.connect(path) as database:
            yield f"{path.name} dump", "\n".join(database.iterdump()).encode("utf-8", "replace")
    elif data.startswith(b"PK\3\4"):
        with zipfile.ZipFile(path) as zipped:
            yield from ((f"{path.name} {name}", zipped.read(name)) for name in zipped.namelist())


def holding(settings: Settings, folders: tuple[str, ...] | None = None) -> dict[str, list[str]]:
    """Where a token stands, by the token; in names of files too."""
    found: dict[str, list[str]] = {}
    for path in settings.home.rglob("*"):
        inside = path.relative_to(settings.home)
        if inside.parts[0] in SENDERS_OWN or (folders and inside.parts[0] not in folders):
            continue
        texts = [(str(inside), str(inside).encode()), *(contents(path) if path.is_file() else ())]
        for where, text in texts:
            for token in TOKENS:
                if token in text:
                    found.setdefault(token.decode(), []).append(f"{inside.parts[0]}: {where}")
    return found


def test_it_leaks_nowhere(after_a_year):
    assert (after_a_year.home / "releases" / "2023.1" / "manifest.json").exists()
    elsewhere = {
        token: [place for place in places if not place.startswith("feedback: ") or "校验结果.xlsx" not in place]
        for token, places in holding(after_a_year).items()
    }
    assert {token: places for token, places in elsewhere.items() if places} == {}


def test_it_is_in_the_senders_own_marked_workbook_and_in_no_other(after_a_year):
    found = holding(after_a_year, ("feedback",))
    assert NAMES["nobodys"] in found, "whose it is, nobody knows: the list that goes back says how it was named"
    books = {place.split(": ")[1].split(" ")[0] for places in found.values() for place in places}
    assert len(books) == 2, books


def test_the_archive_has_it_as_it_came(after_a_year):
    receipts = "".join(path.read_text("utf-8") for path in after_a_year.archive.glob("??/*.receipts.jsonl"))
    assert typed("filename") in receipts
    assert typed("nobodys") in receipts
