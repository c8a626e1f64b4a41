"""What a finding does to the figures that are printed: which of them move if it is mended, from what to what."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Counted = Literal["this", "last_accepted", "not_counted"]
"""What the figures hold of the respondent now: the version with the finding, an earlier one, or nothing."""
SHOWN_FIGURES = 3
NO_FIGURE = "（没有数）"
IN_FIGURES: dict[Counted, str] = {
    "this": "",
    "last_accepted": "本版已退回，{whole}数字仍是上一次接收的；",
    "not_counted": "本单位未计入{whole}数字；",
}


@dataclass(frozen=True, slots=True)
class MovedFigure:
    """A figure as it is printed now, and as it would be; None where there is or would be none.

    `share`: by which part of what is printed now; None when there is nothing now, or zero. `region` is named where it
    is not the installation's own.
    """

    label: str
    unit: str
    report_year: int
    region: str
    printed: str | None
    would_be: str | None
    share: Decimal | None

    @property
    def text(self) -> str:
        moves = f"{self.printed or NO_FIGURE} → {self.would_be or NO_FIGURE}"
        return f"{self.region}{self.label} {moves} {self.unit}".rstrip()


@dataclass(frozen=True, slots=True)
class Effect:
    """What mending a finding does: with what is suggested, or, where nothing is, with the value left out.

    `moved` are the figures that would be printed otherwise, the most moved first; `depending` is how many figures take
    the cell, moved or not. Not `is_known`: of a file that was sent back nothing is suggested. `whole` is the word for
    all of the installation's region.
    """

    counted: Counted
    is_suggested: bool
    is_known: bool
    moved: tuple[MovedFigure, ...]
    depending: int
    whole: str

    @property
    def moves(self) -> bool:
        return bool(self.moved)

    @property
    def weight(self) -> tuple[Decimal, int]:
        """The greater, the more it matters: the share by which a figure moves the most, then how many move."""
        shares = (figure.share for figure in self.moved)
        return max((Decimal("Infinity") if s is None else s for s in shares), default=Decimal(0)), len(self.moved)

    @property
    def text(self) -> str:
        """In words, for the cell of a list."""
        state = IN_FIGURES[self.counted].format(whole=self.whole)
        if not self.is_known:
            return f"{state}有 {self.depending} 个数字要用这一格。"
        if not self.moved:
            return f"{state}印出的{self.whole}数字不变。"
        how = "按建议改正" if self.is_suggested else "不计这一格"
        shown = "；".join(figure.text for figure in self.moved[:SHOWN_FIGURES])
        more = f"；……共 {len(self.moved)} 个数字" if len(self.moved) > SHOWN_FIGURES else ""
        return f"{state}{how}：{shown}{more}。"
