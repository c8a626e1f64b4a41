"""What warehouse/run promises."""
