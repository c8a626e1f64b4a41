"""One turned bit, in any file of any kind of archive, registry or release, is found and told by name."""

import random
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sources.archive.archive import note_decision, seal_archive, stored_ids
from sources.archive.certificates import ROLES, Signature, certify
from sources.archive.confirmations import Confirmation, note_confirmations
from sources.archive.tokens import tokens_for
from sources.system.seal import seal, seal_of
from sources.system.settings import Settings
from tests.conftest import deep
from tests.keep.bits import flip
from tests.support.sample import PACK
from warehouse.intake.released import MANIFEST, releases_folder
from warehouse.keep.ailment import ailments_in
from warehouse.keep.databases import examine_databases
from warehouse.keep.files import examine_archive, examine_releases
from warehouse.release.make_release import outputs_in
from warehouse.release.manifest import Manifest, write_manifest

OUTPUTS = (
    "SHA256SUMS",
    "数据.zip",
    "报告.docx",
    "报告.pdf",
    "汇总表.xlsx",
    "site/index.html",
    "data/marts.csv",
    "data/marts.parquet",
)


@pytest.fixture(scope="module")
def whole(city_run: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The sample city with a decision, tokens, a release with a file of each kind …; every flip is undone."""
    settings = replace(city_run, home=tmp_path_factory.mktemp("flips") / "home")
    shutil.copytree(city_run.home, settings.home, ignore=shutil.ignore_patterns("inbox"))
    note_decision(settings.archive, {"kind": "演练"})
    note_confirmations(settings.archive, [Confirmation(2023, "item", "seen", "王", "已核实", "2024-01-01T00:00:00")])
    tokens_for(settings.archive, ["3645900002"], 2023)
    signed = tuple(Signature(role, "某某", "clerk", "2024-01-01T00:00:00+00:00") for role in ROLES)
    certify(settings.archive, next(iter(sorted(stored_ids(settings.archive)))), "3645900002", 2023, "450700", signed)
    _release(settings, releases_folder(settings) / "2023.1")
    return settings


def _release(settings: Settings, folder: Path) -> None:
    for number, name in enumerate(OUTPUTS):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(random.Random(number).randbytes(5_000))
    ids = {"receipts": [], "decisions": 1, "current": {}, "declarations": "d", "lock_file": "l", "commit": "c"}
    dates = {"released_on": "2024-03-01", "clock": "2024-03-01", "years": [2023], "checklist": [], "previous": None}
    named = {"version": "2023.1", "report_year": 2023, "city_code": "450700", "outputs": outputs_in(folder)}
    seal(write_manifest(Manifest(**named, **dates, **ids), folder))


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file: where one looks for it, below the home."""

    name: str
    pattern: str


KINDS = (
    Kind("a content", "archive/??/*.xlsx"),
    Kind("receipts", "archive/??/*.receipts.jsonl"),
    Kind("a seal of receipts", "archive/??/*.receipts.jsonl.sha256"),
    Kind("acceptances", "archive/acceptances.jsonl"),
    Kind("decisions", "archive/decisions.jsonl"),
    Kind("confirmations", "archive/confirmations.jsonl"),
    Kind("certificates", "archive/certificates.jsonl"),
    Kind("tokens", "archive/tokens.jsonl"),
    Kind("declarations", "archive/declarations/*.json.gz"),
    Kind("a seal of declarations", "archive/declarations/*.sha256"),
    Kind("the registry", "working/nianbao.duckdb"),
    Kind("the seal of the registry", "working/nianbao.duckdb.sha256"),
    Kind("the published database", "published/nianbao.duckdb"),
    Kind("the seal of the published database", "published/nianbao.duckdb.sha256"),
    Kind("a manifest", f"releases/*/{MANIFEST}"),
    Kind("the seal of a manifest", f"releases/*/{MANIFEST}.sha256"),
    *(Kind(name, f"releases/2023.1/{name}") for name in OUTPUTS),
)


def found_in(settings: Settings, part: str) -> list[str]:
    """What the examination of a part tells."""
    if part == "archive":
        examined = [examine_archive(settings.archive)]
    elif part == "releases":
        examined = [examine_releases(releases_folder(settings))]
    else:
        examined = examine_databases(settings, PACK)
    return [ailment.what for ailment in ailments_in(examined)]


@pytest.mark.parametrize("part", ["archive", "databases", "releases"])
def test_a_whole_installation_has_no_ailment(whole: Settings, part: str):
    assert found_in(whole, part) == []


@pytest.mark.parametrize("number", [*range(len(KINDS)), *deep(*range(len(KINDS), 3 * len(KINDS)))])
def test_a_turned_bit_is_found_and_told_by_name(whole: Settings, number: int):
    draw, kind = random.Random(number), KINDS[number % len(KINDS)]
    path = draw.choice(sorted(whole.home.glob(kind.pattern)))
    bit = draw.randrange(8 * path.stat().st_size)
    flip(path, bit)
    try:
        told = found_in(whole, path.relative_to(whole.home).parts[0])
    finally:
        flip(path, bit)
    assert any(path.name in each for each in told), f"bit {bit} of {path}: {told}"


def test_a_file_that_is_gone_is_told_too(whole: Settings, tmp_path: Path):
    archive = tmp_path / "archive"
    shutil.copytree(whole.archive, archive)
    gone = [next(archive.glob("??/*.xlsx")), archive / "decisions.jsonl"]
    for path in gone:
        path.unlink()
    told = "\n".join(ailment.what for ailment in examine_archive(archive).ailments)
    assert all(path.name in told and "不见了" in told for path in gone)


def test_an_archive_of_0_1_0_has_no_seals_until_the_next_run(whole: Settings, tmp_path: Path):
    archive = tmp_path / "archive"
    shutil.copytree(whole.archive, archive)
    for path in archive.rglob("*.sha256"):
        path.unlink()
    examined = examine_archive(archive)
    assert not examined.ailments
    assert "还没有校验文件" in examined.waits[0]
    seal_archive(archive)
    assert not examine_archive(archive).waits
    assert seal_of(archive / "decisions.jsonl").exists()
