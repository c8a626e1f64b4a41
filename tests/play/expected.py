"""The year as it should be seen: where each part's schools stand after each day, what the bureau is told, letters.

A part's line stands for each of its schools, one of 12 or 4 of 48. What has no line is as it was the day before, and
nothing is said of it.

- `stands`: state; 计入 (its numbers are in the marts, as soon as the bureau's roster is; 计入+1 with one teacher more);
  要办 (its name stands on Dagster's page of the year); 退回件 (a marked workbook lies there).
- `told`: the headlines of alerts, `…` before a sentence that stands below them.
- `letters`: subject, then the lines between the greeting and the sender, word by word; a blank line between two.

{name} is the school's name, {after} is that of the next in the list, {bureau} is whom answers go to. 文件 stands for a
file's name (year, school, code) and 编号 for its id: both are checked by their form.

What waits of last year's release is not compared.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True)
class Day:
    """One step: a night, or a morning on which letters go out. `todo`: what waits after it, kind → parts."""

    on: date
    stands: Mapping[str, str] = field(default_factory=dict)
    told: Mapping[str, str] = field(default_factory=dict)
    letters: Mapping[str, str] = field(default_factory=dict)
    todo: Mapping[str, str] = field(default_factory=dict)


SOON, LATE = "2023年度数据即将到期：", "2023年度数据逾期："
NOT_SENT, NOT_TAKEN = "还没有报送", "报送还没有被接收"
UNREADABLE = "文件已损坏或没有传完，打不开。请在 Excel 或 WPS 中打开原文件，另存后重新报送。"
ON_DAY = "请最迟在2023年11月30日当天把整个工作簿发给{bureau}。"
NOW = "请尽快把整个工作簿发给{bureau}；2024年1月31日以后年度冻结。"
ASKED = "已经发出的，请告诉我们发出的时间和邮箱，我们查收。"
MARKED = "问题标在附件的单元格上，第一张表“校验结果”列出全部，点单元格可以跳过去。"
REMINDER = f"""【年报】2023年度数据2023年11月30日截止，还没有收到：{{name}}
2023年度的数据，我们还没有收到贵单位的。
填好后，{ON_DAY}
{ASKED}"""
OVERDUE = f"""【年报】2023年度数据已逾期 2 天，还没有收到：{{name}}
2023年度的数据，我们还没有收到贵单位的。
截止日期是2023年11月30日，已过 2 天；填好后，{NOW}
{ASKED}"""
NOTICE = "应当以它为准的，放错、发错了的，或者不是贵单位报送的，请告诉{bureau}。"
TOGETHER = (
    "· 没有错误，但与 编号 同时收到，保存时间缺失、不可信或相同，看不出哪一份在后，等教育局确认；现在没有一份有效。"
)
INTAKE = "【错误】学生情况 E10：“全日制招生数”应为整数，填的是…请只填数字，不带单位、文字、①②一类的符号和小数。"
CODE = "【错误】…"

OPENED = Day(
    date(2023, 9, 15),
    letters=dict.fromkeys(
        [
            "守时",
            "错校",
            "误期",
            "传坏",
            "错报",
            "改半",
            "重发",
            "去年",
            "钟错",
            "无时",
            "并入",
            "局",
        ],  # 并出 has become part of 并入
        f"""【年报】请填报2023年度数据，2023年11月30日截止：{{name}}
附件是贵单位2023年度的填报模板。请只用这一份，不要借用别的单位的，也不要用上年的。
先看第二张表“填报进度”：哪里还空着、哪里不符合，随填随算。数据的截止日期和时期写在各表的表头。
填好后，{ON_DAY}""",
    ),
    todo={"run": ""},
)
FIRST = Day(
    date(2023, 11, 20),
    stands={
        "守时": "已接收 计入",
        "错校": "未报",
        "误期": "未报",
        "传坏": "未报",
        "错报": "退回 要办 退回件",
        "改半": "退回 要办 退回件",
        "重发": "已接收 计入",
        "去年": "未报",
        "钟错": "已接收 计入",
        "无时": "待确认 要办",
        "并入": "已接收 计入 要办 退回件",
        "局": "未报",
    },
    told={
        "传坏": f"""● 收到无法识别的文件：文件（在{{name}}的文件夹里）
…{UNREADABLE}
…处理后请把文件移出收件夹。""",
        "错报": "● 2023年度报送已退回：文件\n…学生情况 E10：“全日制招生数”应为整数",
        "改半": "● 2023年度报送已退回：文件\n…学生情况 E10：“全日制招生数”应为整数\n…“招生状态”",
        "去年": """● 2022年度报送待确认：文件（2023-11-20 收到，编号）
…2022 年度已于 2023-01-31 冻结，这份文件在冻结后收到，没有采用，等教育局确认。""",
        "无时": """● 2023年度报送待确认：文件（2023-11-20 收到，编号）
