"""What sources/submission promises."""
