"""What was known when: every public table as it was published at any moment, kept by rows in a file of its own.

`keep_history` notes what a publication changes, `revision` why printed figures did, `as_of` asks for a
moment. Nothing is published or built here."""
