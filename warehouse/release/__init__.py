"""Everything that leaves the building, made from the published database of one release for one report year."""
