"""The calendar of report years: what their figures refer to, when submissions open, are due and freeze.

Whether a day is too late is decided here and nowhere else in Python; its SQL twin is `quality.register`.
"""

from datetime import date, timedelta

from pydantic import Field

from sources.declarations.strict_yaml import Declaration

DATES_IN_ORDER = (("school_year_from", "school_year_to"), ("opens", "due"), ("due", "freezes"))
"""Dates of a report year of which the second is not before the first."""


class ReportYear(Declaration):
    """One year of the calendar: what its figures refer to, and when submissions open, are due, freeze."""

    as_of: date = Field(description="时点数（学生、教师、校舍等）截至哪一天", examples=["2026-09-01"])
    school_year_from: date = Field(description="时期数（经费、活动等）的学年从哪一天起", examples=["2025-09-01"])
    school_year_to: date = Field(description="学年到哪一天止", examples=["2026-08-31"])
    opens: date = Field(description="哪一天开始收报送", examples=["2026-10-08"])
    due: date = Field(description="哪一天截止；当天不算逾期", examples=["2026-11-30"])
    freezes: date = Field(description="哪一天冻结；这天以后重新报送要说明理由，不能早于 due", examples=["2027-01-31"])
    templates_carry_tokens: bool = Field(
        default=False,
        exclude=True,  # it asks who sends, and judges nothing: declarations kept with accepted files are as they were
        description="这一年发出的模板是否带有各单位自己的识别码：是的，没有识别码或识别码不对的文件先待确认。"
        "只在所有模板都由 `nianbao template` 新生成、发出以后没有再用旧模板时写 true；不写就是没有",
        examples=[True],
    )

    def is_open(self, day: date) -> bool:
        """Whether submissions are taken on that day without a reason for coming late."""
        return self.opens <= day <= self.freezes

    def is_due_soon(self, day: date, days: int) -> bool:
        """Whether the due date is that day or at most so many days after it."""
        return self.due - timedelta(days=days) <= day <= self.due

    def is_overdue(self, day: date) -> bool:
        """Whether the due date has passed on that day; on the date itself nobody is late."""
        return day > self.due

    def is_frozen(self, day: date) -> bool:
        """Whether a resubmission received on that day needs a reason."""
        return day > self.freezes


class Calendar(Declaration):
    timezone: str = Field(description="时区的名字", examples=["Asia/Shanghai"])
    nightly: str = Field(description="每天自动运行的时间，五项：分 时 日 月 星期", examples=["30 2 * * *"])
    yearly: str = Field(description="新年度开始采集的时间，写法同上", examples=["0 6 8 10 *"])
    years: dict[int, ReportYear] = Field(description="每个报告年度一行，键是年份；过去的年度要留着")


def open_years(calendar: Calendar, today: date) -> list[int]:
    """Report years that take submissions today; the latest year when none does."""
    years = sorted(calendar.years)
    return [year for year in years if calendar.years[year].is_open(today)] or years[-1:]
