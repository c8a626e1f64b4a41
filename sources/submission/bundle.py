"""A bundle (上交包): workbooks that an installation counts, in one file for the installation above.

A zip: the workbooks, and first a list that says whose they are and what each hashes to. The list's name is one that the
inbox passes over, so that a bundle unpacked by hand is an inbox as well.
"""

from pydantic import ConfigDict, Field

from sources.declarations.strict_yaml import Declaration
from sources.system.faults import ToldError

LIST = ".nianbao.json"


class BundleError(ToldError):
    """A file is no bundle, or not the one that was made."""


class BundledScope(Declaration):
    """A scope as the sender declares it: its label and which schools it leaves out."""

    label: str
    exclude: dict[str, tuple[str, ...]] = Field(default={})


class BundledFile(Declaration):
    """A workbook: its name in the bundle, the sha256 of its content, and who it is from."""

    name: str = Field(pattern=r"^[^/\\\x00-\x1f]{1,180}\.xlsx$")
    sha256: str
    respondent: str


class BundleList(Declaration):
    """What the list in a bundle says."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    city_code: str = Field(pattern=r"^[0-9A-Za-z_-]{1,40}$")
    city_name: str
    version: str = Field(pattern=r"^[0-9]{4}\.[0-9]{1,6}$")
    files: tuple[BundledFile, ...]
    scopes: tuple[BundledScope, ...] = ()
