"""What is installed is installed by hash, whatever installs it."""

import json
import re
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import combinations
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from orchestration.supply.bill import write_bill
from orchestration.supply.known_weak import weak_packages
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


# --- Known weaknesses ------------------------------------------------------------------------------------------------

OF_AN_INDEX = {
    "id": "PYSEC-2026-1",
    "modified": "2026-01-01T00:00:00Z",
    "affected": [
        {
            "package": {"name": "weak", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.1"}]}],
            "versions": ["1.0"],
        }
    ],
}


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[HTTPServer]:
    """An index of weaknesses, in the form of OSV, that knows one of the package `weak`."""

    class OneWeakPackage(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            known = [OF_AN_INDEX] if asked["package"]["name"] == "weak" else []
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"vulns": known}).encode())

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), OneWeakPackage) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("PIP_AUDIT_VULNERABILITY_SERVICE", "osv")
        monkeypatch.setenv("PIP_AUDIT_OSV_URL", f"http://127.0.0.1:{server.server_port}/v1/query")
        yield server
        server.shutdown()


def test_a_weak_package_is_told_with_what_mends_it_and_silence_is_no_acquittal(
    index: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text("".join(f"{name}==1.0 --hash=sha256:{'0' * 64}\n" for name in ("strong", "weak")))
    found = weak_packages(lock)
    assert (found.knows, found.weak) == (2, ("weak 1.0: PYSEC-2026-1, mended in 1.1",))
    monkeypatch.setenv("PIP_AUDIT_OSV_URL", "http://127.0.0.1:9/v1/query")  # nobody answers
    silent = weak_packages(lock)
    assert silent.knows == 0
    assert silent.unanswered


def test_a_reason_stands_beside_each_finding_of_bandit_that_is_passed_over() -> None:
    settings = (PROJECT_ROOT / "pyproject.toml").read_text("utf-8")
    (skips,) = re.findall(r"^skips = \[\n(.*?)^\]", settings, re.M | re.S)
    assert all(re.search(r'^ +("B\d+", ?)+  # \w+', line) for line in skips.splitlines())
    passed_over = re.compile(r"# nosec B\d+$")
    for package in ("sources", "warehouse", "orchestration"):
        for path in (PROJECT_ROOT / package).rglob("*.py"):
            for line in path.read_text("utf-8").splitlines():
                if "# nosec" in line and not passed_over.search(line):
                    assert " - " in line, f"{path.name}: {line}"
                elif "# nosec" in line:
                    assert re.search(r"# [\w ,'-]+  # nosec", line), f"{path.name}: {line}"
