"""Database files, who may open them, locks, tables, notes of runs.

Nothing here knows what a row means."""
