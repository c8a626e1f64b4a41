"""The project speaks as docs/glossary.md says, and the linter hears where it does not."""

import pytest

from tests.lint.glossary import PAGE, Exemption, Synonym, exemptions, misnomers, misnomers_in, synonyms

FORBIDDEN = (Synonym("survey year", "report year"), Synonym("reporter", "respondent"), Synonym("上报", "报送"))
TEXT = PAGE.read_text(encoding="utf-8")


def test_one_word_for_one_thing():
    assert [str(each) for each in misnomers()] == []


@pytest.mark.parametrize(
    "line",
    [
        "survey_year = 2023",
        "class SurveyYear:",
        '"""The survey year of a submission."""',
        "def of(reporters): ...",
        "# the reporter's own",
        "- {hint: 请按时上报}",
        "surveyYears: 1",
    ],
)
def test_a_synonym_is_heard_in_names_and_in_prose(line):
    assert len(misnomers_in("a.py", line, FORBIDDEN, ())) == 1


@pytest.mark.parametrize("line", ["report_year = 2023", "the survey of the year", "reported", "a year surveyed"])
def test_other_words_are_not(line):
    assert misnomers_in("a.py", line, FORBIDDEN, ()) == []


def test_an_exemption_holds_in_its_files_only():
    exempt = (Exemption("reporter", ("sources/write/*",)),)
    assert misnomers_in("sources/write/a.py", "reporter", FORBIDDEN, exempt) == []
    assert len(misnomers_in("sources/read/a.py", "reporter", FORBIDDEN, exempt)) == 1


def test_a_misnomer_is_told_with_file_line_and_the_right_word():
    (found,) = misnomers_in("a.py", "x\nreporter", FORBIDDEN, ())
    assert str(found) == "a.py:2: 'reporter' is called 'respondent' (docs/glossary.md)"


def test_no_word_of_the_glossary_forbids_another():
    words = {cell.strip() for row in TEXT.splitlines() if row.startswith("| ") for cell in row.split("|")[1].split(",")}
    assert {each.text for each in synonyms(TEXT)} & words <= {each.text for each in exemptions(TEXT)}


def test_every_exemption_is_of_a_forbidden_word():
    assert {each.text for each in exemptions(TEXT)} <= {each.text for each in synonyms(TEXT)}


def test_the_page_forbids_something():
    assert len(synonyms(TEXT)) > 40
