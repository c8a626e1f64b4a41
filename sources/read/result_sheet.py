"""The result sheet (校验结果) of a marked workbook that came back: the explanations on it."""

from collections.abc import Sequence
from typing import Any

from sources.declarations.headings import AUTHOR_HEADING, PROBLEM_HEADING, REASON_HEADING, VALUE_HEADING
from sources.submission.explanation import SEPARATOR, GivenExplanation, Question
from sources.system.plain_text import legible


def read_explanations(grid: Sequence[Sequence[Any]]) -> list[GivenExplanation]:
    """The lines of a result sheet that somebody has explained; anything that is not such a line is left alone."""
    given = []
    positions: dict[str, int] = {}
    for row in grid:
        texts = [legible(str(value)).strip() for value in row]
        if PROBLEM_HEADING in texts:
            positions = {text: position for position, text in enumerate(texts) if text}
            continue
        if not {PROBLEM_HEADING, REASON_HEADING} <= set(positions):
            continue
        parts = texts[positions[PROBLEM_HEADING]].split(SEPARATOR, 4)
        reason = texts[positions[REASON_HEADING]]
        if len(parts) == 5 and reason:
            author, value = (
                texts[positions[name]] if name in positions else "" for name in (AUTHOR_HEADING, VALUE_HEADING)
            )
            given.append(GivenExplanation(Question(*parts), reason, author, value))
    return given
