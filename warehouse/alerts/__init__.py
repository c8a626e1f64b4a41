"""Who is told of which trouble, once.

No database and no release is read here: what was seen is handed in."""
