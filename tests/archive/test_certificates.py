"""A certificate says who stands by which bytes; its number runs within the year and comes once."""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import pytest

from sources.archive.archive import DamagedContentError, damaged, store
from sources.archive.certificates import (
    CERTIFICATES_FILE,
    ROLES,
    Certificate,
    CertificateError,
    Signature,
    archived_certificates,
    certificate_of,
    certify,
)

SIGNED = tuple(
    Signature(role, name, f"account of {name}", "2024-01-01T00:00:00+00:00")
    for role, name in zip(ROLES, ("张三", "李四", "王五"), strict=True)
)


def certified(archive: Path, content: bytes, year: int = 2023, signed: tuple[Signature, ...] = SIGNED) -> Certificate:
    return certify(archive, store(content, archive), "3645900002", year, "451200", signed)


def test_numbers_run_within_their_year(tmp_path: Path):
    made = [certified(tmp_path, b"a"), certified(tmp_path, b"b"), certified(tmp_path, b"c", 2024)]
    assert [each.number for each in made] == ["2023-451200-0001", "2023-451200-0002", "2024-451200-0001"]
    assert archived_certificates(tmp_path) == made
    assert certificate_of(tmp_path, made[1].submission_id) == made[1]


def test_a_certificate_is_of_these_bytes_alone(tmp_path: Path):
    first = certified(tmp_path, b"first version")
    later = store(b"later version", tmp_path)
    assert certificate_of(tmp_path, later) is None
    assert certified(tmp_path, b"later version").number != first.number


def test_asked_twice_by_the_same_people_it_is_the_same_and_by_others_it_is_refused(tmp_path: Path):
    first = certified(tmp_path, b"a")
    again = tuple(replace(each, signed_at="2024-02-02T00:00:00+00:00") for each in reversed(SIGNED))
    assert certified(tmp_path, b"a", signed=again) == first
    with pytest.raises(CertificateError, match=first.number):
        certified(tmp_path, b"a", signed=(*SIGNED[:2], replace(SIGNED[2], name="赵六")))
    assert archived_certificates(tmp_path) == [first]


@pytest.mark.parametrize(
    ("signed", "told"),
    [
        (SIGNED[:2], "还没有校长的姓名"),
        ((), "还没有填报人、审核人、校长的姓名"),
        ((*SIGNED[:2], replace(SIGNED[2], name="  ")), "还没有校长的姓名"),
        ((*SIGNED, SIGNED[0]), "不能多"),
        ((*SIGNED[:2], replace(SIGNED[2], name="王" * 41)), "超过 40 个字"),
    ],
)
def test_every_role_signs_once(tmp_path: Path, signed: tuple[Signature, ...], told: str):
    with pytest.raises(CertificateError, match=told):
        certified(tmp_path, b"a", signed=signed)
    assert archived_certificates(tmp_path) == []


def test_only_what_was_received_can_be_certified(tmp_path: Path):
    with pytest.raises(CertificateError, match="没有这份文件"):
        certify(tmp_path, "0" * 64, "3645900002", 2023, "451200", SIGNED)


def _certify_some(numbers: range, archive: Path) -> list[str]:
    return [certified(archive, f"file {number}".encode()).number for number in numbers]


def test_two_processes_never_give_the_same_number(tmp_path: Path):
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        given = processes.map(partial(_certify_some, archive=tmp_path), [range(12), range(12, 24)])
        numbers = [number for of_process in given for number in of_process]
    assert sorted(numbers) == [f"2023-451200-{number:04}" for number in range(1, 25)]
    assert [each.number for each in archived_certificates(tmp_path)] == sorted(numbers)


def test_a_line_that_a_crash_cut_off_was_never_given_and_a_spoilt_one_stops_the_count(tmp_path: Path):
    certified(tmp_path, b"a")
    file = tmp_path / CERTIFICATES_FILE
    with file.open("ab") as open_file:
        open_file.write(b'{"number": "2023-451200-0002", "submi')
    assert certified(tmp_path, b"b").number == "2023-451200-0002"
    assert damaged(tmp_path) == []
    file.write_bytes(file.read_bytes().replace(b'{"number"', b'"number"', 1))
    assert damaged(tmp_path) == [file]
    with pytest.raises(DamagedContentError):
        certified(tmp_path, b"c")
