"""Pours a population into an installation: configuration, workbooks, and what the run must find in them.

A workbook of the project's template takes xlsxwriter a tenth of a second, nearly all of it for cells that are the same
in every school. So one workbook is poured for each shape (which cells are filled) with marks in place of the values,
and the others are that one with their own values in place of the marks. test_population.py reads
both back and compares.
"""

import json
import multiprocessing
import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from sources.declarations.city import City, load_city
from sources.declarations.contract import contracts_for, template_version
from sources.sample.population import (
    SAMPLE_CITY,
    SAMPLE_YEAR,
    MadeUpVersion,
    Planted,
    population,
    sample_pack,
    versions_of,
    write_configuration,
)
from sources.system.fingerprint import sha256_of
from sources.system.settings import PROJECT_ROOT
from sources.write.sheet_values import Record, SheetValues
from sources.write.template import build_workbook

FIRST_MARK = 7_310_000_000
MARK = re.compile(rb"(?<=>)731[0-9]{7}(?=<)|\xe3\x80\x94[0-9]+\xe3\x80\x95")
"""A number, or a number in 〔〕: neither stands in any template."""
SENT_AT = datetime(2023, 10, 20).timestamp()
"""Modification time of all files: they lie in the inbox as whole files of long ago."""
CUT_OFF_AT = 0.6


@dataclass(frozen=True)
class Poured:
    """An installation to run: `city_dir` (configuration), `inbox`, and what must come out."""

    folder: Path
    schools: int
    bureaus: int
    files: int
    superseded: tuple[str, ...]
    planted: tuple[Planted, ...]

    @property
    def city_dir(self) -> Path:
        return self.folder / "city"

    @property
    def inbox(self) -> Path:
        return self.folder / "inbox"


def poured(
    schools: int, years: Sequence[int] = (SAMPLE_YEAR,), processes: int = 2, cache: Path | None = None
) -> Poured:
    """The installation with so many schools. Takes it from the cache (NIANBAO_BENCH_CACHE) if it was poured before."""
    root = cache or Path(os.environ.get("NIANBAO_BENCH_CACHE", Path(tempfile.gettempdir()) / "nianbao-bench"))
    folder = root / generator_fingerprint() / f"{schools}-{'-'.join(map(str, years))}"
    outcome = folder / "poured.json"
    if not outcome.exists():
        shutil.rmtree(folder, ignore_errors=True)
        told = json.dumps(_pour(schools, years, processes, folder), ensure_ascii=False)
        outcome.write_text(told, encoding="utf-8")
    told = json.loads(outcome.read_text(encoding="utf-8"))
    planted = tuple(Planted(**each) for each in told.pop("planted"))
    return Poured(folder=folder, planted=planted, superseded=tuple(told.pop("superseded")), **told)


def generator_fingerprint() -> str:
    """Changes whenever the poured files would."""
    templates = [template_version(sample_pack(), kind, SAMPLE_YEAR) for kind in ("school", "bureau")]
    paths = [*Path(__file__).parent.glob("*.py"), *(PROJECT_ROOT / "sources" / "write").glob("template*.py")]
    paths += [*(PROJECT_ROOT / "sources" / "codelists").glob("*.yml")]
    paths += [*(SAMPLE_CITY / "samples" / str(SAMPLE_YEAR)).glob("*.csv"), SAMPLE_CITY / "scopes.yml"]
    return sha256_of(*templates, *(path.read_bytes() for path in sorted(paths)))[:12]


def _pour(schools: int, years: Sequence[int], processes: int, folder: Path) -> dict[str, Any]:
    everybody = population(schools)
    write_configuration(everybody, years, folder / "city")
    (folder / "inbox").mkdir()
    bureaus = len(everybody.bureaus)
    # a process of its own even for one: a fork of this one would inherit DuckDB's and polars' threads
    with ProcessPoolExecutor(min(processes, bureaus), multiprocessing.get_context("spawn")) as pool:
        parts = pool.map(pour_bureau, *zip(*((schools, years, n, folder) for n in range(bureaus)), strict=True))
        versions = [version for part in parts for version in part]
    return {
        "schools": schools,
        "bureaus": bureaus,
        "files": len(versions),
        "superseded": [name for name, is_superseded, _ in versions if is_superseded],
        "planted": [asdict(finding) for _, _, planted in versions for finding in planted],
    }


def pour_bureau(
    schools: int, years: Sequence[int], number: int, folder: Path
) -> list[tuple[str, bool, tuple[Planted, ...]]]:
    """Pours the workbooks of one bureau and its schools: name, is superseded, findings planted."""
    everybody = _population(schools)
    city = load_city(folder / "city")
    poured = []
    for version in versions_of(everybody, everybody.bureaus[number], years):
        path = folder / "inbox" / version.file_name
        path.write_bytes(workbook(city, version))
        os.utime(path, (SENT_AT, SENT_AT))
        poured.append((version.file_name, version.is_superseded, version.planted))
    return poured


_population = lru_cache(population)


