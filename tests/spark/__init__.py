"""The same models on Apache Spark: every value as on DuckDB."""
