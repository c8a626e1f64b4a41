"""Linters of our own, which need developers' libraries."""
