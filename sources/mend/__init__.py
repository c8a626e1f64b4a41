"""This room changes a file that came in as its school would change it: a cell typed anew, a warning explained.

The rest of the file stays as it was. What was typed is not judged here, and nothing is received."""
