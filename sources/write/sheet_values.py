"""What a template is filled with: this year's values, and last year's beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

Value = str | int | Decimal | date | None
Record = Mapping[str, Value]


@dataclass(frozen=True)
class SheetValues:
    """What stands in one sheet: its status (code of `sheet_status`) and its records (one for a form)."""

    status: str = "filled"
    records: Sequence[Record] = field(default_factory=tuple)
