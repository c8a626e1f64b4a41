"""What a file's own audit says of a cell, the comparison with last year and with other schools does not say again."""

from dataclasses import replace

from sources.audit.plausibility import LAST_YEAR, PEERS, PER_BASE, POSSIBLE
from sources.audit.told_already import cells_judged, not_told
from sources.submission.finding import CellAddress, Finding, intake_finding


def found(rule_id: str, cell: str = "E7", severity: str = "warning") -> Finding:
    at = CellAddress("a", "a.xlsx", "办学条件", cell, "floor_area")
    told = intake_finding("value.placeholder", at, "82", label="校舍建筑面积", expected=2)
    return replace(told, rule_id=rule_id, severity=severity)


def test_a_cell_is_doubted_once():
    of_comparison = [found(LAST_YEAR), found(PEERS), found(LAST_YEAR, "E8")]
    for of_file in (found(PER_BASE), found(POSSIBLE, severity="error"), found("conditions.campus_holds_buildings")):
        assert not_told(of_comparison, cells_judged([of_file])) == [found(LAST_YEAR, "E8")]


def test_how_a_number_is_written_is_no_doubt():
    of_file = [found("value.normalised"), found("plausible.usual", severity="info")]
    assert not_told([found(LAST_YEAR)], cells_judged(of_file)) == [found(LAST_YEAR)]


def test_other_rules_of_a_comparison_stay():
    of_city = found("city.quota_matches_approval")
    assert not_told([of_city], cells_judged([found(PER_BASE)])) == [of_city]


def test_the_cells_of_a_cause_are_told_too():
    cause = replace(found("cause.unit", "E6"), members=(found(PER_BASE), found(PER_BASE, "E8")))
    assert not_told([found(LAST_YEAR), found(LAST_YEAR, "E9")], cells_judged([cause])) == [found(LAST_YEAR, "E9")]
