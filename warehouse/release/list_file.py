"""The list of a release as a file: one item a line, with columns for who confirms it and why; CSV or xlsx."""

from collections.abc import Sequence
from pathlib import Path

from sources.declarations.filled_list import ListForm, NoListError, read_list_file, write_list_file
from warehouse.release.gate import CannotConfirmError, Wish
from warehouse.release.item import Listed

YEAR, ID, TITLE, SEEN, NOTE, BY, REASON = "年度", "编号", "事项", "所见", "说明", "确认人", "理由"
FORM = ListForm(
    title="确认清单",
    headings={YEAR: 8, ID: 30, TITLE: 38, SEEN: 60, NOTE: 50, BY: 12, REASON: 50},
    asked={BY: (), REASON: ()},
    made_by="release --dry-run --to",
)


def write_list(listed: Sequence[Listed], report_year: int, path: Path) -> int:
    """Writes what somebody may confirm and nobody has; returns how many lines.

    Raises CannotConfirmError for a file that is neither .csv nor .xlsx.
    """
    rows = [
        (str(report_year), each.item.id, each.item.title, each.item.seen, each.item.note, "", "")
        for each in listed
        if each.settled is None and not each.nobody
    ]
    try:
        write_list_file(FORM, rows, path)
    except NoListError as error:
        raise CannotConfirmError(str(error)) from None
    return len(rows)


def read_list(path: Path) -> tuple[dict[int, list[Wish]], int]:
    """Report year → what the filled lines wish to confirm; and how many lines were left unfilled.

    Raises DeclarationError for a CSV that is none, CannotConfirmError for other files and for a line without a year.
    """
    wishes: dict[int, list[Wish]] = {}
    unfilled = 0
    try:
        lines = read_list_file(FORM, path)
    except NoListError as error:
        raise CannotConfirmError(str(error)) from None
    for number, line in lines:
        if not line[BY].strip() and not line[REASON].strip():
            unfilled += 1
            continue
        if not line[YEAR].strip().isdecimal():
            raise CannotConfirmError(f"第 {number} 行：没有年度")
        wish = Wish(line[ID].strip(), line[BY], line[REASON], line[SEEN], f"第 {number} 行 ")
        wishes.setdefault(int(line[YEAR]), []).append(wish)
    return wishes, unfilled
