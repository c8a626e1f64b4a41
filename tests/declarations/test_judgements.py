"""Every number is judged: each names a judgement of its unit, and each bound its source."""

import shutil

import pytest

from sources.declarations.contract import Contract, contract_respondents, load_contracts
from sources.declarations.judgement import bound_sources, load_judgements
from sources.declarations.pack import NEUTRAL_PACK, Pack, shipped_packs
from sources.declarations.problem import DeclarationError
from tests.any_city.worlds import WORLDS
from tests.support.sample import PACK

PACKS = [NEUTRAL_PACK, *shipped_packs(), *(world.city.pack for world in WORLDS.values())]
"""Those that ship, and made-up ones."""


def column_at(pack: Pack, contract: Contract, name: str) -> tuple[Contract, str]:
    """The sheet and the column that a judgement's `column` or `sheet.column` means."""
    sheet, _, column = name.rpartition(".")
    found = next(each for each in load_contracts(pack) if each.name == sheet) if sheet else contract
    return found, found.column(column).name


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.code or "neutral")
def test_bases_and_wholes_are_numbers_of_the_same_workbook(pack: Pack) -> None:
    judgements, folder = load_judgements(pack), contract_respondents(pack)
    for contract in load_contracts(pack):
        for column in (column for column in contract.columns if column.judged):
            judgement = judgements[column.judged or ""]
            for each in (judgement, *(judgements[name] for name in judgement.rows.values())):
                bases = [base.base for base in each.per] + ([each.peers.base] if each.peers and each.peers.base else [])
                for name in (*bases, *each.within):
                    at, named = column_at(pack, contract, name)
                    assert at.column(named).is_number
                    assert at == contract or at.shape == "form", (column.name, name)
                    assert folder[at.name] == folder[contract.name]


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.code or "neutral")
def test_every_number_has_a_judgement_that_can_fail(pack: Pack) -> None:
    judgements = load_judgements(pack)
    for contract in load_contracts(pack):
        for column in (column for column in contract.columns if column.is_number):
            judgement = judgements[column.judged or ""]
            has_limits = judgement.possible or column.le is not None or judgement.is_label
            is_usual = judgement.usual or judgement.per or judgement.last_year or judgement.is_label
            assert has_limits, column.name
            assert is_usual, column.name


def test_every_source_is_used_and_every_judgement_too() -> None:
    judgements = load_judgements(PACK)
    used = {column.judged for pack in PACKS for c in load_contracts(pack) for column in c.columns if column.judged}
    used |= {each.like for each in judgements.values()} | {
        n for each in judgements.values() for n in each.rows.values()
    }
    assert set(judgements) - used == set()
    assert set(bound_sources(PACK)) == {source for each in judgements.values() for source in each.sources}


@pytest.mark.parametrize(
    ("judged", "told"),
    [
        ("", "没有写怎样判断"),
        ("judged: graduate, ", "“graduate”"),
        ("judged: area, ", "判断的单位是 平方米，不是“人”"),
    ],
)
def test_a_number_without_a_judgement_of_its_unit_is_no_declaration(tmp_path, judged: str, told: str) -> None:
    shutil.copytree(PACK.folder, tmp_path / "450000")
    column = f"{{name: boarders, label: 住校生数, type: integer, unit: 人, adds: sum, {judged}hint: 住校的学生。}}"
    file = tmp_path / "450000" / "contracts" / "school" / "students.yml"
    file.write_text(f"columns:\n  - {column}\n", encoding="utf-8")
    with pytest.raises(DeclarationError, match=told) as refused:
        load_contracts(Pack(tmp_path / "450000"))
    assert "students.yml" in str(refused.value)
