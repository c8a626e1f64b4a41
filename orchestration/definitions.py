"""The Dagster definitions of one installation, assembled; nothing is implemented here."""

import dagster as dg

from orchestration.dbt_graph import load_graph
from orchestration.defs.alerts import build_alerts
from orchestration.defs.automation import build_automation
from orchestration.defs.feedback import build_feedback_assets
from orchestration.defs.publication import build_publication
from orchestration.defs.release import build_release_assets
from orchestration.defs.submissions import build_submission_assets
from orchestration.defs.transform import build_transform_assets
from orchestration.partitions import EXCLUSIVE
from orchestration.progress import progress_logger
from orchestration.recovery import build_recovery, exclusive_run
from sources.declarations.city import load_city
from sources.system.settings import Settings, load_settings


def build_definitions(settings: Settings) -> dg.Definitions:
    """All definitions for these settings; compiles the dbt project if it has changed."""
    city = load_city(settings.city_dir)
    dbt = load_graph(settings)
    assets = [
        *build_submission_assets(settings, city),
        *build_feedback_assets(settings, city),
        build_transform_assets(settings, city, dbt),
        *build_release_assets(settings, city, dbt),
    ]
    graph = dg.Definitions(
        assets=assets,
        resources={EXCLUSIVE: exclusive_run(settings, steps=len(assets))},
        executor=dg.in_process_executor,
        loggers={"console": dg.colored_console_logger, "progress": progress_logger},
    )
    graph = dg.Definitions.merge(graph, build_publication(settings, city))
    return dg.Definitions.merge(
        graph,
        build_recovery(settings),
        build_automation(settings, city),
        build_alerts(settings, city, graph),
    )


@dg.definitions
def defs() -> dg.Definitions:
    return build_definitions(load_settings())
