"""Everything by which a submission is judged, as one text to keep, and the city that judges by it again."""

import json
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from sources.declarations.city import City
from sources.declarations.codelist import load_codelists
from sources.declarations.contract import Contract, contracts_by_path
from sources.declarations.judgement import load_judgements
from sources.declarations.kept import (
    CITY,
    CODELISTS,
    CONTRACTS,
    CROSS_RULES,
    INTAKE_RULES,
    JUDGEMENTS,
    kept_part,
    read_kept,
)
from sources.declarations.pack import Pack
from sources.declarations.rule import load_cross_rules, load_intake_rules


def text_to_keep(city: City) -> bytes:
    """The city, its contracts, code lists and rules as canonical JSON: the same declarations give the same bytes."""
    kept = {
        CITY: _dumped(city),
        CONTRACTS: {path: _contract(contract) for path, contract in contracts_by_path(city.pack).items()},
        CODELISTS: _all_dumped(load_codelists(city.pack).values()),
        INTAKE_RULES: _all_dumped(load_intake_rules(city.pack).values()),
        CROSS_RULES: _all_dumped(load_cross_rules(city.pack)),
        JUDGEMENTS: _all_dumped(load_judgements(city.pack).values()),
    }
    return json.dumps(kept, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _dumped(declaration: BaseModel) -> Any:
    return declaration.model_dump(mode="json", by_alias=True)


def _contract(contract: Contract) -> Any:
    """With how numbers add up and are judged: no part of a sheet's version, but rules derive from it."""
    beside = {
        column.name: {key: value for key in ("adds", "judged", "check_character") if (value := getattr(column, key))}
        for column in contract.columns
    }
    dumped = _dumped(contract)
    return dumped | {"columns": [column | beside[column["name"]] for column in dumped["columns"]]}


def _all_dumped(declarations: Iterable[BaseModel]) -> list[Any]:
    return [_dumped(each) for each in declarations]


@lru_cache
def kept_city(file: Path, pack: Pack) -> City:
    """The city that was kept in a file, with its contracts, code lists and rules; the rest of the pack is today's.

    Raises KeptDeclarationsError when this version cannot read it.
    """
    city = read_kept(City, kept_part(file, CITY))
    return city.model_copy(update={"pack": replace(pack, kept=file)})
