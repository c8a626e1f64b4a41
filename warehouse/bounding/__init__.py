"""Bounds: what a region's figure can still become while schools are missing, and which school to call first.

`exact_programme` solves small linear programmes without rounding, `shadow` says what a school can add above and below
the line, `school_limits` what is declared of its numbers, `region_bound` what follows for the region, `note_bounds`
reads and notes it in the database. Only what is published is read: a bound tells nothing that it does not follow from.
"""
