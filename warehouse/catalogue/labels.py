"""What people read for the codes of the database: on the site, in documents, at the terminal, in Dagster."""

from sources.declarations.year_states import STATE_LABELS

STATUS = {
    "ok": "完整",
    "incomplete": "不完整",
    "missing": "未报告",
    "unavailable": "无法提供",
    "not_applicable": "分母为零，不适用",
    "suppressed": "人数过少，不公开",
    "does_not_add": "各地的数不能相加",
    "differs": "各地填报的数不一致",
}
COMPARABILITY = {
    "comparable": "可比",
    "scope_break": "两年口径不同，不能当作增减",
    "definition_break": "两年定义不同，不能当作增减",
    "incomplete": "数据不完整，变化仅供参考",
    "not_verifiable": "缺上年或本年的数，不能比较",
}
DIRECTION = {"higher": "越高越好", "lower": "越低越好", "neutral": "不分优劣"}
LEVEL = {"school": "学校、地区", "region": "仅地区"}
VERDICT = {"met": "达标", "missed": "未达标", "not_verifiable": "无法判断", "excluded": "不在范围内"}
ON_THE_WHOLE = {
    "met": "全部关键指标达标",
    "missed": "有未达标的关键指标",
    "not_verifiable": "无法判断",
    "excluded": "不在范围内",
}
"""Of a school, by one edition of the standards."""
ON_TARGET = {"met": "达到目标", "missed": "没有达到目标", "not_verifiable": "能否达到目标无法判断", "no_target": ""}
BOUND = {"at_least": "不低于", "at_most": "不高于"}
STATE = {state.value: label for state, label in STATE_LABELS.items()}
SUBMISSION = {
    "expected": "未报送",
    "received": "待审核",
    "held": "待确认",
    "declined": "不采用",
    "accepted": "有效",
    "rejected": "已退回",
    "superseded": "已被新版本取代",
}
ADDS = {
    "sum": "相加",
    "ratio_of_sums": "分子、分母分别相加后相除",
    "distinct": "相同的只计一个",
    "maximum": "取最大",
    "same_for_all": "同一省内应当一致，取这个数",
    "none": "不能相加，只有填报的那一级有",
}
ROLE = {"numerator": "分子", "denominator": "分母"}
DOWNLOADS = {
    ".xlsx": "Excel 工作簿",
    ".docx": "Word 文档",
    ".pdf": "PDF 文档",
    ".csv": "CSV 数据",
    ".parquet": "Parquet 数据",
    ".json": "JSON 说明",
    ".zip": "打包下载",
    ".duckdb": "DuckDB 数据库",
    ".txt": "文本",
}
TIME_BASES = {"as_of": "时点", "school_year": "学年", "calendar_year": "自然年", "cumulative": "累计"}
