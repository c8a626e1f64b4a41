"""How nianbao calls a file. How its sender named it stands in the archive's receipts and in nothing that leaves.

A file's name is free text: it may hold a person's name and telephone number.
"""

from sources.declarations.city import City, Respondent
from sources.submission.submission import Submission

UNIDENTIFIED = "未识别"
ID_LETTERS = 8
FORBIDDEN_IN_NAMES = str.maketrans(dict.fromkeys('\\/:*?"<>|\n\r\t', "_"))
NAME_BYTES = 180
"""Of the 255 that a file's name may have; the rest is for what is put behind it. A letter takes up to four."""


def as_file_name(text: str) -> str:
    """A text as a part of a file's name on any system: no sign that one of them gives a meaning, and not too long."""
    return text.translate(FORBIDDEN_IN_NAMES).encode()[:NAME_BYTES].decode(errors="ignore")


def workbook_file_name(respondent: Respondent, report_year: int, stated_code: str = "") -> str:
    """A respondent's file, by the name and code of the year; without `stated_code`, by the code in respondents.yml."""
    return f"{report_year}_{respondent.name}_{stated_code or respondent.code}.xlsx"


def unidentified_name(submission_id: str) -> str:
    """A file of which nobody knows, or not yet, whose it is."""
    return f"{UNIDENTIFIED}_{submission_id[:ID_LETTERS]}.xlsx"


def official_name(submission: Submission, city: City) -> str:
    """The name that the template had: by respondent and year, as the city calls it in that year."""
    respondent, year = submission.respondent, submission.report_year
    if respondent is None or year is None:
        return unidentified_name(submission.submission_id)
    of_year = city.in_year(year)
    respondent = of_year.respondent_by_code.get(respondent.code, respondent)
    return workbook_file_name(respondent, year, of_year.stated_code(respondent))
