"""What the template prints around the values, and the reader looks for."""

import re
import unicodedata
from functools import lru_cache

_WHITE_SPACE = re.compile(r"[\s\u200b-\u200f\u202a-\u202e\u2060\ufeff]+")
COVER_SHEET = "封面"
META_SHEET = "_nianbao"
CODELIST_SHEET = "_下拉列表"
STATUS_LABEL = "本表情况"
TOKEN_LABEL, TOKEN_PROPERTY = "封面识别码", "template_token"
"""How the line of the cover begins that has the template's token, and the workbook's property that has it too."""
NUMBER_HEADING = "序号"
ITEM_HEADING = "项目"
UNIT_HEADING = "单位"
HINT_HEADING = "填报说明"
LAST_YEAR_PREFIX = "上年"
THIS_YEAR_PREFIX = "本年"
STILL_HEADING = "今年是否仍在"
STILL_THERE, GONE = "仍在", "不在"
STILL_WORDS = {
    STILL_THERE: ("仍在", "在", "是", "有", "继续", "保留", "√"),
    GONE: ("不在", "不在了", "已不在", "否", "无", "没有", "删除", "终止", "×"),
}
"""What a person may write for either, besides choosing it."""
ROLLED_NOTE = "以下是上年的名单，可以改、可以增加：逐行选“仍在”或“不在”（选好一格可以向下填充），本年的数要重新填。"
ROLLED_AND_ASKED = "以下是上年的名单，可以改、可以增加：还在的逐行填“{}”，不在的清除整行的内容，本年的数要重新填。"
PROGRESS_SHEET = "填报进度"
RESULT_SHEET = "校验结果"
ORIGIN_SHEET = "来源说明"
ORIGIN_HEADINGS = ("工作表", "单元格", "值", "来源")
PROBLEM_HEADING = "问题编号"
VALUE_HEADING = "填写内容"
REASON_HEADING = "说明（请填写）"
AUTHOR_HEADING = "说明人（请填写）"
ID_HEADING, VERDICT_HEADING, DECIDED_BY_HEADING, DECISION_REASON_HEADING = "编号", "认定", "认定人", "理由"


@lru_cache(maxsize=16_384)
def normalise_label(text: str) -> str:
    """A heading as compared: NFKC (full-width to half-width), no blanks (seen or unseen), no star, no colon."""
    return _WHITE_SPACE.sub("", unicodedata.normalize("NFKC", text)).strip("*:").lower()
