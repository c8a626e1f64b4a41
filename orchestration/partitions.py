"""One partition is one report year. The calendar declares the years; opening a year is adding it there."""

import dagster as dg

from sources.model import City


def report_years(city: City) -> dg.StaticPartitionsDefinition:
    return dg.StaticPartitionsDefinition([str(year) for year in sorted(city.calendar.years)])


def range_tags(first: str, last: str) -> dict[str, str]:
    """Tags that make one run cover all partitions from first to last."""
    return {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
