"""Files for machines: tables as CSV and Parquet with their package, extracts, model docs."""
