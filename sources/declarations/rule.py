"""Rules (校验规则): what must hold of a row, across sheets and years, and of a file as such; and the life of each."""

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, Literal, TypeVar

from pydantic import ConfigDict, Field, model_validator

from sources.declarations.codelist import labels_of_codes
from sources.declarations.kept import CROSS_RULES, kept_part, read_kept
from sources.declarations.kept import INTAKE_RULES as KEPT_INTAKE_RULES
from sources.declarations.kept_ready import kept_ready
from sources.declarations.pack import NEUTRAL_PACK, Pack, layered
from sources.declarations.strict_yaml import Declaration, Name, load, once
from sources.system.fingerprint import sha256_of
from sources.system.settings import SOURCES_ROOT

Severity = Literal["error", "warning", "info"]
Needs = Literal["file", "last_year", "others"]
"""What a rule looks at: one file alone, the same respondent's file of the year before too, or what others have sent."""
SHOWN_VALUE = re.compile(r"\{[^{}]*\}")
State = Literal["proposed", "shadow", "in_force", "retired"]
STATE_LABELS: dict[State, str] = {"proposed": "拟议", "shadow": "试行", "in_force": "施行", "retired": "废止"}
"""In shadow a rule is computed, and told to nobody outside the bureau."""


def is_none(value: object) -> bool:
    return value is None


