"""What sources/sample promises."""
