"""One partition is one report year. The calendar declares the years; opening a year is adding it there.

Every asset is partitioned, also those that hold all years (the models, the published copy): then the clerk
launches a year as one run from one dialog. A run of a year takes in that year's submissions and rebuilds the
models over all years; one run may cover several years.
"""

import warnings
from typing import Any

import dagster as dg

from sources.declarations.city import City

# `backfill_policy` is beta in Dagster, and said so once for each asset at every start.
warnings.filterwarnings("ignore", category=dg.BetaWarning, message="Parameter `backfill_policy`")


def report_years(city: City) -> dg.StaticPartitionsDefinition:
    return dg.StaticPartitionsDefinition([str(year) for year in sorted(city.calendar.years)])


def by_report_year(city: City) -> dict[str, Any]:
    """The arguments that every asset definition shares."""
    return {
        "partitions_def": report_years(city),
        "backfill_policy": dg.BackfillPolicy.single_run(),
    }


def range_tags(first: str, last: str) -> dict[str, str]:
    """Tags that make one run cover all partitions from first to last."""
    return {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
