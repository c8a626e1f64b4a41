"""What sources/declarations promises."""
