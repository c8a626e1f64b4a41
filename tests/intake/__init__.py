"""What warehouse/intake promises."""
