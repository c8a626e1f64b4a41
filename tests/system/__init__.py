"""What sources/system promises."""
