"""Small workbooks of every writer in every way, read four times: what differs is asked, declared, refused, or a fault.

The table by writer and kind is docs/benchmark/corpus.md (`python -m tests.bench corpus`).
"""

import shutil
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from tests.corpus.changes import WAYS
from tests.corpus.differences import (
    DECLARED,
    SCREEN,
    SCREEN_RULES,
    SEEN_OTHERWISE,
    File,
    corpus,
    declared,
    differences,
    in_one_process,
    outcome,
)
from tests.corpus.readings import of_libreoffice, ours
from tests.corpus.writers import WRITERS, kept

OFFICE = pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
FEW, MANY, SHOWN = 150, 2_200, 600
HOURS = " 08:00:00"
"""SheetJS, asked for dates as cells, writes a day as the moment at which it begins elsewhere."""


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """openpyxl warns of what it leaves out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def wrong_ones(files: list[File], folder: Path | None = None) -> dict[str, str]:
    """Files with something wrong → what; with a folder, LibreOffice's reading is compared too."""
    shown = of_libreoffice({file.name: file.data for file in files}, folder) if folder else {}
    assert not folder or len(shown) > len(files) / 2, "LibreOffice opens most of them"
    found = {}
    for file in files:
        own, readings = in_one_process(file)
        became = outcome(file, own, {**readings, SCREEN: shown.get(file.name)})
        if became.startswith("wrong"):
            found[f"{file.writer.name}, {file.way.name}, {file.seed}"] = became
    return found


def test_no_workbook_of_any_writer_is_misread_or_accused() -> None:
    assert wrong_ones(list(corpus(FEW))) == {}


@OFFICE
def test_libreoffice_shows_what_we_read(tmp_path: Path) -> None:
    few = [file for file in corpus(len(WRITERS) * 2) if not file.way.refused]
    assert wrong_ones(few[::5], tmp_path / "office") == {}


@pytest.mark.deep
def test_two_thousand_workbooks_are_read_alike_by_all() -> None:
    files = list(corpus(MANY))
    assert {(file.writer.name, file.way.name) for file in files} >= {
        (writer.name, way.name) for writer in WRITERS for way in WAYS
    }
    assert wrong_ones(files) == {}


@pytest.mark.deep
@OFFICE
def test_libreoffice_shows_of_hundreds_what_we_read_or_we_ask(tmp_path: Path) -> None:
    allowed = [file for file in corpus(MANY) if not file.way.refused]
    assert wrong_ones(Random(MANY).sample(allowed, SHOWN), tmp_path / "office") == {}


def test_what_we_did_not_ask_would_be_found_and_what_we_ask_in_vain() -> None:
    """A reader who asks nothing, or about everything, must not pass."""
    file = next(each for each in corpus(FEW) if SEEN_OTHERWISE in ours(each.data).asked.values())
    own, readings = in_one_process(file)
    on_screen = {
        title: {at: "约" + text if own.asked.get((title, at)) in SCREEN_RULES else text for at, text in texts.items()}
        for title, texts in own.cells.items()
    }
    assert outcome(file, own, {**readings, SCREEN: on_screen}) == "asked"
    assert outcome(file, replace(own, asked={}), {**readings, SCREEN: on_screen}).startswith("wrong: LibreOffice")
    assert outcome(file, own, {**readings, SCREEN: own.cells}).startswith("wrong: asked, but")


def test_damaged_is_said_of_files_without_directory_or_with_other_sizes_only() -> None:
    said = {file.way.name for file in corpus(FEW * 2) if file.way.refused and ours(file.data).refused == "file.damaged"}
    assert said == {"cut off", "no directory", "other sizes"}


def test_every_exception_is_met_and_explained() -> None:
    """What is declared and never met would hide a fault of tomorrow."""
    met = set()
    for file in (File("", writer, WAYS[0], seed) for writer in WRITERS for seed in range(3)):
        own, readings = in_one_process(file)
        met |= {found.name for each in differences(file, own, readings) if (found := declared(each))}
    assert met == {each.name for each in DECLARED if SCREEN not in each.readers}
    assert all(each.reason and each.example for each in DECLARED)


@pytest.mark.parametrize("writer", [writer for writer in WRITERS if writer.how == "kept"], ids=lambda each: each.name)
def test_the_files_of_writers_that_do_not_run_here_are_there(writer) -> None:
    assert writer.write(0) != writer.write(1)


def test_files_that_are_kept_are_read_as_the_same_workbook_of_ours() -> None:
    """Six small workbooks, each by eight programs that share no code: all hold the same."""
    for seed in range(6):
        cells = ours(WRITERS[1].write(seed)).cells
        for writer in (each for each in WRITERS if each.how == "kept" and len(kept("sheetjs")) > seed):
            for title, texts in ours(writer.write(seed)).cells.items():
                found = {at: text.removesuffix(HOURS) for at, text in texts.items() if not text.startswith("#")}
                wanted = {at: text for at, text in cells[title].items() if not text.startswith("#")}
                assert found == wanted, (writer.name, seed, title)  # errors aside: xlsx-populate writes none
