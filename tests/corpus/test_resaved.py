"""A school's good workbook, opened in another program and saved there: nothing new is asked, no value is another."""

import json
from io import BytesIO
from pathlib import Path
from random import Random

import openpyxl
import pytest

from sources.declarations.headings import META_SHEET
from tests.conftest import NURSING_SCHOOL
from tests.corpus.files.made_by.spec import books
from tests.corpus.readings import ours
from tests.corpus.resaving import MAKERS, SAVERS, Program, Said, clean_workbook, clean_workbooks, put_into, said_of
from tests.corpus.writers import KEPT

SEED, FEW, SMALL = 48, 3, 6


def by_openpyxl(data: bytes) -> bytes:
    buffer = BytesIO()
    openpyxl.load_workbook(BytesIO(data)).save(buffer)
    return buffer.getvalue()


def with_numbers_for_digits(data: bytes) -> bytes:
    """What xlsx-populate makes of the template's notes: the year of the template is a number."""
    book = openpyxl.load_workbook(BytesIO(data))
    for row in book[META_SHEET]:
        for cell in row:
            if isinstance(cell.value, str) and cell.value.isdecimal() and len(cell.value) == 4:
                cell.value = int(cell.value)
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("resave", [by_openpyxl, with_numbers_for_digits])
def test_a_workbook_saved_again_says_the_same(resave) -> None:
    data = clean_workbook(2023, NURSING_SCHOOL)
    assert said_of(resave(data)) == said_of(data)


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Said]:
    """Clean workbooks, drawn by a seed, and what is said of each."""
    files = put_into(tmp_path_factory.mktemp("clean") / "sent", Random(SEED).sample(clean_workbooks(), FEW))
    return {file: said_of(file.read_bytes()) for file in files}


@pytest.mark.deep
@pytest.mark.parametrize("saver", SAVERS, ids=lambda saver: saver.name)
def test_workbooks_saved_by_a_program_say_the_same(saver: Program, sent: dict[Path, Said], tmp_path: Path) -> None:
    """All of them are in the bench: docs/benchmark/corpus.md."""
    _skip_without(saver)
    saver.run(list(sent), tmp_path)
    for file, said in sent.items():
        assert said_of((tmp_path / file.name).read_bytes()) == said, file.name


@pytest.mark.deep
@pytest.mark.parametrize("maker", MAKERS, ids=lambda maker: maker.name)
def test_what_is_kept_is_what_a_program_writes(maker: Program, tmp_path: Path) -> None:
    _skip_without(maker)
    told, out = tmp_path / "books.json", tmp_path / "out"
    told.write_text(json.dumps(books(SMALL), ensure_ascii=False), encoding="utf-8")
    out.mkdir()
    maker.run([told], out)
    written = sorted(out.glob("*.xlsx"))
    assert len(written) >= SMALL
    for file in written:
        assert ours(file.read_bytes()) == ours((KEPT / file.name).read_bytes()), file.name


def _skip_without(program: Program) -> None:
    if not program.is_installed:
        pytest.skip(f"{program.name} is not installed (make writers; tests/system_packages.sh)")