class Fixtures(Declaration):
    """Rows for which a rule holds, fails, and cannot be verified; every rule must give all three."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    passing: dict[str, Any] = Field(alias="pass")
    failing: dict[str, Any] = Field(alias="fail")
    not_applicable: dict[str, Any]


class Trial(Declaration):
    """What the record of a rule says of the years on which it was tried (`nianbao rules --year …`)."""

    years: tuple[int, ...] = Field(min_length=1)
    fired: int = Field(ge=0)
    false_alarms: int = Field(ge=0)


class Life(Declaration):
    """Where a rule stands: proposed, tried in shadow, in force, retired; who answers for it and why."""

    state: State = "in_force"
    owner: str = "规则编制组"
    reason: str = "随程序发布，未经修改"
    decided_on: date = date(2026, 11, 24)
    """The day on which it came into this state."""
    false_alarms_at_most: Annotated[Decimal, Field(ge=0, le=1)] = Decimal("0.5")
    """The share of its findings that may turn out to be none, for it to come into force."""
    trial: Trial | None = None

    @property
    def binds(self) -> bool:
        """Whether it judges submissions, in the years of its rule."""
        return self.state in ("in_force", "retired")


FIRST = Life()
"""The life of a rule that says nothing of it: in force from the first edition."""
BY_DECISION = {
    "0034": Life(reason="随程序 0.2.0 施行：每个数都先判断再采信（决定 0034）", decided_on=date(2026, 11, 28)),
    "0035": Life(reason="随程序 0.2.0 施行：同一原因只说一次（决定 0035）", decided_on=date(2026, 11, 28)),
    "0047": Life(reason="随程序 0.2.0 施行：屏幕上看到的就是读入的（决定 0047）", decided_on=date(2026, 11, 29)),
}
"""Rules that came with a later edition of the program, by the record (docs/decisions) that says why."""


class DeclaredRule(Declaration):
    """What every rule has. `since` and `until` are the report years that it judges; a year keeps its rules for ever."""

    severity: Severity
    message: str
    """Chinese; `{name}` is replaced by what the rule shows."""
    fix: str
    since: int | None = Field(default=None, exclude_if=is_none)
    until: int | None = Field(default=None, exclude_if=is_none)
    life: Life = Field(default=FIRST, exclude=True)
    """No part of what a rule asks: a new owner makes nobody answer again."""
    decision: Literal["0034", "0035", "0047"] | None = Field(default=None, exclude=True)
    """Of a rule that came with a later edition: the record that gives it its life."""

    @model_validator(mode="before")
    @classmethod
    def _decided(cls, declared: Any) -> Any:
        """The life that a decision gives stands for one that is not said."""
        if isinstance(declared, dict) and declared.get("decision") in BY_DECISION and "life" not in declared:
            return {**declared, "life": BY_DECISION[declared["decision"]]}
        return declared

    @model_validator(mode="after")
    def _lives(self) -> "DeclaredRule":
        came_with_program = "life" not in self.model_fields_set or self.life == BY_DECISION.get(self.decision or "")
        if not came_with_program and (fault := _fault_of_life(self)):
            raise ValueError(f"rule {getattr(self, 'id', '')}: {fault}")
        return self


def _fault_of_life(rule: DeclaredRule) -> str | None:
    """Why a rule cannot be in the state that it is said to be in."""
    life, trial = rule.life, rule.life.trial
    if not life.binds:
        label = STATE_LABELS[life.state]
        return f"{label}的规则不判定任何年度的报送，不写 since 和 until" if rule.since or rule.until else None
    if life.state == "retired":
        return None if rule.until else "废止的规则要写 until：施行到哪个报告年度为止"
    if rule.since is None:
        return "施行的规则要写 since：从哪个报告年度起"
    if trial is None:
        return "规则先试行，后施行：请在 trial 中写明试行的年度、报出数和误报数（nianbao rules --year 年度）"
    if trial.false_alarms > life.false_alarms_at_most * trial.fired:
        return (
            f"试行报出 {trial.fired} 个问题，误报 {trial.false_alarms} 个，"
            f"误报率高于规定的 {life.false_alarms_at_most}（false_alarms_at_most），不能施行"
        )
    return None


def is_judged_in(rule: DeclaredRule, report_year: int) -> bool:
    """Whether a rule judges a year, be it that nobody is told."""
    return rule.life.state != "proposed" and not (rule.until and rule.until < report_year)


def is_tried_in(rule: DeclaredRule, report_year: int) -> bool:
    """Whether a rule judges a year for its record alone: it is in shadow, or comes into force in a later year."""
    return is_judged_in(rule, report_year) and not (rule.life.binds and rule.is_valid_in(report_year))


class RowRule(DeclaredRule):
    """A condition that each row (each form) of one sheet must fulfil.

    `expr` is a SQL boolean over the sheet's columns. True holds, false is a finding, NULL (an input is
    missing) is 'not verifiable', which is neither.
    """

    id: Name
    expr: str
    columns: tuple[Name, ...]
    """The cells to look at first; the first one carries the finding."""
    fixtures: Fixtures


class CrossRule(DeclaredRule):
    """A condition across sheets, years or respondents.

    `sql` (over one frame a sheet, named like its contract; last year's as `<sheet>_last_year`) gives one row for
    each thing judged: submission_id, record, `holds` (true, false or NULL for not verifiable), and whatever
    the message shows. `level` says on what it looks: one `submission`, where an error rejects it, or everything
    that currently stands in a `city`, last year included, where a finding can only be a warning.
    """

    id: Annotated[str, Field(pattern=r"^(cross|history|city)\.[a-z_]+$")]
    level: Literal["submission", "city"]
    sheet: Name
    column: Name
    """The cell that carries the finding."""
    sql: str
    codes: dict[Name, Name] = Field(default={})
    """Column of the result → the code list of its values: messages show the labels."""
    adds_up: dict[Name, Name] = Field(default={})
    """Of a rule that holds a bureau's number against the sum of its schools: column of the sum → column of the number.
    Where a school is absent, the sum can only be smaller."""
    is_absence: Literal["", "told", "told_with_sums"] = ""
    """The rule finds a school that is absent. Sums that do not add up for want of it are told with it, as one finding;
    `told_with_sums`: and only then, because the register tells the absence by itself."""
    fixtures: Fixtures
    """Frame name → rows; a column that a row does not name is NULL."""

    @model_validator(mode="after")
    def _consistent(self) -> "CrossRule":
        if self.level == "city" and self.severity == "error":
            raise ValueError(f"rule {self.id}: at level `city` nothing can be rejected any more")
        return self

    @property
    def needs(self) -> Needs:
        """The id says it: `cross.` looks at one file, `history.` at two years of one respondent, `city.` at all."""
        if self.level == "submission":
            return "file"
        return "last_year" if self.id.startswith("history.") else "others"


class IntakeRule(DeclaredRule):
    """A rule that holds for every sheet: its message is filled in with the sheet, column and value."""

    id: str
    least: int = Field(default=1, ge=1, exclude=True)
    """Of a cause: how many findings with the root make one message."""

    @model_validator(mode="after")
    def _always(self) -> "IntakeRule":
        if self.life.state != "in_force":
            raise ValueError(f"rule {self.id}: without it a file cannot be judged at all, so it is always in force")
        return self


AnyRule = TypeVar("AnyRule", bound=DeclaredRule)


class _IntakeRules(Declaration):
    rules: tuple[IntakeRule, ...]

    @model_validator(mode="after")
    def _consistent(self) -> "_IntakeRules":
        return once(self, (rule.id for rule in self.rules), "rule")


class _CrossRules(Declaration):
    rules: tuple[CrossRule, ...]

    @model_validator(mode="after")
    def _consistent(self) -> "_CrossRules":
        return once(self, (rule.id for rule in self.rules), "rule")


RULES = SOURCES_ROOT / "rules"
INTAKE_RULES, CAUSES, PLAUSIBILITY = "intake.yml", "causes.yml", "plausibility.yml"
"""Rules of a file as such, causes, and what numbers can be; the other files of the folder hold cross rules."""


@lru_cache
def load_intake_rules(pack: Pack = NEUTRAL_PACK) -> dict[str, IntakeRule]:
    """The rules of a file as such, and the causes, by id: the same in every pack, unless it was kept."""
    if pack.kept:
        kept = (read_kept(IntakeRule, each) for each in kept_part(pack.kept, KEPT_INTAKE_RULES))
        return {rule.id: rule for rule in kept}
    return intake_rules_as_declared(NEUTRAL_PACK)


@kept_ready
def intake_rules_as_declared(_: Pack) -> dict[str, IntakeRule]:
    """The rules of a file as such, and the causes, of today's files. Raises DeclarationError."""
    files = (load(RULES / name, _IntakeRules).rules for name in (INTAKE_RULES, CAUSES))
    return {rule.id: rule for rules in files for rule in rules}


@lru_cache
@kept_ready
def load_cross_rules(pack: Pack) -> tuple[CrossRule, ...]:
    if pack.kept:
        return tuple(read_kept(CrossRule, each) for each in kept_part(pack.kept, CROSS_RULES))
    return judging(pack, cross_rules_as_declared(pack))


@lru_cache
def cross_rules_as_declared(pack: Pack) -> tuple[CrossRule, ...]:
    """The cross rules of today's files, of every state. Raises DeclarationError."""
    documents = layered(RULES, pack, "rules", labels_of_codes(pack))
    of_files = (
        document.parsed(_CrossRules)
        for name, document in documents.items()
        if name not in (INTAKE_RULES, CAUSES, PLAUSIBILITY)
    )
    return tuple(rule for of_file in of_files for rule in of_file.rules)


def judging(pack: Pack, rules: Iterable[AnyRule]) -> tuple[AnyRule, ...]:
    """The rules that judge under a pack: those that bind; `on_trial` those in shadow and those to come as well."""
    if not pack.on_trial:
        return tuple(rule for rule in rules if rule.life.binds)
    return tuple(rule.model_copy(update={"since": None}) for rule in rules if rule.life.state != "proposed")


def in_words(message: str) -> str:
    """What a rule's message says, without the values of a case: each of them is a dash."""
    return SHOWN_VALUE.sub("…", message)


def rule_version(rule: Declaration) -> str:
    """Changes when what the rule asks changes, not its wording; an explanation under another version has lapsed."""
    asks = [str(getattr(rule, name, "")) for name in ("id", "expr", "sql", "severity")]
    return sha256_of("\n".join(asks))[:8]
