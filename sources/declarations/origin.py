"""Where a value comes from, beside the file that holds it: what is real and what is made up.

A workbook that people filled in says nothing about it, and all its values are `submitted`. One that `nianbao sample`
pours has a sheet that names each value that nobody submitted.
"""

SUBMITTED = "submitted"
ORIGINS = {
    SUBMITTED: "报送",
    "printed": "抄自印出的报告",
    "spread": "由合计分摊或推算",
    "made_up": "补设",
}
"""Origin → what people call it, from the strongest to the weakest; a value made of several has the weakest."""
NOT_OF_THE_SCHOOL = frozenset(("spread", "made_up"))
"""Origins of values that say nothing about the school beside whose name they stand."""
ORIGIN_NOTE = "示例数据：学校名下的数有的由合计分摊、推算或补设，不是该校报送的，不能当作该校的情况。"
"""The one line on every page that shows such a value beside a school's name."""
