"""The words that a report template may use in {{ … }}: each gives text, and remembers every number in it.

A token leaves a mark in the text, not the number itself. When the document stands, the marks are replaced in the
order of the pages and each number is entered into the list of what was printed; a digit that is no mark is nobody's.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from sources.declarations.codelist import load_codelists
from sources.declarations.pack import load_head
from sources.declarations.problem import meant
from sources.system.nearest import nearest
from sources.system.plain_text import legible
from warehouse.catalogue.catalogue import Catalogue
from warehouse.catalogue.indicator import Indicator
from warehouse.catalogue.labels import ON_TARGET
from warehouse.catalogue.standard import UNVERIFIED
from warehouse.figures.conformity import EditionShare
from warehouse.figures.fact import SCHOOL_SCOPE, Fact, Printed, Reference
from warehouse.figures.printed_table import TableCell
from warehouse.figures.regions import whole_of
from warehouse.figures.rounding import in_unit, trimmed_text
from warehouse.figures.school_figures import SchoolProfile
from warehouse.figures.table_notes import TableNote
from warehouse.figures.year_figures import Figures
from warehouse.release.documents import words
from warehouse.release.documents.marks import (
    MARK,
    NOTE_MARK,
    Block,
    BoundNumber,
    Missing,
    Piece,
    Plain,
    Remark,
    TokenError,
)
from warehouse.release.documents.remarks import remarks_of, said_once, why_not_compared

ABOUT, NONE = "约", "无"
TOPIC_OF_STANDARDS = "conditions"
"""Whose scope says of which schools the share is told that meet the standards."""
DIGITS = re.compile(r"\d+(?:\.\d+)?")


@dataclass
class Vocabulary:
    """The tokens for one report year, and the pieces that they have left in the text."""

    figures: Figures
    released_on: date
    version: str
    charts: frozenset[str] = frozenset()
    pieces: list[Piece] = field(default_factory=list)
    profile: SchoolProfile | None = None
    """Of a school's own report: what the school is."""

    def names(self) -> dict[str, Any]:
        """Every name that a template may use."""
        figures = self.figures
        first, last = figures.school_year
        return (
            {
                "市": self.plain(figures.city_name),
                "全域": whole_of(figures.city_name),
                "编制单位": self.plain(figures.bureau_name),
                "年": self.plain(str(figures.report_year)),
                "上年": self.plain(str(figures.report_year - 1)),
                "下年": self.plain(str(figures.report_year + 1)),
                "学年": self.plain(f"{first}—{last}"),
                "发布日期": self.plain(f"{self.released_on.year}年{self.released_on.month}月{self.released_on.day}日"),
                "版本": self.plain(self.version),
            }
            | self.functions()
            | self.names_of_school()
        )

    def names_of_school(self) -> dict[str, Any]:
        """The names that a school's own report may use besides; what nobody has said takes its sentence away."""
        profile, whole = self.profile, self.figures.whole
        if profile is None or whole is None:
            return {}
        return {
            "校": self.plain(self.figures.subject_name),
            "类别": self.said(profile.category),
            "举办者": self.said(profile.ownership),
            "隶属": self.said(profile.affiliation),
            "主管部门": self.said(profile.authority),
            "认定": self.said(profile.honours),
            "地区编制单位": self.plain(whole.bureau_name),
            "全域值": self.value_of_whole,
        }

    def functions(self) -> dict[str, Callable[..., Any]]:
        return {
            "值": self.value,
            "数": self.number,
            "上年值": self.last_year,
            "学校值": self.of_school,
            "口径值": self.in_scope,
            "年值": self.in_year,
            "较上年": self.against_last_year,
            "有": self.has,
            "全为零": self.all_zero,
            "有不为零": self.any_not_zero,
            "口径": self.scope,
            "列举": self.enumerate,
            "列举各类": self.enumerate_codes,
            "词": self.word,
            "各校": self.by_school,
            "最高校": lambda name: self.extreme_school(name, "highest"),
            "最低校": lambda name: self.extreme_school(name, "lowest"),
            "最高项": lambda *names: self.extreme_item(names, "highest"),
            "最低项": lambda *names: self.extreme_item(names, "lowest"),
            "标准": self.standard,
            "对标": self.against_standard,
            "未达标学校": self.below_standard,
            "达标情况": self.conformity,
            "目标": self.target,
            "完整度": self.coverage,
            "未达标": self.misses_standard,
            "目录": lambda: self.mark(Block("contents", "")),
            "暂缺": lambda: self.mark(Block("missing", "")),
            "表": self.table,
            "图": self.chart,
        }

    @property
    def catalogue(self) -> Catalogue:
        return self.figures.catalogue

    def code_of(self, name: str) -> str:
        return find_indicator(self.catalogue, name)

    def indicator_of(self, fact: Fact) -> Indicator:
        return self.catalogue.indicators[fact.reference.indicator]

    # What leaves marks

    def mark(self, piece: Piece) -> str:
        self.pieces.append(piece)
        return f"\ue000{len(self.pieces) - 1}\ue001"

    def plain(self, text: str) -> str:
        return self.mark(Plain(legible(text)))

    def cell(self, cell: TableCell) -> str:
        """A table's cell: a number is marked as one."""
        if cell.printed:
            return self.mark(BoundNumber(cell.printed))
        return self.plain(cell.text) if cell.text else ""

    def note(self, note: TableNote) -> str:
        """A table's note: its numbers are marked, everything else is text."""
        return "".join(
            self.mark(BoundNumber(part)) if isinstance(part, Printed) else self.plain(part) for part in note.parts
        )

    def said(self, text: str) -> str:
        """Words of a declaration; 无 and nothing say the same."""
        return self.plain(text) if text not in ("", NONE) else self.mark(Missing())

    def missing(self, code: str) -> str:
        return self.mark(Missing(self.catalogue.indicators[code].label))

    def shown(self, fact: Fact, unit: str = "", with_remarks: bool = True, of: Figures | None = None) -> str:
        """The number of a fact; in another unit when asked, with 约 when that had to round.

        `of`: whose figures it is one of, where that is not the document's subject.
        """
        indicator = self.indicator_of(fact)
        assert fact.rounded is not None
        try:
            value, was_rounded = in_unit(fact.rounded, indicator.unit, unit or indicator.unit, self.figures.factors)
        except LookupError as error:
            raise TokenError(f"{indicator.label}：{error}") from None
        remarks = tuple(remarks_of(fact, of or self.figures, self.mark)) if with_remarks else ()
        text = trimmed_text(value) if unit not in ("", indicator.unit) else str(fact.display)
        number = self.mark(BoundNumber(Printed(fact.reference, text, unit=unit), remarks))
        return ABOUT + number if was_rounded else number

    def shown_with_unit(self, fact: Fact, unit: str = "", with_remarks: bool = True) -> str:
        return self.shown(fact, unit, with_remarks) + words.unit_word(unit or self.indicator_of(fact).unit)

    # What documents say

    def value(self, name: str, unit: str = "") -> str:
        """35205人: the region's value with its unit, or in a larger unit (万元, 亿元)."""
        code = self.code_of(name)
        fact = self.figures.of_region(code)
        return self.shown_with_unit(fact, unit) if fact else self.missing(code)

    def value_of_whole(self, name: str) -> str:
        """25.26:1: the value of the region in which the school lies, in the scope that its bureau chose."""
        code, whole = self.code_of(name), self.figures.whole
        fact = whole.of_region(code) if whole else None
        if fact is None:
            return self.missing(code)
        return self.shown(fact, of=whole) + words.unit_word(self.indicator_of(fact).unit)

    def number(self, name: str, unit: str = "") -> str:
        """35205: without the unit."""
        code = self.code_of(name)
        fact = self.figures.of_region(code)
        return self.shown(fact, unit) if fact else self.missing(code)

    def last_year(self, name: str) -> str:
        code = self.code_of(name)
        fact = self.figures.of_region_last_year(code)
        return self.shown_with_unit(fact, with_remarks=False) if fact else self.missing(code)

    def of_school(self, name: str, school: str) -> str:
        """2591人: one school's value."""
        code = self.code_of(name)
        found = next((each for each in self.figures.schools if each.name == school), None)
        if found is None:
            known = [each.name for each in self.figures.schools]
            raise TokenError(f"{self.figures.report_year}年没有学校叫“{school}”{meant(school, known)}")
        fact = self.figures.facts.get(Reference(code, self.figures.report_year, found.code, SCHOOL_SCOPE))
        return self.shown_with_unit(fact, with_remarks=False) if fact and fact.is_usable else self.missing(code)

    def in_scope(self, name: str, label: str) -> str:
        """35205人: the region's value in another scope than the one that is printed; a footnote says in which."""
        code = self.code_of(name)
        scopes = {said: scope for scope, said in self.figures.scopes.items() if scope != SCHOOL_SCOPE}
        if label not in scopes:
            raise TokenError(f"没有口径“{label}”{meant(label, scopes)}")
        reference = Reference(code, self.figures.report_year, self.figures.city_code, scopes[label])
        fact = self.figures.facts.get(reference)
        return self.shown_with_unit(fact) if fact and fact.is_usable else self.missing(code)

    def in_year(self, name: str, year: str) -> str:
        """34217人: the region's value of an earlier year, in the scope that is printed this year."""
        code = self.code_of(name)
        known = sorted({str(fact.year) for fact in self.figures.facts if fact.subject == self.figures.city_code})
        if year not in known:
            raise TokenError(f"没有“{year}”年的数；可以写：{'、'.join(known)}")
        reference = Reference(code, int(year), self.figures.city_code, self.figures.scope_of(code))
        fact = self.figures.facts.get(reference)
        is_own = reference.year == self.figures.report_year
        return self.shown_with_unit(fact, with_remarks=is_own) if fact and fact.is_usable else self.missing(code)

    def against_last_year(self, name: str) -> str:
        """，比上年减少1155人: with its comma; nothing when there is no last year.

        Where the two years do not compare, last year's value stands instead of a growth, and a footnote says why.
        """
        code = self.code_of(name)
        change, last = self.figures.changes.get(code), self.figures.of_region_last_year(code)
        if change is None or last is None or change.comparability == "not_verifiable":
            return ""
        if not self.figures.of_region(code):
            return ""
        if change.value is None or change.comparability != "comparable":
            remark = Remark(why_not_compared(change, self.figures, self.mark), self.catalogue.indicators[code].label)
            number = self.mark(BoundNumber(Printed(last.reference, str(last.display)), (remark,)))
            unit = words.unit_word(self.indicator_of(last).unit)
            return f"，上年为{number}{unit}（不可直接比较）{self.begun_or_ended(code)}"
        way = words.direction(change.value, change.unit)
        if change.value == 0:
            return f"，与上年{way}{self.begun_or_ended(code)}"
        number = self.mark(BoundNumber(Printed(change.reference, trimmed_text(abs(change.value)), "change")))
        return f"，比上年{way}{number}{words.unit_word(change.unit)}{self.begun_or_ended(code)}"

    def begun_or_ended(self, code: str) -> str:
        """（甲校2031年并入乙校，丙校2031年新设）, after the number of schools; nothing when none began or ended."""
        if code != "schools":
            return ""
        told = self.figures.begun_or_ended(self.figures.changes[code].current.scope)
        return f"（{self.plain('，'.join(told))}）" if told else ""

    def has(self, *names: str) -> bool:
        return all(self.figures.of_region(self.code_of(name)) for name in names)

    def all_zero(self, *names: str) -> bool:
        facts = [self.figures.of_region(self.code_of(name)) for name in names]
        return all(fact is not None and fact.value == 0 for fact in facts)

    def any_not_zero(self, *names: str) -> bool:
        """Whether there is something to tell: one of the values is there and not zero."""
        facts = [self.figures.of_region(self.code_of(name)) for name in names]
        return any(fact is not None and fact.value for fact in facts)

    def scope(self, name: str) -> str:
        """全市12所中等职业学校, or 9所中等职业学校（不含技工学校）: whom the figure speaks of."""
        code = self.code_of(name)
        change = self.figures.changes.get(code)
        if change is None:
            return self.missing(code)
        current = change.current
        count = self.figures.facts.get(Reference("schools", current.year, current.subject, current.scope))
        if count is None or not count.is_usable:
            return self.missing("schools")
        whose = f"{whole_of(self.figures.city_name)}{self.shown(count, with_remarks=False)}所中等职业学校"
        if current.scope == self.figures.whole_scope:
            return whose
        return f"{whose}（{self.figures.scopes[current.scope]}）"

    def enumerate(self, *names: str, **worded: str) -> str:
        """公办2所、民办6所: the figures that there are, each behind its word."""
        pairs = [(self.plain(self.catalogue.indicators[self.code_of(name)].label), name) for name in names] + list(
            worded.items()
        )
        found = [(word, self.figures.of_region(self.code_of(name))) for word, name in pairs]
        parts = [f"{word}{self.shown_with_unit(fact)}" for word, fact in found if fact]
        return "、".join(parts) if parts else self.missing(self.code_of(pairs[0][1]))

    def enumerate_codes(self, codelist: str, pattern: str) -> str:
        """省属2所、市属6所: the indicators of a list's codes, those that there are, each behind its label."""
        lists = load_codelists(self.catalogue.pack)
        if codelist not in lists:
            raise TokenError(f"没有代码表“{codelist}”{meant(codelist, lists)}")
        labels = lists[codelist].label_of
        found = {self.plain(label): pattern.replace("{code}", code) for code, label in labels.items()}
        return self.enumerate(**{word: name for word, name in found.items() if name in self.catalogue.indicators})

    def word(self, name: str) -> str:
        """A word as the province's pack says it."""
        said = load_head(self.catalogue.pack).words
        if name not in said:
            raise TokenError(f"没有“{name}”这个词；有：{words.joined(list(said))}")
        return said[name]

    def by_school(self, name: str) -> str:
        """甲校39个、乙校25个: the schools whose value is not zero, the greatest first."""
        code = self.code_of(name)
        facts = [(school, fact) for school, fact in self.figures.of_schools(code).items() if fact.value]
        facts.sort(key=lambda pair: -(pair[1].value or 0))
        if not facts:
            return self.missing(code)
        texts = [
            f"{self.plain(school)}{self.shown_with_unit(fact, with_remarks=False)}"
            for school, fact in facts[: words.NAMED]
        ]
        return "、".join(texts) + ("等" if len(facts) > words.NAMED else "")

    def extreme_school(self, name: str, end: Literal["highest", "lowest"]) -> str:
        """甲校最多，为7210人."""
        code = self.code_of(name)
        return self._extreme(self.figures.of_schools(code), end, self.figures.scope_of(code)) or self.missing(code)

    def extreme_item(self, names: tuple[str, ...], end: Literal["highest", "lowest"]) -> str:
        """毕业生满意度最高，为90.87%: among several figures of the region."""
        codes = [self.code_of(name) for name in names]
        found = {self.catalogue.indicators[code].label: self.figures.of_region(code) for code in codes}
        facts = {label: fact for label, fact in found.items() if fact}
        scopes = {fact.reference.scope for fact in facts.values()}
        if len(scopes) != 1:  # there is no highest among different schools
            return self.missing(codes[0])
        return self._extreme(facts, end, *scopes) or self.missing(codes[0])

    def _extreme(self, facts: dict[str, Fact], end: Literal["highest", "lowest"], scope: str) -> str | None:
        """The sentence, with the scope in which it holds where that is not the whole region's."""
        choose = words.highest if end == "highest" else words.lowest
        try:
            names = choose({name: fact.rounded for name, fact in facts.items() if fact.rounded is not None})
        except ValueError:  # nobody has a value: there is no highest
            return None
        fact = facts[names[0]]
        word = words.superlative(end, self.indicator_of(fact).kind == "sum")
        shown = self.shown_with_unit(fact, with_remarks=fact.reference.subject == self.figures.subject)
        within = "" if scope == self.figures.whole_scope else f"按“{self.plain(self.figures.scopes[scope])}”的口径，"
        who = within + words.joined([self.plain(name) for name in names])
        return f"{who}{word}，为{shown}" if len(names) == 1 else f"{who}并列{word}，均为{shown}"

    def standard(self, name: str) -> str:
        """33平方米: the bound that the region's value is held against."""
        code = self.code_of(name)
        fact = self.figures.of_region(code)
        bound = self.figures.bound_of(fact.reference) if fact else None
        if fact is None or bound is None:
            return self.missing(code)
        number = self.mark(BoundNumber(Printed(fact.reference, trimmed_text(bound), "standard")))
        indicator = self.indicator_of(fact)
        of = self.catalogue.indicators[indicator.counts.of] if indicator.counts else indicator
        return number + (self.plain(words.TO_ONE) if of.display == "to_one" else words.unit_word(of.unit))

    def against_standard(self, name: str) -> str:
        """低于33平方米的标准: judged on the unrounded value."""
        code = self.code_of(name)
        fact = self.figures.of_region(code)
        bound = self.figures.latest_bound(fact.reference) if fact else None
        if fact is None or fact.value is None or bound is None:
            return self.missing(code)
        before, after = words.against_standard(fact.value, bound.bound, bound.comparison)
        return f"{before}{self.standard(name)}{after}{'' if bound.is_verified else f'（标准{UNVERIFIED}）'}"

    def misses_standard(self, name: str) -> bool:
        """Whether the region's value misses the newest standard."""
        fact = self.figures.of_region(self.code_of(name))
        bound = self.figures.latest_bound(fact.reference) if fact else None
        return bound is not None and bound.verdict == "missed"

    def below_standard(self, name: str) -> str:
        """甲校、乙校: schools in the indicator's scope that miss the newest standard."""
        code = self.code_of(name)
        bounds = {school: self.figures.latest_bound(f.reference) for school, f in self.figures.of_schools(code).items()}
        missed = [school for school, bound in bounds.items() if bound and bound.verdict == "missed"]
        return words.joined([self.plain(school) for school in missed]) if missed else self.missing(code)

    def conformity(self) -> str:
        """Whether the school meets all key indicators, by each edition; of a region, what share of its schools does."""
        if self.figures.school:
            told = [
                f"按{self.plain(each.named)}，学校{self.plain(each.told)}" for each in self.figures.edition_verdicts
            ]
            return "；".join(told) if told else self.mark(Missing())
        scope = self.figures.choices.get(TOPIC_OF_STANDARDS, self.figures.whole_scope)
        found = [each for each in self.figures.edition_shares if each.scope == scope and each.n_schools]
        return self._share(found[0]) if found else self.mark(Missing())

    def _share(self, of: EditionShare) -> str:
        """…所管的学校9所，全部关键指标达标的3所，占33.33%: the newest edition, in the scope of the standards."""
        reference = Reference("schools", self.figures.report_year, self.figures.city_code, of.scope)

        def number(value: Decimal | int) -> str:
            return self.mark(BoundNumber(Printed(reference, trimmed_text(Decimal(value)), "conformity")))

        label = of.label if of.key_verified else f"{of.label}，关键指标的划定{UNVERIFIED}"
        parts = [f"按{self.plain(label)}，所管的学校{number(of.n_schools)}所"]
        if of.n_excluded:
            parts[0] += f"（另有{number(of.n_excluded)}所不在范围内）"
        assert of.share is not None
        assert of.share_at_most is not None
        parts.append(f"全部关键指标达标的{number(of.n_met)}所，占{number(of.share)}%")
        if of.n_not_verifiable:
            most = f"都达标时占{number(of.share_at_most)}%"
            parts.append(f"无法判断的{number(of.n_not_verifiable)}所，{most}")
        if of.target is not None:
            unsure = "" if of.target_verified else f"（目标{UNVERIFIED}）"
            by = self.plain(f"{of.target_by}年底")
            parts.append(f"到{by}的目标为{number(of.target)}%{unsure}，{ON_TARGET[of.verdict]}")
        return "；".join(parts)

    def target(self, name: str) -> str:
        """80人: by how much the figure is to grow next year."""
        code = self.code_of(name)
        target = self.figures.targets.get(code)
        if target is None:
            return self.mark(Missing())
        reference = Reference(code, self.figures.report_year, self.figures.city_code, self.figures.whole_scope)
        number = self.mark(BoundNumber(Printed(reference, trimmed_text(target), "target")))
        return f"{number}{words.unit_word(self.catalogue.indicators[code].unit)}"

    def coverage(self) -> str:
        """应报12所，已报12所."""
        scope = self.figures.whole_scope
        coverage = self.figures.coverage.get((self.figures.report_year, scope))
        if coverage is None:
            return self.missing("schools")
        reference = Reference("schools", self.figures.report_year, self.figures.city_code, scope)
        expected, reported = (
            self.mark(BoundNumber(Printed(reference, str(count), "coverage")))
            for count in (coverage.schools_expected, coverage.schools_reported)
        )
        return f"应报送的学校{expected}所，已报送{reported}所"

    def table(self, code: str) -> str:
        if code not in self.catalogue.tables:
            raise TokenError(f"没有编号为“{code}”的表；可用的有：{'、'.join(self.catalogue.tables)}")
        return self.mark(Block("table", code))

    def chart(self, name: str) -> str:
        if name not in self.charts:
            raise TokenError(f"没有名为“{name}”的图；可用的有：{'、'.join(sorted(self.charts))}")
        return self.mark(Block("chart", name))

    # From marks to text

    def resolve(self, text: str, printed: list[Printed]) -> list[str | Printed]:
        """Text and numbers, its marks replaced; every number is entered into `printed`, in the order of the text."""
        found: list[str | Printed] = [""]
        for index, part in enumerate(MARK.split(text)):
            piece = self.pieces[int(part)] if index % 2 else Plain(part)
            if isinstance(piece, BoundNumber):
                printed.append(piece.printed)
                found += [piece.printed, ""]
            elif isinstance(piece, Plain):
                found[-1] = f"{found[-1]}{piece.text}"
        return found

    def text(self, text: str) -> str:
        """The same as mere text."""
        return "".join(part if isinstance(part, str) else part.text for part in self.resolve(text, []))

    def footnotes(self, remarks: list[Remark]) -> list[str]:
        """Remarks of one paragraph as footnotes with marks: what is said of several figures is said once."""
        return [
            each.text.replace("{}", self.plain(words.joined(each.labels))) for each in said_once(remarks, self.text)
        ]

    def unmarked_digits(self, text: str, allowed: re.Pattern[str]) -> list[str]:
        """Digits that stand in the text and are no mark's, apart from what is allowed."""
        return DIGITS.findall(allowed.sub("", MARK.sub("", NOTE_MARK.sub("", text))))


def find_indicator(catalogue: Catalogue, name: str) -> str:
    """The code of an indicator that is named by its code or its label.

    Raises TokenError for a name that the catalogue does not know.
    """
    indicators = catalogue.indicators
    if name in indicators:
        return name
    code = next((code for code, indicator in indicators.items() if indicator.label == name), None)
    if code is None:
        close = [indicator.label for indicator in indicators.values() if name[:4] and name[:4] in indicator.label]
        near = nearest(name, [indicator.label for indicator in indicators.values()])
        hint = f"；是不是：{words.joined(close or [str(near)])}" if close or near else ""
        raise TokenError(f"指标目录中没有“{name}”{hint}")
    return code
