"""The pages do what they say: recipes are followed, paths exist."""
