"""Every kind of hostile file: what becomes of it, what its sender is told, and that the others go on."""

import pytest

from sources.archive.quarantine import set_aside_now
from tests.conftest import ingest
from tests.hostile.hostile_page import PAGE, declared, outcomes, texts_table
from tests.hostile.kinds import KINDS, Kind
from tests.hostile.test_quarantine import inbox, verdicts  # noqa: F401 - a fixture
from warehouse.catalogue.markdown import table_lines
from warehouse.intake.feedback import write_feedback
from warehouse.intake.unread import unread_files
from warehouse.store.connection import open_working

TWELVE, *OTHERS = KINDS
"""The twelve that did harm to 0.1.0; the template among them is in tests/release/test_hostile_template.py."""


@pytest.mark.parametrize("group", [TWELVE, *(pytest.param(name, marks=pytest.mark.deep) for name in OTHERS)])
def test_each_kind_becomes_what_it_must_and_is_told(group: str):
    kinds = list(KINDS[group])
    for kind, outcome in zip(kinds, outcomes(kinds), strict=True):
        print(f"{kind.name:<24}{outcome.becomes:<10}{outcome.seconds:>6.1f} s{outcome.megabytes:>6} MB")
        assert outcome.becomes == kind.becomes, (kind.name, outcome)
        assert not kind.tells or kind.tells in outcome.rules, (kind.name, outcome)


def test_the_page_has_every_kind_and_text():
    shown = PAGE.read_text(encoding="utf-8")
    wanted = {kind.name: table_lines((), [declared(kind)])[2] for kinds in KINDS.values() for kind in kinds}
    missing = [name for name, row in wanted.items() if row.rstrip("|") not in shown]
    assert missing == [], "run: python -m tests.hostile.hostile_page"
    assert "\n".join(texts_table()) in shown, "run: python -m tests.hostile.hostile_page"


def file_name(kind: Kind) -> str:
    return f"2023_{kind.name}.xlsx" if kind.file_name == "报送.xlsx" else kind.file_name


@pytest.mark.deep
def test_all_of_them_at_once_stop_nothing(inbox, city):  # noqa: F811
    good = sorted(path.name for path in inbox.inbox.iterdir())
    hostile = [kind for kinds in KINDS.values() for kind in kinds]
    for kind in hostile:
        (inbox.inbox / file_name(kind)).write_bytes(kind.build())
    ingest(inbox, city)
    found = verdicts(inbox)
    assert {name: found[name] for name in good} == dict.fromkeys(good, "accepted")
    assert set_aside_now(inbox.archive) == {}, "each is dealt with before its process dies"
    with open_working(inbox) as connection:
        everybody = write_feedback(connection, inbox, [2023])
        unread = {each.file_name for each in unread_files(connection, inbox)}
    assert [each.trouble for each in everybody if each.trouble] == []
    assert unread >= {file_name(kind) for kind in hostile if kind.becomes == "refused"}
