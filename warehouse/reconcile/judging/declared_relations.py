"""relations.yml declares what must hold among printed figures but follows from no formula or contract."""

from functools import lru_cache
from pathlib import Path

from sources.declarations.strict_yaml import Declaration, Name, load


class Magnitude(Declaration):
    """Two sums that stand for the same money: an amount for each head, beside an amount a head; by indicator."""

    amount: Name
    heads: Name
    beside: Name


class Denominator(Declaration):
    """A measure over which ratios are formed, and the one that a reader takes for it."""

    implied: Name
    beside: Name


class DeclaredRelations(Declaration):
    identities: tuple[str, ...]
    """Always."""
    usual: tuple[str, ...]
    """Worth a question when not."""
    magnitudes: tuple[Magnitude, ...]
    denominators: tuple[Denominator, ...]


@lru_cache
def declared_relations() -> DeclaredRelations:
    return load(Path(__file__).with_name("relations.yml"), DeclaredRelations)
