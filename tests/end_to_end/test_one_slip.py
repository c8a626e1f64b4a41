"""One number in the wrong unit, from the school's file to the release that is refused."""

import openpyxl
import pytest

from sources.declarations.city import City
from sources.system.settings import Settings
from tests.conftest import cell_of, edit, run_all
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.intake.feedback import write_feedback
from warehouse.release.make_release import ReleaseBlockedError, release
from warehouse.store.connection import open_working

SCHOOL, YEAR, SHEET, ITEM = "3645900002", 2023, "经费情况", "年财政专项拨款"
TRUE = 1099.55
MEANT = f"很可能填的是元，不是万元，应为 {TRUE}"


@pytest.mark.deep
def test_yuan_for_ten_thousand_yuan_is_named_marked_and_holds_the_release(fresh_copy: Settings, city: City) -> None:
    def type_yuan(book: openpyxl.Workbook) -> None:
        cell = cell_of(book, SHEET, ITEM)
        assert cell.value == TRUE
        cell.value = round(TRUE * 10_000)

    edit(fresh_copy, city, SCHOOL, YEAR, type_yuan)
    assert run_all(fresh_copy, city).rejected == 1
    with open_working(fresh_copy) as connection:
        everybody = write_feedback(connection, fresh_copy, (YEAR,))
    (back,) = [each for each in everybody if any(finding.is_error for finding in each.findings)]
    (slip,) = [each for each in back.findings if each.is_error]
    assert back.path is not None
    assert MEANT in (slip.suggestion or "")
    note = cell_of(openpyxl.load_workbook(back.path), SHEET, ITEM).comment
    assert note is not None
    assert MEANT in note.text
    with pytest.raises(ReleaseBlockedError) as refused:
        release(fresh_copy, city, load_catalogue(city.pack), YEAR)
    assert f"errors.{SCHOOL}" in [each.item.id for each in refused.value.foreseen.listed]
