"""The Dagster definitions of one installation, assembled; nothing is implemented here."""

import dagster as dg

from orchestration.defs.alert_sensors import build_alerts
from orchestration.defs.document_assets import build_publication
from orchestration.defs.feedback_assets import build_feedback_assets
from orchestration.defs.intake_assets import build_submission_assets
from orchestration.defs.model_assets import build_transform_assets
from orchestration.defs.published_assets import build_release_assets
from orchestration.defs.schedules import build_automation
from orchestration.lib.dbt_graph import load_graph
from orchestration.lib.partitions import EXCLUSIVE
from orchestration.lib.progress import progress_logger
from orchestration.lib.recovery import build_recovery, exclusive_run
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
