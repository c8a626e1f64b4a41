"""What Django has written to bring a desk's database from one version to the next; no hand changes them."""
