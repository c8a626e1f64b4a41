"""Satisfaction of fewer than five people: it is in no table, no cell, no finding and no total."""
