"""The Dagster definitions of one installation, assembled; nothing is implemented here."""

import dagster as dg

from orchestration.defs.alert_sensors import build_alerts
from orchestration.defs.document_assets import build_document_assets
from orchestration.defs.feedback_assets import build_feedback_assets
from orchestration.defs.intake_assets import build_intake_assets
from orchestration.defs.mail_sensor import build_mail_sensor
from orchestration.defs.model_assets import build_model_assets
from orchestration.defs.published_assets import build_published_assets
from orchestration.defs.refused_jobs import build_refused_jobs
from orchestration.defs.schedules import build_automation
from orchestration.defs.todo_assets import build_todo_assets
from orchestration.lib.dbt_graph import load_graph
from orchestration.lib.installation import DBT_GRAPH, HELD, INSTALLATION, READING, Installation
from orchestration.lib.progress import progress_logger
from orchestration.lib.recovery import held_by_run, reading
from sources.system.apart import EachApart, each_apart
from sources.system.faults import ToldError
from sources.system.settings import Settings, load_settings
from warehouse.catalogue.city_references import checked_city


def build_definitions(settings: Settings, each_apart: EachApart = each_apart) -> dg.Definitions:
    """All definitions for these settings; compiles the dbt project if it has changed. `each_apart` reads and judges."""
    city = checked_city(settings)
    dbt_graph = load_graph(settings, city.pack)
    assets = [
        *build_intake_assets(city),
        *build_feedback_assets(city),
        build_model_assets(city, dbt_graph),
        *build_published_assets(city, dbt_graph),
    ]
    graph = dg.Definitions(
        assets=assets,
        resources={
            INSTALLATION: Installation(settings, city, each_apart=each_apart),
            HELD: held_by_run(steps=len(assets)),
            READING: reading,
            DBT_GRAPH: dbt_graph,
        },
        executor=dg.in_process_executor,
        loggers={"console": dg.colored_console_logger, "progress": progress_logger},
    )
    graph = dg.Definitions.merge(graph, build_document_assets(city), build_todo_assets())
    return dg.Definitions.merge(graph, build_automation(city), build_alerts(graph), build_mail_sensor())


@dg.definitions
def defs() -> dg.Definitions:
    """What Dagster loads. Of a city with a wrong declaration, jobs that say so."""
    try:
        return build_definitions(load_settings())
    except ToldError as error:
        return build_refused_jobs(str(error))
