"""What warehouse/release promises: documents, site, data, and the release itself, made and made again."""
