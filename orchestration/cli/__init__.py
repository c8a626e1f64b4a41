"""The command line, in Chinese. Thin: a command calls one function of `sources`, `warehouse` or Dagster.

Dagster, dbt and DuckDB are imported by the commands that need them, because their import takes longer than most
commands. `main` is what runs; a module holds the commands of one purpose. Nothing is computed here.
"""
