"""The bureau has said whose a file is: what goes back to the school carries its token, so nobody asks again."""

import shutil
from pathlib import Path

import openpyxl
import pytest

from sources.archive.tokens import tokens_for
from sources.read.read_workbook import read_workbook
from sources.submission.file_names import workbook_file_name
from sources.system.settings import Settings
from sources.write.cover_token import write_token
from tests.conftest import NURSING_SCHOOL, cell_of, ingest, select
from tests.end_to_end.test_story import OFFICE, saved_by_libreoffice
from tests.intake.test_who_sent import (
    CARRYING,
    OF_OTHER,
    OTHER,
    OWN,
    SAMPLE,
    YEAR,
    changed,
    clear_line,
    drop_property,
    say_another,
    stamped,
    template,
)
from warehouse.intake.decisions import decide_version
from warehouse.intake.feedback import write_feedback
from warehouse.store.connection import open_working

PLACE = "学生情况", "全日制在校生数"


def merge_the_line(book: openpyxl.Workbook) -> None:
    clear_line(book)
    book["封面"].merge_cells("A2:B3")


def without_title(book: openpyxl.Workbook) -> None:
    for merged in list(book["封面"].merged_cells.ranges):
        book["封面"].unmerge_cells(merged.coord)
    book["封面"].delete_rows(1, 3)


@pytest.mark.parametrize(
    ("of_file", "change"),
    [
        (None, lambda book: None),
        (None, merge_the_line),
        (None, without_title),
        (OF_OTHER, lambda book: book["封面"].insert_rows(1, 3)),
        (OF_OTHER, drop_property),
        (OWN, say_another),
    ],
)
def test_a_workbook_is_given_its_schools_token_and_has_no_other(of_file, change):
    before = changed(template(of_file), change)
    after = changed(before, lambda book: write_token(book, OWN))
    said = [read_workbook(data, "id", "f.xlsx", SAMPLE) for data in (before, after)]
    assert said[1].tokens == (OWN,)
    assert said[0].cells == said[1].cells
    assert said[0].findings == said[1].findings


def test_what_has_no_cover_is_given_none():
    book = openpyxl.Workbook()
    write_token(book, OWN)
    assert not book.custom_doc_props.names


@pytest.mark.deep
@pytest.mark.skipif(OFFICE is None, reason="no LibreOffice on this machine (Debian package)")
@pytest.mark.parametrize("token_of", [None, OTHER], ids=["without a token", "with another's"])
def test_a_confirmed_file_comes_back_corrected_and_is_not_held_again(
    city_run: Settings, empty: Settings, tmp_path: Path, token_of: str | None
):
    name = workbook_file_name(SAMPLE.respondent_by_code[NURSING_SCHOOL], YEAR)
    tokens = tokens_for(empty.archive, [NURSING_SCHOOL, OTHER], YEAR)
    data = changed((city_run.inbox / name).read_bytes(), lambda book: setattr(cell_of(book, *PLACE), "value", "很多"))
    empty.inbox.mkdir(parents=True)
    (empty.inbox / name).write_bytes(stamped(data, tokens[token_of]) if token_of else data)
    assert ingest(empty, CARRYING, (YEAR,)).held == 1
    with open_working(empty) as connection:
        (held,) = write_feedback(connection, empty, [YEAR])
        assert held.path is None, "a file of which nobody has said whose it is goes back to nobody"
        decide_version(connection, empty, held.version.submission_id, False, "电话确认，是学校自己的", "张处长")
    assert ingest(empty, CARRYING, (YEAR,)).rejected == 1

    with open_working(empty) as connection:
        (returned,) = write_feedback(connection, empty, [YEAR])
        written = returned.path.stat().st_mtime_ns
        (again,) = write_feedback(connection, empty, [YEAR])
    assert again.path.stat().st_mtime_ns == written
    assert read_workbook(returned.path.read_bytes(), "id", name, CARRYING).tokens == (tokens[NURSING_SCHOOL],)
    everywhere = [path.read_bytes() for path in empty.home.rglob("*.json")]
    assert everywhere
    assert not any(token.encode() in text for token in tokens.values() for text in everywhere)

    book = openpyxl.load_workbook(returned.path)
    right = openpyxl.load_workbook(city_run.inbox / name)
    cell_of(book, *PLACE).value = cell_of(right, *PLACE).value
    book.save(tmp_path / name)
    shutil.copy(saved_by_libreoffice(tmp_path / name, tmp_path / "office"), empty.inbox / name)
    taken = ingest(empty, CARRYING, (YEAR,))
    assert (taken.held, taken.rejected, taken.accepted) == (0, 0, 1)
    assert select(empty, "select count(*) from registry.submission where is_current").item() == 1
