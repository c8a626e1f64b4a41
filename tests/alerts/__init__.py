"""What warehouse/alerts promises."""
