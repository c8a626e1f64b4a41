"""What sources/archive promises."""
