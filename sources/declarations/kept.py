"""Declarations as they were kept: read back for as long as files are judged by them, by every later version.

A later version drops what it no longer knows, and does not ask again whether the declarations hold together, because it
may ask more by then. So a new field of a model needs a default.
"""

import gzip
import json
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from sources.system.faults import ToldError

Model = TypeVar("Model", bound=BaseModel)
IS_KEPT = {"is_kept": True}
"""The context in which models are read that were sound when they were kept."""
CITY, CONTRACTS, CODELISTS = "city", "contracts", "codelists"
INTAKE_RULES, CROSS_RULES, JUDGEMENTS = "intake_rules", "cross_rules", "judgements"


class KeptDeclarationsError(ToldError):
    """Declarations that were kept cannot be read by this version."""


ADDED_LATER: dict[str, Any] = {JUDGEMENTS: []}
"""Parts that older files have not, and what that means."""


@lru_cache
def kept_part(file: Path, part: str) -> Any:
    """One part of the declarations in a file of the archive: the city, the contracts by their path, a list of rules."""
    try:
        return (ADDED_LATER | json.loads(gzip.decompress(file.read_bytes())))[part]
    except (OSError, EOFError, ValueError, KeyError) as error:
        raise KeptDeclarationsError(f"存档中的声明读不出来，请从备份恢复：{file}（{error}）") from error


def read_kept(model: type[Model], data: Any) -> Model:
    """A model from what an earlier or later version wrote: keys that this one does not know are left out.

    Raises KeptDeclarationsError when it cannot be one even so.
    """
    try:
        return model.model_validate(data, context=IS_KEPT)
    except ValidationError as error:
        unknown = [each["loc"] for each in error.errors() if each["type"] == "extra_forbidden"]
        if not unknown:
            raise KeptDeclarationsError(f"存档中的声明读不出来：{error}") from error
    known = json.loads(json.dumps(data))
    for place in unknown:
        _drop(known, place)
    return read_kept(model, known)


def _drop(data: Any, place: tuple[int | str, ...]) -> None:
    """Takes out what stands at a place; a step that is not in the data is a word of pydantic's."""
    node = data
    for step in place[:-1]:
        if isinstance(node, list):
            node = node[int(step)] if isinstance(step, int) else node
        elif isinstance(node, dict) and str(step) in node:
            node = node[str(step)]
    del node[place[-1]]
