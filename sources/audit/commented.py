"""What people write beside a number: that it is not yet final, or another number. The bureau sees it with the cell."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from sources.audit.personal_text import redacted
from sources.audit.places import CellOf, Places
from sources.declarations.contract import load_contracts
from sources.declarations.headings import normalise_label
from sources.declarations.pack import Pack
from sources.submission.cell import FORM_RECORD
from sources.submission.finding import Finding, intake_finding
from sources.submission.submission import Submission
from sources.system.plain_text import cut_short

COMMENTED = "value.commented"
DOUBTFUL = (
    "暂",
    "(?<!评)估",
    "(?<![签合节预违公条制契履解邀特失])约(?![定束谈请见会法])",
    "待(?:核|定|补|查|报|批|更新|确认|统计|审|复|改|商|落实|完善|最终)",
    "[未没](?:有)?(?:核|定|审|确认|统计|完成|最终)",
    "[请需再]核",
    "不(?:准|确定|一定|清楚|对|是最终)",
    "初步|预计|大概|大致|左右|可能|存疑|疑问|有误|应为|应是|改为",
    "[?？]",
    "[一二两三四五六七八九十几][十百千万亿]",
)
"""Words by which a comment doubts a number or names another, as patterns of normalised text; a digit does it too.

Left out are words that hold them and say something else: 评估, 约定, 签约, 节约.
"""
DOUBT = re.compile("|".join((r"\d", *DOUBTFUL)))
SHOWN = 200
"""Letters of a comment that are shown."""


def comment_findings(
    pack: Pack, submissions: Sequence[Submission], file_names: Mapping[str, str], cell_of: CellOf
) -> Iterator[Finding]:
    """The comments that doubt a value or hold a number, each with its value; personal data is not shown."""
    contracts = {contract.name: contract for contract in load_contracts(pack)}
    for each in chain.from_iterable(submission.comments for submission in submissions):
        said = redacted(" ".join(each.text.split()))[0]
        if not DOUBT.search(normalise_label(said)):  # a telephone number is no other number
            continue
        contract = contracts[each.cell.sheet]
        record = None if each.cell.record == FORM_RECORD else each.cell.record
        place = Places(contract, file_names, cell_of).at(each.cell.submission_id, record, each.cell.column_name)
        where = "这一格的批注" if each.at == each.cell.cell else f"同一行 {each.at} 的批注"
        label = next(column.label for column in contract.columns if column.name == each.cell.column_name)
        expected = f"{where}写着：“{cut_short(said, SHOWN)}”"
        yield intake_finding(COMMENTED, place.address, each.cell.raw_text, label=label, expected=expected)
