"""Official catalogues as the rules see them: one frame a code list that is no column's, `code` and `name`."""

from typing import Final

import polars as pl

from sources.declarations.codelist import load_codelists
from sources.declarations.pack import Pack

OFFICIAL_LISTS: Final = ("majors_before_2021", "official_majors")
"""Frames that a rule may ask; each is named like its code list."""
SCHEMA: Final = {"code": pl.String(), "name": pl.String()}


def official_list(pack: Pack, name: str) -> pl.DataFrame:
    """The entries of an official catalogue (code, name); none where the pack was kept before there was the list."""
    codelist = load_codelists(pack).get(name)
    rows = [(entry.code, entry.label) for entry in codelist.codes] if codelist else []
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")
