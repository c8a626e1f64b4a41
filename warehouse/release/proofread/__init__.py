"""What a reader will read, read once more before it is released: no hint, no placeholder, no foreign word."""
