"""What sources/audit promises."""
