"""What several runs say together: a median, and from where to where it lies. One run says nothing about the next."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from statistics import median

CONFIDENCE = 0.95
MET, NOT_MET, NOT_DECIDED = "met", "**not met**", "not decided"


@dataclass(frozen=True, slots=True)
class CostInterval:
    """`confidence`: how sure it is that the true median lies from `low` to `high`, however the runs are distributed."""

    median: float
    low: float
    high: float
    confidence: float

    def shown(self, decimals: int) -> str:
        """As `4.94 (4.80–5.10)`; a single run has no interval."""
        middle = f"{self.median:,.{decimals}f}"
        return f"{middle} ({self.low:,.{decimals}f}–{self.high:,.{decimals}f})" if self.confidence else middle

    def verdict(self, at_most: float) -> str:
        """Whether a target is met: only if the whole interval says so."""
        if not self.confidence or self.low <= at_most < self.high:
            return NOT_DECIDED
        return MET if self.high <= at_most else NOT_MET


def interval_of(values: Sequence[float]) -> CostInterval:
    """By order statistics: the two runs equally far from both ends between which the median lies with CONFIDENCE at
    least, as near as can be; the smallest and the largest where so few runs cannot say it so surely."""
    ordered, count = sorted(values), len(values)
    for cut in range((count - 1) // 2, -1, -1):
        confidence = 1 - 2 * sum(comb(count, rank) for rank in range(cut + 1)) / 2**count
        if confidence >= CONFIDENCE:
            break
    return CostInterval(median(ordered), ordered[cut], ordered[-1 - cut], max(confidence, 0.0))
