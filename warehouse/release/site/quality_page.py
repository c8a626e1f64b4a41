"""The page on submissions, findings and explanations."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from warehouse.release.site.page import Page, coverage_rows, has_school_pages
from warehouse.release.site.site_facts import Row, SiteFacts


def quality_page(facts: SiteFacts) -> Page:
    names = {row["respondent_code"]: row["respondent_name"] for row in facts.register}
    by_rule: dict[tuple[str, str], list[Row]] = {}
    for finding in facts.findings:
        by_rule.setdefault((finding["severity"], finding["rule_id"]), []).append(finding)
    return Page(
        "quality.html",
        "quality",
        "报送与质量",
        {
            "calendar": facts.calendar,
            "states": Counter(row["state"] for row in facts.register),
            "register": timed(facts, facts.register),
            "coverage": coverage_rows(facts),
            "rules": [
                (severity, rule, len(found), len({each["respondent_code"] for each in found}), found[0]["fix"])
                for (severity, rule), found in by_rule.items()
            ],
            "findings": [
                {
                    "respondent_code": each["respondent_code"],
                    "name": names.get(each["respondent_code"], each["respondent_code"]),
                    **{
                        name: each[name] for name in ("severity", "rule_id", "sheet", "cell", "message", "is_explained")
                    },
                }
                for each in facts.findings
            ],
            "schools": {school["school_code"] for school in facts.schools} if has_school_pages(facts) else set(),
        },
    )


def timed(facts: SiteFacts, rows: Iterable[Row]) -> list[Row]:
    """Rows with points in time as the city's clock showed them."""
    zone = ZoneInfo(facts.timezone)

    def text(value: Any) -> Any:
        if not isinstance(value, datetime):
            return value
        return f"{value.astimezone(zone) if value.tzinfo else value:%Y-%m-%d %H:%M}"

    return [{name: text(value) for name, value in row.items()} for row in rows]
