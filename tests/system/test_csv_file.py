"""CSV files as people open them, and as they edit them."""

from decimal import Decimal

from sources.declarations.strict_csv import read_strictly
from sources.system.csv_file import lines_text, write_csv


def test_what_a_person_opens_has_a_mark_and_nothing_that_runs(tmp_path) -> None:
    rows = [["名称", "数"], ["=1+1", "-3.5"], [True, Decimal("1E+2")], [None, 7]]
    data = write_csv(rows, tmp_path / "a.csv").read_bytes()
    assert data == "\ufeff名称,数\r\n'=1+1,-3.5\r\ntrue,100\r\n,7\r\n".encode()


def test_what_people_edit_is_read_as_it_was_written(tmp_path) -> None:
    lines = [{"code": "1", "label": '甲,"乙"\n丙'}]
    (tmp_path / "a.csv").write_text(lines_text(("code", "label"), lines), encoding="utf-8", newline="")
    assert list(read_strictly(tmp_path / "a.csv", ["code", "label"])) == [(3, *lines)]
