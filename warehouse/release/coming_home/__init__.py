"""A draft that was handed out and comes back: what people changed in it, and how words get home. Knows no figure."""
