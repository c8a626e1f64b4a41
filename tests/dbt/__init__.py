"""The dbt project keeps its own rules; what it builds is what its unit tests say."""