● 2023年度报送待确认：文件（2023-11-20 收到，编号）
…同时收到，保存时间缺失、不可信或相同，看不出哪一份在后，等教育局确认；现在没有一份有效""",
        "并出": """● 2023年度报送待确认：文件（2023-11-20 收到，编号）
…{name}2023年并入{after}，2023 年度不单独填报；这份文件没有采用，等教育局确认。""",
        "并入": "● 2023年度报送有 1 个警告，需要改正或在“说明”表中说明：文件",
    },
    todo={"unread": "传坏", "held": "去年 无时 无时 并出", "marked": "错报 改半 并入", "notice": ""},
)
REMINDED = Day(
    date(2023, 11, 24),
    letters={
        "错校": REMINDER,
        "误期": REMINDER,
        "局": REMINDER,
        "传坏": f"""【年报】2023年度数据2023年11月30日截止，还没有收到：{{name}}
2023年11月20日收到贵单位发来的文件：{UNREADABLE}
除此以外，2023年度的数据，我们还没有收到贵单位的。
填好后，{ON_DAY}
{ASKED}""",
        "去年": f"""【年报】2023年度数据2023年11月30日截止，还没有收到：{{name}}
2023年11月20日收到贵单位发来的文件：2022 年度已于 2023-01-31 冻结，这份文件在冻结后收到，没有采用，等教育局确认。
除此以外，2023年度的数据，我们还没有收到贵单位的。
填好后，{ON_DAY}
{ASKED}

【年报】2022年度收到的文件还没有采用：{{name}}
2023年11月20日收到的文件待确认：还没有采用，也没有退回。
· 封面…
{NOTICE}""",
        "无时": f"""【年报】2023年度收到的文件还没有采用：{{name}}
2023年11月20日收到的文件待确认：还没有采用，也没有退回。
{TOGETHER}
2023年11月20日收到的文件待确认：还没有采用，也没有退回。
{TOGETHER}
{NOTICE}""",
        "错报": f"""【年报】2023年度报送已退回，请改正后重报：{{name}}
2023年11月20日收到的文件有 1 个错误，没有接收。目前没有有效的版本，贵单位的数还没有计入。
需要处理的 1 个：
1. {INTAKE}
{MARKED}
改正全部错误后，{ON_DAY}""",
        "改半": f"""【年报】2023年度报送已退回，请改正后重报：{{name}}
2023年11月20日收到的文件有 2 个错误，没有接收。目前没有有效的版本，贵单位的数还没有计入。
需要处理的 2 个：
1. {CODE}
2. {INTAKE}
{MARKED}
改正全部错误后，{ON_DAY}""",
        "并入": f"""【年报】2023年度报送已接收，有 1 个警告请核实：{{name}}
2023年11月20日收到的文件已接收，另有 1 个警告请核实。
需要处理的 1 个：
1. 【警告】国际合作 …
{MARKED}
改正，或在“校验结果”表写明原因后，{ON_DAY}""",
    },
    todo={"unread": "传坏", "held": "去年 无时 无时 并出"},
)
MENDED = Day(
    date(2023, 11, 25),
    stands={
        "守时": "待确认 计入 要办",  # a neighbour has sent a file in its name
        "传坏": "已接收 计入",
        "错报": "已接收 计入",
        "改半": "退回 要办 退回件",
        "钟错": "已接收 计入+1",
        "并入": "已说明 计入",
    },
    told={
        "守时": """● 2023年度报送待确认：文件（2023-11-25 收到，编号）
…这份文件是{after}报来的（收件夹里单位自己的文件夹），封面却是{name}的；没有采用，等教育局确认。""",
        "传坏": "○ 已恢复：收到无法识别的文件：文件（在{name}的文件夹里）\n…文件已经不在收件夹里。",
        "错校": f"● {SOON}{NOT_SENT}",
        "误期": f"● {SOON}{NOT_SENT}",
        "去年": f"● {SOON}{NOT_SENT}",
        "局": f"● {SOON}{NOT_SENT}\n…截止日期 2023-11-30，还有 5 天。",
        "无时": f"● {SOON}{NOT_TAKEN}",
        "错报": "○ 已恢复：2023年度报送已退回：文件\n…又收到的 文件（2023-11-25 收到，编号） 已被接收。",
        "改半": "● 2023年度报送已退回：文件（即将到期）\n…“招生状态”",
        "钟错": """● 2023年度有一份报送没有计入：文件（2023-11-20 收到，编号）
…计入的是 文件（2023-11-25 收到，编号）。""",
        "并入": """● 2023年度有一份报送没有计入：文件（2023-11-20 收到，编号）
