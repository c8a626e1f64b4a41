"""Every number of the published database, its table, its rounding, and the cells behind it.

Nothing is written here."""
