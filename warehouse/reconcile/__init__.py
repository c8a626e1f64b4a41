"""Reconciliation of a published report: what is printed against what was submitted, and against itself."""

from warehouse.reconcile.figures import Figure, read_list
from warehouse.reconcile.frame import reconcile
from warehouse.reconcile.report import Reconciliation, page, reconcile_file, save

__all__ = ["Figure", "Reconciliation", "page", "read_list", "reconcile", "reconcile_file", "save"]
