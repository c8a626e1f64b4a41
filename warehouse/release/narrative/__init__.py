"""The city's own words in a report: its files, the marks in them, what is wrong with their form. Knows no figure."""
