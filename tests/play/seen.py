"""What is seen at the bureau after a step, compared with what is written for it: every difference is a line."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field

import dagster as dg
import openpyxl

from orchestration.launch import open_instance
from orchestration.lib.asset_keys import YEAR_PAGE
from sources.declarations.headings import RESULT_SHEET
from sources.declarations.year_states import MARK_LABELS, STATE_LABELS, Mark, YearState
from sources.sample.population import reported
from tests.conftest import select
from tests.play.clerk import CLERK, YEAR, Clerk, Mail
from tests.play.expected import Day
from tests.play.schools import Schools

TOLD_TOGETHER_ABOVE = 15
"""More respondents than these are told of in one message."""
FILE = re.compile(r"(\d{4}_[^\s，。（）：]+?_\d+|未识别_[0-9a-f]{8})\.xlsx")
ID = re.compile(r"\b[0-9a-f]{8}\b")
VALUE = re.compile(r"填的是“?[^”。]*”?。")
NAMED = {"marked", "reminder", "template"}
"""Kinds of what waits that list names: the others list sentences."""


def plain(text: str) -> str:
    """A line of a message without what differs from school to school."""
    line = VALUE.sub("填的是…", ID.sub("编号", FILE.sub("文件", text)))
    return re.sub(r"(影响：|可能的原因：).*", "…", line)


@dataclass
class Seen:
    """Where each respondent stands by what is written so far; `differences` of all steps."""

    clerk: Clerk
    schools: Schools
    stands: dict[str, str] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)

    def names(self, part: str) -> list[str]:
        """The respondents of a part; 修订 is the first that was on time, 本级 the bureau of the whole."""
        return [name for name, _ in self._of(part)]

    def _of(self, part: str) -> list[tuple[str, str]]:
        if part == "本级":
            return [(self.schools.everybody.root.name, "")]
        if part == "局":
            return [(each.name, each.code) for each in self.schools.everybody.bureaus]
        if part == "修订":
            return self._of("守时")[:1]
        return [(each.respondent.name, each.respondent.code) for each in self.schools.of[part]]

    def differ(self, day: Day, where: str, written: object, seen: object) -> None:
        if written != seen:
            self.differences.append(f"{day.on} {where}\n  written {written}\n  seen    {seen}")

    def after(self, day: Day, mails: Sequence[Mail]) -> None:
        """Compares everything."""
        letters = [each for each in mails if each.to != CLERK]
        self._letters(day, letters)
        self._alerts(day, [each for each in mails if each.to == CLERK])
        self._waits(day)
        if day.stands or day.told:
            for part, words in day.stands.items():
                self.stands |= {code: words for _, code in self._of(part)}
            self._states(day)
            self._page(day)

    def _filled(self, part: str, name: str, text: str) -> str:
        """The written text for one respondent."""
        names = [each.respondent.name for each in self.schools.everybody.schools]
        after = names[(names.index(name) + 1) % len(names)] if name in names else ""
        top = self.schools.everybody.bureaus[0]
        whom = self.schools.everybody.root.name
        if top.region == self.schools.everybody.root.code:
            whom = f"{top.name}（张老师，{top.code}@school.example.cn）"
        return text.format(name=name, bureau=whom, after=after)

    def _letters(self, day: Day, letters: Sequence[Mail]) -> None:
        written = {
            (f"{code}@school.example.cn", lines[0]): lines
            for part, texts in day.letters.items()
            for name, code in self._of(part)
            for text in texts.split("\n\n")
            if (lines := self._filled(part, name, text).split("\n"))
        }
        self.differ(day, "letters", Counter(list(written)), Counter((each.to, each.subject) for each in letters))
        for each in letters:
            lines = [line for line in each.text.strip().split("\n")[1:-1] if not line.startswith("附件：")]
            expected = written.get((each.to, each.subject), [])
            seen = _as_written(expected, [each.subject, *map(plain, lines)])
            self.differ(day, f"letter to {each.to}", expected, seen)

    def _alerts(self, day: Day, mails: Sequence[Mail]) -> None:
        headlines: dict[str, list[str]] = {}
        below: dict[str, list[str]] = {}
        for part, text in day.told.items():
            for name in self.names(part):
                lines = self._filled(part, name, text).split("\n")
                headlines[name] = [line for line in lines if line[0] in "●○"]
                below[name] = [line[1:] for line in lines if line[0] == "…"]
        top = self.schools.everybody.root.name
        apart = [name for name in headlines if name != top]
        if len(apart) > TOLD_TOGETHER_ABOVE:
            (mail,) = mails or [Mail("", "", "")]
            seen = {
                block.split("\n")[0]: sorted(map(plain, block.strip().split("\n")[1:]))
                for block in mail.text.split("■ ")[1:]
            }
            self.differ(day, "alert", f"【年报】{top}：{len(apart)} 个单位有新情况", mail.subject)
            for name in {*headlines, *seen}:
                self.differ(day, f"alert of {name}", sorted(headlines.get(name, [])), seen.get(name))
            return
        subjects = {f"【年报】{name}：{_counted(lines)}": name for name, lines in headlines.items()}
        self.differ(day, "alerts", Counter(list(subjects)), Counter(each.subject for each in mails))
        for each in mails:
            name = subjects.get(each.subject, "")
            lines = [plain(line) for line in each.text.strip().split("\n")]
            self.differ(
                day,
                f"alert {each.subject}",
                sorted(headlines.get(name, [])),
                sorted(line for line in lines if line[0] in "●○"),
            )
            text = "\n".join(lines)
            for sentence in below.get(name, []):
                self.differ(day, f"alert {each.subject}", sentence, sentence if plain(sentence) in text else text)

    def _waits(self, day: Day) -> None:
        written = {kind: Counter(n for p in parts.split() for n in self.names(p)) for kind, parts in day.todo.items()}
        listed = json.loads(self.clerk.looks("todo", "--json"))
        waits = {each["kind"]: each for each in listed if each["report_year"] != YEAR - 1}
        self.differ(day, "todo", set(written), set(waits))
        for kind, names in written.items():
            if kind in waits and names:
                shown = waits[kind]
                self.differ(day, f"todo {kind}", sum(names.values()), shown["count"])
                if kind in NAMED:
                    self.differ(day, f"todo {kind}", set(names), set(shown["details"]))

    def _states(self, day: Day) -> None:
        register = json.loads(self.clerk.looks("status", "--year", str(YEAR), "--json"))["register"]
        shown = {
            each["respondent_code"]: STATE_LABELS[YearState(each["state"])]
            + (f"，{MARK_LABELS[Mark.OVERDUE]}" if each["is_overdue"] else "")
            for each in register
        }
        written = {code: words.split()[0] for code, words in self.stands.items()}
        self.differ(
            day,
            "status",
            {c: w for c, w in written.items() if shown.get(c) != w},
            {c: w for c, w in shown.items() if written.get(c) != w},
        )
        has_roster = all("计入" in self.stands.get(code, "") for _, code in self._of("局"))
        teachers = {
            each.respondent.code: reported(each, YEAR)["staff"].records[0]["teachers_full_time"]
            for each in self.schools.everybody.schools
        }
        counted = {
            code: teachers[code] + ("计入+1" in words.split())
            for code, words in self.stands.items()
            if "计入" in words and code in teachers and has_roster
        }
        of_mart = select(
            self.clerk.settings,
            f"select subject_code, value from core.fct_measure where report_year = {YEAR} and subject_kind = 'school'"
            " and measure_code = 'teachers_full_time' and value is not null",
        )
        seen = {code: int(value) for code, value in of_mart.rows()}
        self.differ(day, "mart", dict(counted.items() - seen.items()), dict(seen.items() - counted.items()))
        in_marts = select(
            self.clerk.settings,
            f"select distinct subject_code from marts.teachers where report_year = {YEAR} and subject_kind = 'school'"
            " and value is not null"
            " and indicator_code in ('teachers_double_qualified', 'staff_quota', 'form_teachers')",
        )
        self.differ(day, "marts.teachers", set(counted), {code for (code,) in in_marts.rows()})
        folder = self.clerk.settings.feedback / str(YEAR)
        marked = {path.name.split("_")[0]: path for path in folder.glob("*_校验结果.xlsx")}
        by_code = {each.respondent.code: each.respondent.name for each in self.schools.everybody.schools}
        with_workbook = {by_code[code] for code, words in self.stands.items() if "退回件" in words.split()}
        self.differ(day, "marked workbooks", with_workbook, set(marked))
        for name, path in marked.items():
            with closing(openpyxl.load_workbook(path, read_only=True)) as book:
                self.differ(day, f"marked workbook of {name}", RESULT_SHEET, book.sheetnames[0])

    def _page(self, day: Day) -> None:
        """Dagster's page of the year, as its books have it."""
        with open_instance(self.clerk.settings) as instance:
            records = dg.AssetRecordsFilter(YEAR_PAGE, asset_partitions=[str(YEAR)])
            found = instance.fetch_materializations(records, limit=1).records
        page = found[0].asset_materialization.metadata
        names = {code: name for part in ("局", *self.schools.of) for name, code in self._of(part)}
        waiting = {names[code]: words.split()[0] for code, words in self.stands.items() if "要办" in words.split()}
        everybody = set(names.values())
        self.differ(day, "page", waiting, {k: _state(str(v.value)) for k, v in page.items() if k in everybody})
        told = str(page["概况"].value)
        self.differ(day, "page", f"应报 {len(self.stands)} 个单位", told.split("：")[0])
        for state, number in Counter(words.split()[0] for words in self.stands.values()).items():
            self.differ(
                day,
                "page",
                f"{state} {number}",
                f"{state} {number}" if re.search(rf"\b{state} {number}\b", told) else told,
            )


def _state(entry: str) -> str:
    """The state that an entry of the page begins with."""
    return entry.removeprefix("- ").split("，自")[0]


def _counted(headlines: Sequence[str]) -> str:
    again = sum("（再次提醒）" in each for each in headlines)
    over = sum(each.startswith("○") for each in headlines)
    counts = {"新情况": len(headlines) - again - over, "再次提醒": again, "已恢复": over}
    return "，".join(f"{label} {count} 项" for label, count in counts.items() if count)


def _as_written(written: Sequence[str], seen: Sequence[str]) -> list[str]:
    """The lines seen; where the written one ends in `…` and the seen one begins as it does, the written one."""
    if len(written) != len(seen):
        return list(seen)
    return [w if w.endswith("…") and s.startswith(w[:-1]) else s for w, s in zip(written, seen, strict=True)]
