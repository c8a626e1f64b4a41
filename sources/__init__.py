"""What comes in: declarations of the sheets, the city, templates, workbook reading and audit.

Pure Python and YAML. No Dagster, no SQL, no database.
"""
