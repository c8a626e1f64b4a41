"""Bytes to a submission: is it safe to open, what does a person read in each cell, which sheet and column is it.

Nothing is judged here but structure."""
