"""What a run installs may be passed on with nianbao under the Apache License 2.0."""

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution

import pytest

from orchestration.supply.wheelhouse import LOCKS, MACHINES, Platform, pins
from sources.system.settings import PROJECT_ROOT

FREE = re.compile(
    r"MIT|BSD|ISC|Apache|Python Software Foundation|\bPSF\b|Python-2\.0|Unlicense|Zlib|\b0BSD\b|\bCC0\b|Public Domain|"
    r"OFL|Artistic|SIL Open Font|HPND|MPL|Mozilla Public License 2\.0|CNRI|Unicode|NCSA",
    re.IGNORECASE,
)
"""Licences that ask for no more than ours of a work that uses the package; MPL asks it of its own files only."""
COPYLEFT = re.compile(
    r"\b(A?GPL|EUPL|SSPL|CeCILL|OSL|CC-BY-SA|CC-BY-NC|BUSL)|GNU (Affero )?General Public", re.IGNORECASE
)
"""Licences that claim what is made with the package, or forbid some to use it."""
LESSER = re.compile(r"LGPL|Lesser General Public", re.IGNORECASE)
"""Used as a library of its own, which may be exchanged: allowed."""


CHOICES = {"text-unidecode": "Artistic-1.0-Perl OR GPL-2.0-or-later"}
"""Packages whose classifiers list what their words call a choice."""


def licences(package: Distribution) -> str:
    """What a package says of its licence: the expression or, where it has none, its classifiers and words."""
    about = package.metadata
    if about["Name"] in CHOICES:
        return CHOICES[about["Name"]]
    if expression := about.get("License-Expression"):
        return expression
    classified = [line.rpartition("::")[2].strip() for line in about.get_all("Classifier", []) if "License ::" in line]
    return "; ".join(classified) or about.get("License", "").strip().split("\n")[0]


def installed() -> Iterator[Distribution]:
    here = Platform("3.11", MACHINES[0])
    for pin in pins(PROJECT_ROOT / LOCKS["run"], here):
        try:
            yield distribution(pin.requirement.name)
        except PackageNotFoundError:  # of another kind of machine
            continue


def is_compatible(licence: str) -> bool:
    """Whether a part of the work may have this licence. Of a choice (`OR`) one is enough."""
    if " OR " in licence:
        return any(map(is_compatible, licence.split(" OR ")))
    without_lesser = LESSER.sub("", licence)
    if COPYLEFT.search(without_lesser):
        return False
    return bool(FREE.search(licence) or LESSER.search(licence))


def test_the_project_says_apache() -> None:
    assert tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text("utf-8"))["project"]["license"] == "Apache-2.0"


def test_the_licence_of_everything_that_a_run_installs_fits_ours() -> None:
    told = {package.metadata["Name"]: licences(package) for package in installed()}
    assert len(told) > 50
    assert {name: licence for name, licence in told.items() if not is_compatible(licence)} == {}


@pytest.mark.parametrize(
    ("licence", "fits"),
    [
        ("MIT", True),
        ("EUPL-1.2", False),
        ("GPL-3.0-only", False),
        ("GPL-2.0-or-later OR MIT", True),
        ("LGPL-3.0", True),
        ("AGPL-3.0", False),
        ("", False),
    ],
)
def test_a_licence_that_claims_our_work_does_not_fit(licence: str, fits: bool) -> None:
    """pytauargus hides cells of tables, and is EUPL-1.2: it may not be taken (decision 0039)."""
    assert is_compatible(licence) is fits
