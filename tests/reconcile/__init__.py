"""What warehouse/reconcile promises."""
