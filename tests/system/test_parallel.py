"""Many files at once give what one after the other gives."""

import pytest

from sources.archive.archive import archived_ids, archived_receipts
from sources.archive.inbox import look_into
from sources.archive.receive import receive
from sources.system.parallel import FEW, while_waiting


@pytest.mark.parametrize("count", [0, FEW - 1, FEW, 3 * FEW])
def test_results_come_in_the_order_of_the_items(count):
    assert list(while_waiting(abs, range(-count, 0))) == list(range(count, 0, -1))


def failing(number: int) -> int:
    if number == FEW:
        raise ValueError("the hundredth")
    return number


def test_a_failure_is_raised_and_not_lost():
    with pytest.raises(ValueError, match="the hundredth"):
        list(while_waiting(failing, range(2 * FEW)))


def test_many_files_are_received_like_few_the_same_content_once(tmp_path):
    inbox, archive = tmp_path / "inbox", tmp_path / "archive"
    inbox.mkdir()
    contents = [f"content {n % (FEW + 10)}".encode() for n in range(2 * FEW)]
    for n, content in enumerate(contents):
        (inbox / f"{n:03}.csv").write_bytes(content)
    receipts = receive(look_into(inbox), archive)
    assert [receipt.file_name for receipt in receipts] == [f"{n:03}.csv" for n in range(2 * FEW)]
    assert len(archived_ids(archive)) == len(set(contents))
    assert sorted(archived_receipts(archive), key=lambda each: each.file_name) == receipts
    assert receive(look_into(inbox), archive) == receipts, "a second time nothing is new"
