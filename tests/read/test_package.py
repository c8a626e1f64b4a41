"""Which parts of an archive are the workbook: whatever the program that wrote it calls them."""

import re
import zipfile
from collections.abc import Callable
from io import BytesIO

import openpyxl
import pytest

from sources.declarations.headings import RESULT_SHEET
from sources.read.inspection import inspect
from sources.system.settings import Limits
from sources.write.marked_workbook import mark_workbook
from tests.conftest import NURSING_SCHOOL
from tests.hostile.books import sample_book, write_book

WRITTEN = write_book(sample_book(NURSING_SCHOOL))
ROOT, BOOK, RELATIONS = "_rels/.rels", "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
Parts = dict[str, bytes]


def parts_of(data: bytes) -> Parts:
    with zipfile.ZipFile(BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(parts: Parts, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def with_targets(change: Callable[[str], str]) -> Parts:
    """The workbook's parts, the targets of its relations written in another way."""
    parts = parts_of(WRITTEN)
    text = parts[RELATIONS].decode()
    parts[RELATIONS] = re.sub(r'Target="([^"]+)"', lambda found: f'Target="{change(found[1])}"', text).encode()
    return parts


def renamed_book(name: str) -> Parts:
    parts = parts_of(WRITTEN)
    parts[ROOT] = parts[ROOT].replace(b"workbook.xml", name.encode())
    return {
        {BOOK: f"xl/{name}", RELATIONS: f"xl/_rels/{name}.rels"}.get(part, part): content
        for part, content in parts.items()
    }


WAYS = {
    "backslashes": with_targets(lambda target: target.replace("/", "\\")),
    "a dot in front": with_targets(lambda target: f"./{target}"),
    "up and down again": with_targets(lambda target: f"../xl/{target}"),
    "from the root": with_targets(lambda target: f"/xl/{target}"),
    "other case": {
        name.replace("sheet", "Sheet").replace("shared", "Shared"): c for name, c in parts_of(WRITTEN).items()
    },
    "another name for the workbook": renamed_book("workbook2.xml"),
    "no relations of the package": {name: c for name, c in parts_of(WRITTEN).items() if name != ROOT},
    "backslashes in the names": {name.replace("/", "\\"): c for name, c in parts_of(WRITTEN).items()},
}


@pytest.mark.parametrize("way", WAYS)
def test_a_good_workbook_is_read_however_its_parts_are_named(way: str) -> None:
    usual, other = inspect(WRITTEN, Limits()), inspect(packed(WAYS[way]), Limits())
    assert other.refusal is None
    assert {title: sheet.texts for title, sheet in other.sheets.items()} == {
        title: sheet.texts for title, sheet in usual.sheets.items()
    }
    assert parts_of(other.book) == parts_of(usual.book)


def test_two_parts_of_one_name_are_refused_because_programs_would_read_different_ones() -> None:
    parts = parts_of(WRITTEN)
    twice = next(name for name in parts if name.startswith("xl/worksheets/sheet"))
    assert inspect(packed(parts | {twice.upper(): parts[twice]}), Limits()).refusal == (
        "file.repeated_part",
        twice.upper(),
    )


@pytest.mark.parametrize(("method", "name"), [(zipfile.ZIP_BZIP2, "bzip2"), (zipfile.ZIP_LZMA, "lzma")])
def test_methods_that_unpack_whole_before_they_are_cut_are_refused(method: int, name: str) -> None:
    assert inspect(packed(parts_of(WRITTEN), method), Limits()).refusal == ("file.compression", name)


@pytest.mark.parametrize(
    ("properties", "saved"),
    [
        (b'<p xmlns:d="x"><d:modified>2024-01-02T03:04:05Z</d:modified></p>', "2024-01-02T03:04:05"),
        (b'<p xmlns:d="x"><d:created>2024-01-02T03:04:05</d:created></p>', "2024-01-02T03:04:05"),
        (b'<p xmlns:d="x"><d:modified>soon</d:modified><d:created>2024-01-02</d:created></p>', "2024-01-02T00:00:00"),
        (b'<p xmlns:dcterms="x">' + b"<dcterms:modified " * 50_000, None),
        (b"<p>", None),
        (b"", None),
    ],
)
def test_the_time_of_saving_is_parsed_and_never_searched_for(properties: bytes, saved: str | None) -> None:
    found = inspect(packed(parts_of(WRITTEN) | {"docProps/core.xml": properties}), Limits())
    assert found.refusal is None
    assert (found.saved_at.isoformat() if found.saved_at else None) == saved


@pytest.mark.parametrize("merged", [["A1:XFD1048576"], [f"A{row}:B{row}" for row in range(100, 2100)]])
def test_ranges_that_would_take_minutes_to_mark_are_left_out_of_the_marked_workbook(merged: list[str]) -> None:
    book = sample_book(NURSING_SCHOOL)
    book.sheets[1].merged.extend(merged)
    data = write_book(book)
    assert inspect(data, Limits()).refusal is None
    marked = openpyxl.load_workbook(BytesIO(mark_workbook(data, [], "样例")))
    assert marked.sheetnames == [RESULT_SHEET]


def with_local_name(change: Callable[[bytes], bytes]) -> bytes:
    """The workbook with another name of a part in front of its content than in the directory."""
    name = b"xl/worksheets/sheet1.xml"
    return WRITTEN.replace(name, change(name), 1)


def in_directory(at: int, content: bytes) -> bytes:
    """The workbook with other bytes at a place of its directory's first entry."""
    entry = WRITTEN.index(b"PK\x01\x02") + at
    return WRITTEN[:entry] + content + WRITTEN[entry + len(content) :]


def with_extra(extra: bytes) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in parts_of(WRITTEN).items():
            entry = zipfile.ZipInfo(name)
            entry.extra = extra
            archive.writestr(entry, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (with_local_name(lambda name: name.replace(b"/", b"\\")), "file.malformed"),
        (with_local_name(bytes.upper), "file.malformed"),
        (with_extra(b"\x99\x99\xff\x00ab"), "file.malformed"),
        (in_directory(6, b"\x5a\x00"), "file.compression"),
        (in_directory(8, b"\x20\x00"), "file.compression"),
    ],
    ids=["backslashes before the content", "capitals before the content", "extra field", "version 9.0", "patches"],
)
def test_a_whole_archive_that_cannot_be_read_is_not_called_damaged(data, rule):
    refusal = inspect(data, Limits()).refusal
    assert refusal is not None
    assert refusal[0] == rule
