"""Who may do what at the desk, and whose rows an account sees: one declaration, for pages, admin and tests.

Pure. A page asks for an act (`allowed`), and for the respondents that concern whoever asks (`seen`); everything else
follows from these two.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sources.declarations.city import City
from sources.system.faults import ToldError


class Role(StrEnum):
    """What somebody is at the desk; the value is what the database holds."""

    SCHOOL_CLERK = "school_clerk"
    SCHOOL_HEAD = "school_head"
    DISTRICT = "district"
    BUREAU_CLERK = "bureau_clerk"
    APPROVER = "approver"
    READER = "reader"
    ADMINISTRATOR = "administrator"


ROLE_LABELS: Mapping[Role, str] = {
    Role.SCHOOL_CLERK: "学校填报人",
    Role.SCHOOL_HEAD: "学校负责人",
    Role.DISTRICT: "区县教育局",
    Role.BUREAU_CLERK: "教育局经办人",
    Role.APPROVER: "教育局审批人",
    Role.READER: "只看不改",
    Role.ADMINISTRATOR: "账号管理员",
}


class Act(StrEnum):
    """What a page lets somebody do."""

    USE_OWN_ACCOUNT = "use_own_account"
    SEE_RESPONDENT = "see_respondent"
    SEND = "send"
    CERTIFY = "certify"
    WRITE_NOTE = "write_note"
    SEE_YEAR = "see_year"
    SEE_QUEUE = "see_queue"
    DECIDE = "decide"
    RUN = "run"
    MANAGE_YEARS = "manage_years"
    WRITE_LETTERS = "write_letters"
    SEE_GATE = "see_gate"
    APPROVE = "approve"
    MANAGE_ACCOUNTS = "manage_accounts"
    SEE_LOG = "see_log"


SCHOOL = frozenset({Role.SCHOOL_CLERK, Role.SCHOOL_HEAD})
BUREAU = frozenset({Role.BUREAU_CLERK, Role.APPROVER})
EVERYBODY = frozenset(Role)
ALLOWED: Mapping[Act, frozenset[Role]] = {
    Act.USE_OWN_ACCOUNT: EVERYBODY,
    Act.SEE_RESPONDENT: SCHOOL | BUREAU | {Role.DISTRICT, Role.READER},
    Act.SEND: SCHOOL | {Role.BUREAU_CLERK},
    Act.CERTIFY: SCHOOL | {Role.BUREAU_CLERK},
    Act.WRITE_NOTE: SCHOOL | BUREAU | {Role.DISTRICT},
    Act.SEE_YEAR: BUREAU | {Role.DISTRICT, Role.READER},
    Act.SEE_QUEUE: BUREAU,
    Act.DECIDE: frozenset({Role.BUREAU_CLERK}),
    Act.RUN: frozenset({Role.BUREAU_CLERK}),
    Act.MANAGE_YEARS: frozenset({Role.BUREAU_CLERK}),
    Act.WRITE_LETTERS: frozenset({Role.BUREAU_CLERK}),
    Act.SEE_GATE: BUREAU,
    Act.APPROVE: frozenset({Role.APPROVER}),
    Act.MANAGE_ACCOUNTS: frozenset({Role.ADMINISTRATOR}),
    Act.SEE_LOG: frozenset({Role.ADMINISTRATOR, Role.APPROVER}),
}
"""Act → who may. The bureau's clerk sends for the bureau's own workbook, which `seen` and `sends_for` narrow."""
NO_FACTOR = "none"
"""How a bureau says that nobody has to have a second factor."""


@dataclass(frozen=True, slots=True)
class AccountHolder:
    """Who holds an account, as far as it decides what is shown: a role, and the respondent or region that it is of."""

    role: Role
    respondent_code: str = ""
    region_code: str = ""


def allowed(holder: AccountHolder, act: Act) -> bool:
    return holder.role in ALLOWED[act]


def with_factor(declared: str | None) -> frozenset[Role]:
    """The roles that must have a second factor, of what the installation declares; nothing: those who decide, release
    or invite, as one password of theirs moves the whole city. Raises ToldError for a role that there is not."""
    if declared is None:
        return BUREAU | {Role.ADMINISTRATOR}
    named = [] if declared == NO_FACTOR else declared.split()
    if odd := [each for each in named if each not in ROLE_LABELS]:
        known = "、".join(f"{each.value}（{label}）" for each, label in ROLE_LABELS.items())
        raise ToldError(f"NIANBAO_DESK_FACTOR 里没有角色 {odd[0]}；有：{known}；都不强制写 {NO_FACTOR}")
    return frozenset(Role(each) for each in named)


def seen(holder: AccountHolder, city: City, report_year: int) -> frozenset[str]:
    """The respondents of a year that concern the holder: one's own, those of one's region, all, or none."""
    respondents = city.respondents_in(report_year)
    if holder.role in SCHOOL:
        return frozenset(each.code for each in respondents if each.code == holder.respondent_code)
    if holder.role is Role.DISTRICT:
        of_year = city.in_year(report_year)
        inside: Collection[str] = (
            of_year.regions_in(holder.region_code) if holder.region_code in of_year.region_by_code else ()
        )
        return frozenset(each.code for each in respondents if of_year.region_of(each) in inside)
    if allowed(holder, Act.SEE_RESPONDENT):
        return frozenset(each.code for each in respondents)
    return frozenset()


def sends_for(holder: AccountHolder, city: City, report_year: int) -> frozenset[str]:
    """The respondents for whom the holder sends files: a school's people for it, the bureau's clerk for bureaus."""
    if holder.role is Role.BUREAU_CLERK:
        return frozenset(each.code for each in city.respondents_in(report_year) if each.kind == "bureau")
    return seen(holder, city, report_year) if holder.role in SCHOOL else frozenset()
