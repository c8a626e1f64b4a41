"""What the bureau's clerk decides at the desk, noted as `nianbao decide` notes it, and logged."""

from collections.abc import Sequence

import duckdb

from orchestration.desk.desk_log import log
from orchestration.desk.installed import installed
from orchestration.desk.models import Account
from warehouse.intake.decision_list import OUTCOMES, Decided, Filled, note_filled
from warehouse.intake.waiting import Asked

VERDICTS = {"approved": "认可、采用", "refused": "不认可、不采用"}


def note_decided(
    account: Account, connection: duckdb.DuckDBPyConnection, chosen: Sequence[Asked], is_refused: bool, reason: str
) -> Decided:
    """Notes the same decision on all that was chosen; whoever calls it holds the archive's lock."""
    name = account.shown_name
    lines = [Filled(at, each.id, OUTCOMES[each.about][is_refused], name, reason) for at, each in enumerate(chosen, 1)]
    done = note_filled(connection, installed(), lines, 0, name)
    about, said = {each.id: each for each in chosen}, VERDICTS["refused" if is_refused else "approved"]
    for line in done.noted:
        each = about[line.id]
        what = f"{each.report_year} {each.respondent_name} {each.sheet} {each.cells} {each.reason}"
        log(account.username, "decide", what, "待决定", f"{said} {reason}".strip())
    return done
