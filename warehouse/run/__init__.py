"""Is a run needed? Built, published, made again, rehearsed, on DuckDB or Spark.

Nothing is accepted or printed here."""
