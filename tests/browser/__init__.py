"""What a person sees in a browser: the site of a release and Dagster's pages."""
