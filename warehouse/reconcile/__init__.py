"""Reconciliation of a published report: what is printed against what was submitted, and against itself."""
