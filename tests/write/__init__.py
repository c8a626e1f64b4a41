"""What sources/write promises."""
