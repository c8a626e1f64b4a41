"""What the template prints around the values, and the reader looks for."""

import re
import unicodedata
from functools import lru_cache

_WHITE_SPACE = re.compile(r"[\s\u200b-\u200f\u202a-\u202e\u2060\ufeff]+")
META_SHEET = "_nianbao"
CODELIST_SHEET = "_下拉列表"
STATUS_LABEL = "本表情况"
NUMBER_HEADING = "序号"
ITEM_HEADING = "项目"
UNIT_HEADING = "单位"
HINT_HEADING = "填报说明"
LAST_YEAR_PREFIX = "上年"
THIS_YEAR_PREFIX = "本年"
RESULT_SHEET = "校验结果"
PROBLEM_HEADING = "问题编号"
VALUE_HEADING = "填写内容"
REASON_HEADING = "说明（请填写）"
AUTHOR_HEADING = "说明人（请填写）"


@lru_cache(maxsize=16_384)
def normalise_label(text: str) -> str:
    """A heading as compared: NFKC (full-width to half-width), no blanks (seen or unseen), no star, no colon."""
    return _WHITE_SPACE.sub("", unicodedata.normalize("NFKC", text)).strip("*:").lower()
