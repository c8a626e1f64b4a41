"""What is installed is installed by hash, whatever installs it."""

import json
import re
import sys
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from orchestration.supply.bill import write_bill
from sources.system.settings import PROJECT_ROOT

LOCKS = sorted(PROJECT_ROOT.glob("requirements*.lock"))
PINNED = re.compile(r"^([a-z0-9.-]+(?:\[[a-z,]+\])?)==\S+")


def test_every_package_of_every_lock_has_its_hashes():
    assert {path.name for path in LOCKS} >= {
        "requirements.lock",
        "requirements-bootstrap.lock",
        "requirements-postgres.lock",
    }
    for path in LOCKS:
        blocks = re.split(r"\n(?=\S)", path.read_text("utf-8").strip())
        assert all(PINNED.match(block) and "--hash=sha256:" in block for block in blocks), path.name


def test_two_locks_that_share_a_package_agree_on_its_version():
    # Spark's is an environment of its own.
    together = [_versions(path) for path in LOCKS if path.name != "requirements-spark.lock"]
    for one, other in combinations(together, 2):
        assert {name: other[name] for name in other.keys() & one.keys() if other[name] != one[name]} == {}


def _versions(path: Path) -> dict[str, set[str]]:
    """Package → its versions, more than one where they depend on Python's version."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([a-z0-9.-]+)==(\S+)", path.read_text("utf-8"), re.M):
        found.setdefault(name, set()).add(version)
    return found


BY_HASH = "--no-deps --require-hashes -r requirements"
OUR_OWN = "--no-deps -b requirements-bootstrap.lock --editable ."
"""Our own folder: what builds it comes by hash too."""


def test_nothing_is_installed_without_a_lock():
    """Wherever a command stands that installs packages, it names a lock with hashes, or only our own folder."""
    texts = [
        *(PROJECT_ROOT / name for name in ("Makefile", "README.md", "CONTRIBUTING.md", "SECURITY.md", ".ci/run")),
        *(path for path in (PROJECT_ROOT / ".github").rglob("*") if path.is_file()),
        *(PROJECT_ROOT / "docs").rglob("*.md"),
        *(PROJECT_ROOT / "docs" / "deploy").iterdir(),
        PROJECT_ROOT / "tests" / "system_packages.sh",
    ]
    for path in texts:
        for line in path.read_text("utf-8").splitlines():
            if re.search(r"\b(pip3?|uv tool|npm|cargo) (install|download)\b|\bcurl\b.*\|\s*(ba)?sh\b", line):
                assert BY_HASH in line or OUR_OWN in line, f"{path.name}: {line.strip()}"


def test_the_bundle_installs_wheels_by_hash_and_asks_nobody():
    text = (PROJECT_ROOT / "orchestration" / "supply" / "install.sh").read_text("utf-8")
    assert "--no-index" in text
    calls = re.findall(r"\binstall (--.*)", text.replace("\\\n", " "))
    own = [call for call in calls if call.startswith("--editable .")]
    assert len(own) == 1
    assert len(calls) > 3
    assert all("--no-index" in call or "--require-hashes -r" in call or call in own for call in calls)


# --- Bill of materials and licences ----------------------------------------------------------------------------------

ALLOWED = {
    *("MIT", "MIT-0", "0BSD", "ISC", "Zlib", "CC0-1.0", "PSF-2.0", "Python-2.0", "OFL-1.1"),
    *("Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "MPL-2.0", "Unlicense"),
}
"""Licences under which what we need may be used and handed on beside Apache-2.0, as SPDX names them."""
AS_SPDX = {
    "License :: OSI Approved :: BSD License": "BSD-3-Clause",
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
DECIDED = {
    "docxtpl": "LGPL-2.1-only: imported as a library of its own, not changed and not copied",
    "tnefparse": "LGPL-3.0: imported as a library of its own, not changed and not copied",
    "text-unidecode": "Artistic or GPL, at our choice: Artistic",
    "antlr4-python3-runtime": "says BSD in its text only",
    "protobuf": "says BSD in its text only",
    "pillow": "MIT-CMU: MIT with a word on advertising; comes with pdfplumber, which nothing of ours asks to draw",
    "pypdfium2": "says BSD-3-Clause or Apache-2.0 in its text only; comes with pdfplumber",
}
"""Packages whose metadata do not say it, or say what needs a word: what was decided."""


@pytest.fixture(scope="module")
def bill(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The components of the bill of materials (CycloneDX) that `make sbom` writes, of what is needed at run time."""
    target = tmp_path_factory.mktemp("bill") / "sbom.cdx.json"
    write_bill(Path(sys.executable), target)
    needed = {_name(name) for name in _versions(PROJECT_ROOT / "requirements.lock")}
    return [each for each in json.loads(target.read_bytes())["components"] if _name(each["name"]) in needed]


def _name(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()


@pytest.mark.deep
def test_every_package_that_is_installed_is_in_the_bill_in_the_version_of_the_lock(bill):
    versions = {_name(name): found for name, found in _versions(PROJECT_ROOT / "requirements.lock").items()}
    assert len(bill) > 100
    assert [each["name"] for each in bill if each["version"] not in versions[_name(each["name"])]] == []


@pytest.mark.deep
def test_every_package_of_the_bill_has_the_hashes_of_the_lock(bill):
    lock = (PROJECT_ROOT / "requirements.lock").read_text("utf-8")
    for each in bill:
        given = {
            entry["content"]
            for reference in each["externalReferences"]
            if reference["type"] == "distribution"
            for entry in reference.get("hashes", [])
        }
        blocks = [block for block in re.split(r"\n(?=\S)", lock) if _name(block.split("==")[0]) == _name(each["name"])]
        assert given in [set(re.findall("sha256:([0-9a-f]{64})", block)) for block in blocks], each["name"]


@pytest.mark.deep
def test_every_licence_is_one_that_is_allowed(bill):
    """A package may have several: it is enough that one is allowed of those among which one may choose."""

    def is_allowed(licence: str) -> bool:
        plain = AS_SPDX.get(licence, licence)
        every = [part.strip("() ") for part in plain.split(" AND ")]
        return all(any(choice.strip("() ") in ALLOWED for choice in part.split(" OR ")) for part in every)

    refused = {
        each["name"]: said
        for each in bill
        if each["name"] not in DECIDED and not any(map(is_allowed, said := _licences(each)))
    }
    assert refused == {}


def _licences(component: dict[str, Any]) -> list[str]:
    return [
        each.get("expression") or each["license"].get("id") or each["license"]["name"]
        for each in component.get("licenses", [])
    ]
