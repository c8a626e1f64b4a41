"""What warehouse/figures promises."""
