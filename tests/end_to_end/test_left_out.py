"""A run with a file that is set aside ends, publishes the others, and says so to people and programs."""

import json
import shutil
from dataclasses import asdict

import pytest

from tests.conftest import select
from tests.end_to_end.test_command_line import nianbao
from tests.hostile.bombs import far_cell
from warehouse.intake.unread import Unread


@pytest.mark.deep
def test_a_file_that_is_not_read_has_an_exit_code_of_its_own_as_long_as_it_lies_there(empty, city_run):
    empty.inbox.mkdir(parents=True)
    for path in sorted(city_run.inbox.glob("2023*"))[:2]:
        shutil.copy(path, empty.inbox)
    hostile = empty.inbox / "2023_[bold]坏.xlsx"
    hostile.write_bytes(far_cell())

    run = nianbao(empty, "run", "--year", "2023", "--json")
    assert run.returncode == 4, run.stderr
    told = json.loads(run.stdout)
    (unread,) = told["unread"]
    assert unread.keys() == set(Unread.__slots__) == asdict(Unread("", "", "")).keys()
    assert unread["file_name"] == hostile.name
    assert "XFD1048576" in unread["message"]
    assert told["unmade"] == []
    assert f"没有读入：未识别_{unread['submission_id'][:8]}.xlsx" in run.stderr, "Dagster's books keep our name for it"
    accepted = select(empty, "select count(*) from registry.submission where status = 'accepted' and is_current")
    assert accepted.item() == 2
    assert empty.published_database.exists()

    again = nianbao(empty, "run", "--year", "2023")
    assert again.returncode == 4, "nothing is new, and it lies there still"
    assert f"没有读入：{hostile.name}" in again.stdout
    hostile.unlink()
    assert nianbao(empty, "run", "--year", "2023").returncode == 0
