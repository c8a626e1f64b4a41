"""The nearest right word to a wrong one, for messages."""

from collections.abc import Iterable


def nearest(word: object, known: Iterable[object]) -> str | None:
    """The known word most like `word`, whatever its case; None when none is alike."""
    from difflib import get_close_matches  # only a mistake needs it

    by_lower = {str(each).lower(): str(each) for each in known}
    found = get_close_matches(str(word).lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None
