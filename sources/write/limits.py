"""From what to what a number usually goes: for the warnings of a template's cells, and for 填报进度."""

from sources.declarations.contract import Column
from sources.declarations.judgement import Judgement, Range


def usual_limits(column: Column, judgement: Judgement | None) -> Range:
    """From what to what a number usually goes, or else can go: the narrowest that the column and its judgement say."""
    bounds = (judgement.usual or judgement.possible) if judgement else None
    low, high = bounds.between if bounds else (None, None)
    return (
        max((each for each in (column.ge, low) if each is not None), default=None),
        min((each for each in (column.le, high) if each is not None), default=None),
    )
