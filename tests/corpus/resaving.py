"""Programs that save workbooks: each opens the clean samples and saves them, or writes the small workbooks.

openpyxl is a part of the tests, LibreOffice and Gnumeric are Debian's; the others come with `make writers`. Who is not
installed is left out.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sources.audit.judge import audit
from sources.read.read_workbook import read_workbook
from sources.sample.pour import load_samples
from sources.submission.cell import Cell
from sources.system.settings import PROJECT_ROOT
from sources.write.template import build_workbook
from tests.hostile.books import CITY, CITY_DIR

WRITERS = PROJECT_ROOT / ".venv" / "writers"
MADE_BY = Path(__file__).parent / "files" / "made_by"
MODULES = WRITERS / "node_modules"
JARS = next(WRITERS.glob("lib/python*/site-packages/pyreportjasper/libs"), WRITERS / "libs")
POI = ("java", "-cp", f"{JARS}/*", str(MADE_BY / "Poi.java"))
YEARS = (2022, 2023)


@dataclass(frozen=True)
class Program:
    """`command`: what it is called with before the names of files; `{out}` is a folder to write to.

    `needs` must be there for it to start. `is_one_by_one`: it takes a file and the place where it saves it.
    """

    name: str
    command: tuple[str, ...]
    needs: tuple[Path, ...] = ()
    is_one_by_one: bool = False

    @property
    def is_installed(self) -> bool:
        has_compiler = self.command[0] != "java" or shutil.which("javac") is not None
        return has_compiler and shutil.which(self.command[0]) is not None and all(each.exists() for each in self.needs)

    def run(self, files: Sequence[Path], out: Path) -> None:
        """Has it write to `out`, with the clock of Shanghai: some programs write days as moments of their own zone."""
        command = [each.format(out=out) for each in self.command]
        calls = [[*command, *map(str, files)]]
        if self.is_one_by_one:
            calls = [[*command, str(file), str(out / file.name)] for file in files]
        environment = {**os.environ, "NODE_PATH": str(MODULES), "TZ": "Asia/Shanghai", "LC_ALL": "C.UTF-8"}
        for call in calls:
            subprocess.run(call, check=True, capture_output=True, env=environment, timeout=600)


SAVERS = (
    Program("openpyxl", (sys.executable, str(MADE_BY / "save.py"), "{out}")),
    Program(
        "LibreOffice",
        (
            "soffice",
            "--headless",
            "-env:UserInstallation=file://{out}/profile",
            "--convert-to",
            "xlsx",
            "--outdir",
            "{out}",
        ),
    ),
    Program("Gnumeric", ("ssconvert", "--export-type=Gnumeric_Excel:xlsx2"), is_one_by_one=True),
    *(
        Program(name, ("node", str(MADE_BY / "save.js"), program, "{out}"), (MODULES,))
        for name, program in (("SheetJS", "sheetjs"), ("ExcelJS", "exceljs"), ("xlsx-populate", "populate"))
    ),
    Program("Apache POI", (*POI, "save", "{out}"), (JARS,)),
)
"""Save each of the files given under its own name."""
MAKERS = (
    Program("SheetJS, ExcelJS, xlsx-populate", ("node", str(MADE_BY / "write.js"), "{out}"), (MODULES,)),
    Program("excelize, PyExcelerate", (str(WRITERS / "bin" / "python"), str(MADE_BY / "write.py"), "{out}")),
    Program("Apache POI", (*POI, "write", "{out}"), (JARS,)),
)
"""Write small workbooks as a file of JSON says."""


@dataclass(frozen=True)
class Said:
    """What is said of a workbook: rule, sheet, cell and message of each finding; and the values that are read."""

    findings: frozenset[tuple[str, str, str | None, str]]
    values: tuple[Cell, ...]


def clean_workbooks() -> list[tuple[int, str]]:
    """Year and respondent of every sample submission."""
    return [(year, respondent) for year in YEARS for respondent in sorted(load_samples(CITY_DIR, year))]


def clean_workbook(year: int, respondent: str) -> bytes:
    return build_workbook(CITY, CITY.respondent_by_code[respondent], year, load_samples(CITY_DIR, year)[respondent])


def said_of(data: bytes) -> Said:
    reading = read_workbook(data, "id", "f.xlsx", CITY)
    found = audit([reading], CITY).findings
    told = frozenset((f.rule_id, f.address.sheet, f.address.cell, f.message) for f in found)
    return Said(told, tuple(reading.cells))


def put_into(folder: Path, samples: Sequence[tuple[int, str]]) -> list[Path]:
    """The clean workbooks as files of a new folder."""
    folder.mkdir()
    files = []
    for year, respondent in samples:
        files.append(folder / f"{year}-{respondent}.xlsx")
        files[-1].write_bytes(clean_workbook(year, respondent))
    return files
