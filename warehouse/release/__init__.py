"""What leaves the building for one report year: the summary workbook, the report draft and its PDF."""
