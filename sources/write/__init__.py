"""Workbooks that we write: templates to fill in, and what came in with its findings marked.

Nothing is judged here."""
