"""When and who: Dagster assets, schedules, sensors and the command line. The only place that imports Dagster."""
