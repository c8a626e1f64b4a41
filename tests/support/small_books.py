"""Hand-made submissions of small installations: as many cells as a test needs, everything else not available."""

from collections.abc import Mapping
from dataclasses import replace

from sources.declarations.city import City
from sources.declarations.contract import contracts_for
from sources.submission.file_names import workbook_file_name
from sources.system.settings import Settings
from sources.write.sheet_values import SheetValues
from sources.write.template import build_workbook
from tests.support.sample import PACK

TOPICS = ("scale", "conditions", "students", "satisfaction", "outcomes", "contests", "majors", "courses", "teachers")
TOPICS += ("cooperation", "aid_and_funds", "service", "international")
Submissions = Mapping[int, Mapping[str, Mapping[str, SheetValues]]]
"""Year → respondent → sheet → values."""


def form(**values) -> SheetValues:
    return SheetValues(records=[values])


def roster(*schools: tuple[str, str, str, str]) -> SheetValues:
    """Makes a roster of (code, name, category, ownership), in the order of the list."""
    return SheetValues(
        records=[
            {
                "school_code": code,
                "school_name": name,
                "sequence": position,
                "category": category,
                "ownership": ownership,
                "affiliation": "municipal",
            }
            for position, (code, name, category, ownership) in enumerate(schools, 1)
        ]
    )


def scope_choice(scope: str) -> SheetValues:
    return SheetValues(records=[{"topic": topic, "scope": scope} for topic in TOPICS])


def outcomes(graduates: int, placed: int, further: int, employed: int, self_employed: int) -> SheetValues:
    return form(
        graduates=graduates, placed=placed, further_study=further, employed=employed, self_employed=self_employed
    )


def school(students: int, teachers: int, destination: SheetValues, **more: SheetValues) -> dict[str, SheetValues]:
    return {
        "profile": form(authority="三校市教育局", honours="无", enrolment_status="enrolling"),
        "students": form(students_full_time=students, students_formal=students, intake_full_time=students),
        "staff": form(teachers_full_time=teachers),
        "outcomes": destination,
        **more,
    }


def pour(settings: Settings, city: City, submissions: Submissions) -> None:
    """Writes the submissions as workbooks into the inbox."""
    settings.inbox.mkdir(parents=True, exist_ok=True)
    for year, of_year in submissions.items():
        for code, values in of_year.items():
            respondent = city.respondent_by_code[code]
            sheets = {c.name for c in contracts_for(PACK, respondent.kind, year)} - {"cover"}
            stated = {sheet: SheetValues(status="unavailable") for sheet in sheets} | {
                sheet: replace(value, status="partial") if value.status == "filled" else value
                for sheet, value in values.items()
            }
            stated["cover"] = form(
                filled_by="填报人甲", reviewed_by="审核人乙", filled_on=city.calendar.years[year].due
            )
            data = build_workbook(city, respondent, year, stated)
            (settings.inbox / workbook_file_name(respondent, year)).write_bytes(data)
