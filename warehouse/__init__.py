"""What stands: the registry of submissions, the raw tables, the indicator catalogue, releases.

May import `sources`; knows nothing of Dagster.
"""
