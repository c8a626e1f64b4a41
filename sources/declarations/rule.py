"""Rules (校验规则): what must hold of a row, across sheets and years, and of a file as such."""

from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from sources.declarations.strict_yaml import Declaration, Name, load, once
from sources.system.fingerprint import sha256_of
from sources.system.settings import SOURCES_ROOT

Severity = Literal["error", "warning", "info"]


class Fixtures(Declaration):
    """Rows for which a rule holds, fails, and cannot be verified; every rule must give all three."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    passing: dict[str, Any] = Field(alias="pass")
    failing: dict[str, Any] = Field(alias="fail")
    not_applicable: dict[str, Any]


class RowRule(Declaration):
    """A condition that each row (each form) of one sheet must fulfil.

    `expr` is a SQL boolean over the sheet's columns. True holds, false is a finding, NULL (an input is
    missing) is 'not verifiable', which is neither.
    """

    id: Name
    expr: str
    columns: tuple[Name, ...]
    """The cells to look at first; the first one carries the finding."""
    severity: Severity
    message: str
    """Chinese; `{column}` is replaced by the row's value."""
    fix: str
    fixtures: Fixtures


class CrossRule(Declaration):
    """A condition across sheets, years or respondents.

    `sql` (over one frame a sheet, named like its contract; last year's as `<sheet>_last_year`) gives one row for
    each thing judged: submission_id, record, `holds` (true, false or NULL for not verifiable), and whatever
    the message shows. `level` says on what it looks: one `submission`, where an error rejects it, or everything
    that currently stands in a `city`, last year included, where a finding can only be a warning.
    """

    id: Annotated[str, Field(pattern=r"^(cross|history|city)\.[a-z_]+$")]
    level: Literal["submission", "city"]
    severity: Severity
    sheet: Name
    column: Name
    """The cell that carries the finding."""
    sql: str
    message: str
    fix: str
    fixtures: Fixtures
    """Frame name → rows; a column that a row does not name is NULL."""

    @model_validator(mode="after")
    def _consistent(self) -> "CrossRule":
        if self.level == "city" and self.severity == "error":
            raise ValueError(f"rule {self.id}: at level `city` nothing can be rejected any more")
        return self


class IntakeRule(Declaration):
    """A rule that holds for every sheet: its message is filled in with the sheet, column and value."""

    id: str
    severity: Severity
    message: str
    fix: str


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
INTAKE_RULES = "intake.yml"
"""Rules of a file as such; the other files of the folder hold cross rules."""


@lru_cache
def load_intake_rules() -> dict[str, IntakeRule]:
    return {rule.id: rule for rule in load(RULES / INTAKE_RULES, _IntakeRules).rules}


@lru_cache
def load_cross_rules() -> tuple[CrossRule, ...]:
    paths = sorted(path for path in RULES.glob("*.yml") if path.name != INTAKE_RULES)
    return tuple(rule for path in paths for rule in load(path, _CrossRules).rules)


def rule_version(rule: Declaration) -> str:
    """Changes when what the rule asks changes, not its wording; an explanation under another version has lapsed."""
    asks = [str(getattr(rule, name, "")) for name in ("id", "expr", "sql", "severity")]
    return sha256_of("\n".join(asks))[:8]
