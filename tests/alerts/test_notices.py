"""A file that is neither taken nor returned is told once to those whom it concerns, by letter."""

from dataclasses import replace
from datetime import timedelta

from sources.submission.cell import CellAddress
from sources.submission.finding import Finding
from tests.alerts.test_letters import DATES, ID, SCHOOL, YEAR, known, sent, version
from warehouse.alerts.letters import Correspondence, Letter, letters_of

OTHER = "cd" * 32
LATER = DATES.opens + timedelta(days=3)


def notice(facts: Correspondence) -> Letter | None:
    letters = [each for each in letters_of(facts, [YEAR]) if each.respondent_code == SCHOOL.code]
    return next((each for each in letters if each.kind == "notice"), None)


def asks(submission_id: str = ID) -> Finding:
    place = CellAddress(submission_id, "甲校.xlsx", "封面")
    return Finding(place, "", "held.token_missing", "1", "info", "没有识别码。", "请告知教育局。")


def told_once(facts: Correspondence) -> str:
    letter = notice(facts)
    assert letter is not None
    assert notice(replace(facts, sent=[sent(letter, DATES.opens)])) is None
    return letter.body


def test_a_held_file_is_told_with_why_and_no_reminder_goes_with_it():
    facts = known(asks(), of=version("held"), today=DATES.due)
    assert [each.kind for each in letters_of(facts, [YEAR]) if each.respondent_code == SCHOOL.code] == ["notice"]
    body = told_once(facts)
    assert "2030年10月1日收到的2030_甲校.xlsx待确认：还没有采用，也没有退回。" in body
    assert "· 封面：没有识别码。请告知教育局。" in body


def test_a_file_that_came_later_and_does_not_count_is_told_with_the_one_that_does():
    counts = replace(version("accepted", stands=True), submission_id=OTHER, file_name="2030_甲校_乙.xlsx")
    late = replace(version("superseded", stands=True, received_on=LATER), counts=False)
    facts = replace(known(of=late), others=[replace(counts, counts=True)])
    body = told_once(facts)
    assert "2030年10月4日收到的2030_甲校.xlsx没有计入。计入的是2030年10月1日收到的2030_甲校_乙.xlsx。" in body


def test_a_file_that_was_corrected_is_not_told():
    before = replace(version("superseded", stands=True), submission_id=OTHER)
    corrected = version("accepted", stands=True, received_on=LATER)
    returned = replace(version("rejected", stands=True), submission_id="ef" * 32)
    assert notice(replace(known(of=corrected), others=[before, returned])) is None


def test_a_superseded_or_returned_file_that_comes_again_is_told_again():
    corrected = version("accepted", stands=True, received_on=LATER)
    for status in ("superseded", "rejected"):
        again = replace(version(status, stands=True), submission_id=OTHER, came_again_on=LATER)
        body = told_once(replace(known(of=corrected), others=[again]))
        assert "2030年10月4日又收到一次，与以前收到的是同一份" in body
        assert "计入的是2030年10月4日收到的2030_甲校.xlsx。" in body


def test_two_files_are_one_letter_and_a_third_is_told_alone():
    first, second = version("held"), replace(version("held"), submission_id=OTHER)
    facts = replace(known(asks(), of=first, today=LATER + timedelta(days=1)), others=[second])
    letter = notice(facts)
    assert letter is not None
    assert letter.body.count("待确认：") == 2
    third = replace(version("held", received_on=LATER), submission_id="ef" * 32)
    more = notice(replace(facts, others=[second, third], sent=[sent(letter, DATES.opens)]))
    assert more is not None
    assert more.body.count("待确认：") == 1


def test_what_lies_in_a_schools_folder_and_cannot_be_read_is_told_to_that_school():
    strange = replace(
        version("rejected"),
        respondent_code=None,
        respondent_name=None,
        report_year=None,
        file_name="未识别_abab.xlsx",
        sender_code=SCHOOL.code,
        sender_name=SCHOOL.name,
    )
    unreadable = replace(asks(), rule_id="file.unreadable", severity="error", message="打不开。", fix="请另存。")
    facts = known(unreadable, of=strange)
    body = told_once(facts)
    assert "收到贵单位的一个文件，看不出是哪个单位、哪一年度的，没有采用。" in body
    assert "打不开。请另存。" in body
    letters = letters_of(facts, [YEAR])
    assert {each.respondent_code for each in letters if each.kind == "notice"} == {SCHOOL.code}


def test_after_the_freeze_what_was_left_then_is_told_no_more():
    facts = known(asks(), of=version("held"), today=DATES.freezes + timedelta(days=1))
    assert notice(facts) is None
    late = version("held", received_on=DATES.freezes + timedelta(days=1))
    assert notice(replace(facts, versions=[late])) is None, "the bureau may settle it on the day that it came"
    next_day = DATES.freezes + timedelta(days=2)
    assert notice(replace(facts, versions=[late], today=next_day)) is not None
