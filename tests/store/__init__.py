"""What warehouse/store promises."""
