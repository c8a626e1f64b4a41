"""The day on which a workbook says that it was filled in lies in the year's window."""

from collections.abc import Mapping
from datetime import date

import polars as pl

from sources.audit.places import CellOf, Places
from sources.declarations.city import City
from sources.declarations.contract import contract_named
from sources.submission.finding import Finding, intake_finding

RULE = "cover.filled_on_outside"


def outside_findings(
    city: City,
    frames: Mapping[str, pl.DataFrame],
    file_names: Mapping[str, str],
    cell_of: CellOf,
    received_on: Mapping[str, date],
) -> list[Finding]:
    """Warnings about days before the year opened, or after the file was received (where `received_on` has it)."""
    if "cover" not in frames:
        return []
    places = Places(contract_named(city.pack, "cover"), file_names, cell_of)
    found = []
    for submission_id, year, filled_on in (
        frames["cover"].drop_nulls("filled_on").select("submission_id", "report_year", "filled_on").iter_rows()
    ):
        opened, received = city.calendar.years[year].opens, received_on.get(submission_id)
        if received is not None and received < opened:
            continue  # nobody can say what is late or early in a year that has not opened
        if filled_on < opened or (received is not None and filled_on > received):
            at = places.at(submission_id, None, "filled_on")
            window = f"{opened.isoformat()} 开始报送" + (f"，{received.isoformat()} 收到" if received else "")
            found.append(intake_finding(RULE, at.address, at.text or filled_on.isoformat(), expected=window))
    return found
