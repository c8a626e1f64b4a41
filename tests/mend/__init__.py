"""What sources/read promises."""
