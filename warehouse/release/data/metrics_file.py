"""The indicators as a file of metrics, which tools of the kind "semantic layer" read: `metrics.yml`.

The form is Sidemantic's, which also writes those of other tools. A metric adds up schools: the sum of a sum's values,
the sum of a ratio's upper parts by the sum of its lower parts; so it is right for every set of schools that somebody
asks for, and equals the region's value where the set is the region's. What does not add up so is left out.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from warehouse.catalogue.catalogue import Catalogue
from warehouse.catalogue.indicator import Indicator

METRICS = "metrics.yml"
MODEL = "school_value"
ADDED = ("sum", "ratio_of_sums")
SQL = """
select
    facts.report_year || '-' || facts.subject_code || '-' || facts.indicator_code as value_id,
    facts.report_year, facts.indicator_code, facts.numerator, facts.denominator,
    schools.school_code, schools.school_name, schools.category_label, schools.ownership_label,
    schools.affiliation_label, schools.region_name, schools.city_name, schools.county_name
from core.fct_indicator_value as facts
inner join core.dim_school as schools
    on facts.report_year = schools.report_year and facts.subject_code = schools.school_code
where facts.subject_kind = 'school' and facts.numerator is not null
"""
DIMENSIONS = {
    "report_year": "报告年度",
    "school_code": "学校标识码",
    "school_name": "学校名称",
    "category_label": "学校类别",
    "ownership_label": "学校性质",
    "affiliation_label": "学校隶属层级",
    "region_name": "所在地区",
    "city_name": "所在市",
    "county_name": "所在县区",
}


def write_metrics(catalogue: Catalogue, folder: Path) -> Path:
    """Writes metrics.yml: one model, a row a school, year and indicator; a metric an indicator that adds up."""
    path = folder / METRICS
    model = {
        "name": MODEL,
        "description": "各学校的指标值。一个指标是所选学校之和，比率是分子之和除以分母之和。",
        "primary_key": "value_id",
        "sql": SQL,
        "dimensions": [
            {"name": name, "sql": name, "description": label}
            | {"type": "numeric" if name == "report_year" else "categorical"}
            for name, label in DIMENSIONS.items()
        ],
        "metrics": [metric for indicator in catalogue.indicators.values() for metric in _metrics(catalogue, indicator)],
    }
    path.write_text(yaml.safe_dump({"models": [model]}, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def is_metric(catalogue: Catalogue, indicator: Indicator) -> bool:
    """Whether values of several schools give the value of them all."""
    return (
        catalogue.level(indicator) == "school"
        and catalogue.adds(indicator) in ADDED
        and indicator.kind != "school_count"
    )


def _metrics(catalogue: Catalogue, indicator: Indicator) -> Iterator[dict[str, Any]]:
    if not is_metric(catalogue, indicator):
        return
    told = {"description": f"{indicator.label}（{indicator.unit}）：{indicator.definition}", "label": indicator.label}
    if indicator.kind == "sum":
        yield _sum(indicator, indicator.code, "numerator") | told
        return
    upper, lower = f"{indicator.code}_numerator", f"{indicator.code}_denominator"
    yield _sum(indicator, upper, "numerator") | {"public": False}
    yield _sum(indicator, lower, "denominator") | {"public": False}
    ratio = f"{indicator.scale} * {upper} / nullif({lower}, 0)"
    yield {"name": indicator.code, "type": "derived", "sql": ratio} | told


def _sum(indicator: Indicator, name: str, of: str) -> dict[str, Any]:
    return {"name": name, "agg": "sum", "sql": of, "filters": [f"indicator_code = '{indicator.code}'"]}