○ 已恢复：2023年度报送有 1 个警告，需要改正或在“说明”表中说明：文件
…文件（2023-11-25 收到，编号） 中的警告都已改正或说明。""",
    },
    todo={"held": "去年 无时 无时 并出 守时", "marked": "改半", "explanations": "并入"},
)
DECIDED = Day(
    date(2023, 12, 1),
    stands={
        "守时": "已接收 计入",
        "错校": "未报，逾期 要办",
        "误期": "未报，逾期 要办",
        "改半": "退回，逾期 要办 退回件",
        "去年": "未报，逾期 要办",
        "无时": "已接收 计入",
        "局": "未报，逾期 要办",
    },
    told={
        "守时": """○ 已恢复：2023年度报送待确认：文件（2023-11-25 收到，编号）
…已经决定不采用这份文件。""",
        "错校": f"● {LATE}{NOT_SENT}",
        "误期": f"● {LATE}{NOT_SENT}",
        "局": f"● {LATE}{NOT_SENT}\n…截止日期 2023-11-30，已过 1 天。",
        "改半": f"● {LATE}{NOT_TAKEN}",
        "去年": f"""● {LATE}{NOT_SENT}
○ 已恢复：2022年度报送待确认：文件（2023-11-20 收到，编号）
…已经决定不采用这份文件。""",
        "无时": f"""○ 已恢复：2023年度报送待确认：文件（2023-11-20 收到，编号）
○ 已恢复：2023年度报送待确认：文件（2023-11-20 收到，编号）
○ 已恢复：{SOON}{NOT_TAKEN}
…已经确认，并被接收。
…已经决定不采用这份文件。""",
        "并出": "○ 已恢复：2023年度报送待确认：文件（2023-11-20 收到，编号）\n…已经决定不采用这份文件。",
    },
    todo={"marked": "改半", "reminder": "错校 误期 去年 局"},
)
URGED = Day(
    date(2023, 12, 2),
    letters={
        "误期": OVERDUE,
        "局": OVERDUE,
        "错校": f"""【年报】2023年度数据已逾期 2 天，还没有收到：{{name}}
2023年11月25日收到贵单位发来的文件：不采用：封面是别的学校的，请用发给贵单位的模板（王科长）
除此以外，2023年度的数据，我们还没有收到贵单位的。
截止日期是2023年11月30日，已过 2 天；填好后，{NOW}
{ASKED}""",
        "去年": f"""【年报】2023年度数据已逾期 2 天，还没有收到：{{name}}
2023年11月20日收到贵单位发来的文件：不采用：这是上年的文件，请报本年度的（王科长）
除此以外，2023年度的数据，我们还没有收到贵单位的。
截止日期是2023年11月30日，已过 2 天；填好后，{NOW}
{ASKED}""",
        "改半": f"""【年报】2023年度报送已退回，请改正后重报：{{name}}
2023年11月25日收到的文件有 1 个错误，没有接收。目前没有有效的版本，贵单位的数还没有计入。
需要处理的 1 个：
1. {CODE}
{MARKED}
截止日期是2023年11月30日，已过 2 天；改正全部错误后，{NOW}""",
    },
)
COMPLETE = Day(
    date(2023, 12, 10),
    stands=dict.fromkeys(["错校", "误期", "改半", "去年", "局"], "已接收 计入"),
    told={
        **dict.fromkeys(["错校", "误期", "去年", "局"], f"○ 已恢复：{LATE}{NOT_SENT}\n…2023年度的报送已被接收。"),
        "改半": """○ 已恢复：2023年度报送已退回：文件（已逾期）
…又收到的 文件（2023-12-10 收到，编号） 已被接收。""",
    },
    todo={"confirm": ""},
)
RELEASED = Day(date(2023, 12, 12), told={"本级": "● 2023年度报告已发布，版本 2023.1\n…逐项确认后发布"})
ORDINARY = Day(
    date(2024, 2, 8),
    stands={"修订": "待确认 计入 要办"},
    told={
        "修订": """● 2023年度报送待确认：文件（2024-02-08 收到，编号）
…2023 年度已于 2024-01-31 冻结，这份文件在冻结后收到，没有采用，等教育局确认。""",
    },
    todo={"held": "修订"},
)
REVISED = Day(
    date(2024, 2, 10),
    told={"修订": "● 2023年度报送待确认：文件（2024-02-10 收到，编号）"},
    todo={"held": "修订 修订", "notice": "修订"},
)
TAKEN = Day(
    date(2024, 2, 11),
    stands={"修订": "修订 计入+1"},
    told={
        "修订": """○ 已恢复：2023年度报送待确认：文件（2024-02-08 收到，编号）
○ 已恢复：2023年度报送待确认：文件（2024-02-10 收到，编号）
…已经决定不采用这份文件。
…已经确认，并被接收。""",
    },
    todo={"release": ""},
)
AGAIN = Day(date(2024, 2, 12), told={"本级": "● 2023年度报告已发布，版本 2023.2"})
