"""The template of each respondent: blank, with last year's values beside, and its token where the year's carry one."""

from collections.abc import Callable, Sequence
from functools import partial

from sources.archive.tokens import tokens_for
from sources.declarations.city import City, Respondent
from sources.system.access import prepare_home
from sources.system.settings import Settings
from sources.write.template import build_workbook
from warehouse.intake.last_year import last_year_values


def blank_workbooks(
    settings: Settings, city: City, report_year: int, respondents: Sequence[Respondent]
) -> list[tuple[Respondent, Callable[[], bytes]]]:
    """Each of the respondents with what makes its workbook. Tokens are drawn for those who have none yet."""
    codes = [each.code for each in respondents]
    last_year = last_year_values(settings, city, report_year, None if len(codes) > 1 else codes)
    tokens: dict[str, str] = {}
    if city.calendar.years[report_year].templates_carry_tokens:
        prepare_home(settings.home)
        tokens = tokens_for(settings.archive, codes, report_year)
    return [
        (
            each,
            partial(
                build_workbook,
                city,
                each,
                report_year,
                last_year=last_year.get(each.code),
                token=tokens.get(each.code),
            ),
        )
        for each in respondents
    ]
