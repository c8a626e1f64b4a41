"""Paper: the report as Word, PDF and workbook, from a template with marks."""
