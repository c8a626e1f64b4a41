"""A printed report read: figures with the words around them.

Nothing is judged here."""
