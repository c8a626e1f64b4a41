"""Strict reading of the YAML that people edit: immutable objects, and no key that nobody knows."""

from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class Declaration(BaseModel):
    """Base of everything read from YAML: immutable, and no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def is_valid_in(self, report_year: int) -> bool:
        """Whether `since` and `until` (both inclusive, both optional) admit the report year."""
        since = getattr(self, "since", None)
        until = getattr(self, "until", None)
        return (since is None or since <= report_year) and (until is None or report_year <= until)


def read_yaml(path: Path) -> dict:
    """The mapping in a YAML file.

    Raises ValueError that names the file when it does not hold a mapping.
    """
    loaded = yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    if not isinstance(loaded, dict):
        raise ValueError(f"{path}: expected a mapping at the top level")
    return loaded
