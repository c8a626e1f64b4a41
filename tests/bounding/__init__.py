"""Bounds of figures that lack schools: exact, sharp, true, and the same wherever they are shown."""
