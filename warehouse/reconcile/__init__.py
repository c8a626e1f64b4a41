"""Reconciliation of a published report: what is printed against what was submitted, and against itself."""

from warehouse.reconcile.figures import Figure, read_list
from warehouse.reconcile.frame import reconcile

__all__ = ["Figure", "read_list", "reconcile"]