def workbook(city: City, version: MadeUpVersion) -> bytes:
    """The workbook of a version, as .xlsx bytes."""
    if version.respondent.kind == "bureau":
        return _built(city, version)
    shape = _shape(version)
    key = (version.respondent.kind, version.report_year, version.token is None, shape)
    stencils = _stencils.setdefault(city.code, {})
    if key not in stencils:
        marked, slots = _marked(version)
        stencils[key] = _Stencil(_cut(_built(city, marked)), slots)
    data = _filled(stencils[key], version)
    return data[: int(len(data) * CUT_OFF_AT)] if version.is_cut_off else data


def _built(city: City, version: MadeUpVersion) -> bytes:
    return build_workbook(
        city, version.respondent, version.report_year, version.values, version.last_year, token=version.token
    )


@dataclass(frozen=True)
class _Stencil:
    """A workbook's parts, each cut at its marks: literal, mark, literal, mark, …, literal."""

    parts: list[tuple[zipfile.ZipInfo, list[bytes | int]]]
    slots: int


_stencils: dict[str, dict[Any, _Stencil]] = {}


def _items(version: MadeUpVersion) -> Iterator[tuple[str, Any]]:
    """Every cell's kind and value, in a fixed order: what varies (`number`, `text`) and what belongs to the shape."""
    for values in (version.values, version.last_year or {}):
        for contract in contracts_for(sample_pack(), version.respondent.kind, version.report_year):
            content = values.get(contract.name)
            if content is None:
                yield "shape", None
                continue
            yield "shape", (content.status, len(content.records))
            for record in content.records:
                for column in contract.columns:
                    value = record.get(column.name)
                    is_text = column.type == "text" and isinstance(value, str) and value != ""
                    if column.is_number and isinstance(value, int | Decimal):
                        yield "number", value
                    elif is_text:
                        yield "text", value
                    else:
                        yield "shape", value


def _shape(version: MadeUpVersion) -> str:
    kinds = [kind if kind != "shape" else f"={value}" for kind, value in _items(version)]
    return sha256_of(repr(kinds))


def _texts(version: MadeUpVersion) -> list[bytes]:
    """The texts of the slots as the workbook's XML has them."""
    saved_at = version.saved_at or datetime(version.report_year, 1, 1)
    fixed = [version.respondent.code, version.respondent.name, f"{saved_at:%Y-%m-%dT%H:%M:%SZ}", version.token or ""]
    texts = [escape(text).encode() for text in fixed]
    return texts + [
        f"{value:.16G}".encode() if kind == "number" else escape(str(value)).encode()
        for kind, value in _items(version)
        if kind != "shape"
    ]


def _marked(version: MadeUpVersion) -> tuple[MadeUpVersion, int]:
    """The version with a mark in place of every value that varies, and how many there are."""
    number = 4  # the respondent's code and name, when it was saved, and its template's token
    respondent = version.respondent.model_copy(update={"code": "〔0〕", "name": "〔1〕"})
    marked = []
    for values in (version.values, version.last_year or {}):
        sheets: dict[str, SheetValues] = {}
        for contract in contracts_for(sample_pack(), version.respondent.kind, version.report_year):
            content = values.get(contract.name)
            if content is None:
                continue
            records: list[Record] = []
            for record in content.records:
                own = dict(record)
                for column in contract.columns:
                    value = record.get(column.name)
                    if column.is_number and isinstance(value, int | Decimal):
                        own[column.name], number = FIRST_MARK + number, number + 1
                    elif column.type == "text" and isinstance(value, str) and value != "":
                        own[column.name], number = f"〔{number}〕", number + 1
                records.append(own)
            sheets[contract.name] = replace(content, records=tuple(records))
        marked.append(sheets)
    token = version.token and "〔3〕"
    return replace(version, respondent=respondent, values=marked[0], last_year=marked[1] or None, token=token), number


def _cut(data: bytes) -> list[tuple[zipfile.ZipInfo, list[bytes | int]]]:
    parts = []
    with zipfile.ZipFile(BytesIO(data)) as book:
        for info in book.infolist():
            content = book.read(info)
            if info.filename == "docProps/core.xml":
                content = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", "\\1〔2〕".encode(), content)
            pieces: list[bytes | int] = []
            end = 0
            for mark in MARK.finditer(content):
                digits = mark.group().strip("〔〕".encode())
                index = int(digits) - FIRST_MARK if mark.group() == digits else int(digits)
                pieces += [content[end : mark.start()], index]
                end = mark.end()
            parts.append((info, [*pieces, content[end:]]))
    return parts


def _filled(stencil: _Stencil, version: MadeUpVersion) -> bytes:
    texts = _texts(version)
    assert len(texts) == stencil.slots, "a shape that does not tell the number of its cells"
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as book:
        for info, pieces in stencil.parts:
            content = b"".join(piece if isinstance(piece, bytes) else texts[piece] for piece in pieces)
            copied = zipfile.ZipInfo(info.filename, info.date_time)
            copied.external_attr = info.external_attr
            book.writestr(copied, content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
