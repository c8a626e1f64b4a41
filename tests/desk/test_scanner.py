"""Uploads are scanned for viruses before anything opens them: by a command that is declared, and by a real ClamAV."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from getpass import getuser
from pathlib import Path
from shutil import which
from types import SimpleNamespace
from unittest.mock import patch

import pytest

from sources.declarations.city import City
from sources.submission.file_names import workbook_file_name
from sources.system.settings import Settings
from sources.system.virus_scan import ScanFailedError, scanner_of, virus_in
from tests.conftest import NURSING_SCHOOL
from tests.desk.test_files import CERTIFYING, YEAR, changed, page, put

SignedIn = Callable[..., SimpleNamespace]
SIGN = "EVIL-OF-THE-TESTS"
BY_WORDS = ("sh", "-c", f'if grep -aq {SIGN}; then echo "stdin: Test.Evil FOUND"; exit 1; fi')
"""Any program that reads its standard input and ends with 0 or 1 is a scanner."""
TOO_LARGE = ("sh", "-c", f"if grep -aq {SIGN}; then echo 'INSTREAM size limit exceeded. ERROR'; exit 2; fi")
"""A scanner that answers, but not about every file."""
DOWN = ("sh", "-c", "echo 'ERROR: Could not connect to clamd'; exit 2")


def evil(data: bytes = b"PK\x03\x04") -> bytes:
    """A file that the scanners of these tests call infected: behind the archive, so that it opens as before."""
    return data + SIGN.encode()


@contextmanager
def scanned_by(desk: Settings, scanner: tuple[str, ...]) -> Iterator[None]:
    now = replace(desk, scanner=scanner)
    with (
        patch("orchestration.desk.judge_uploads.installed", lambda: now),
        patch("orchestration.desk.scanning.installed", lambda: now),
    ):
        yield


@pytest.fixture
def sample(city: City, desk: Settings) -> bytes:
    return (desk.inbox / workbook_file_name(city.respondent_by_code[NURSING_SCHOOL], YEAR)).read_bytes()


def test_an_infected_file_is_told_and_nothing_opens_it(sample: bytes, desk: Settings, signed_in: SignedIn) -> None:
    from orchestration.desk.models import LogEntry

    clerk, bureau = signed_in("school_clerk"), signed_in("bureau_clerk")
    with scanned_by(desk, BY_WORDS), patch("orchestration.desk.judge_uploads.check_apart") as opened:
        upload = put(clerk, evil(sample), "报送.xlsx")
        assert not opened.called
    assert (upload.state, upload.can_be_certified) == ("infected", False)
    shown = page(clerk, upload)
    assert "这份文件里查出了病毒" in shown
    assert "Test.Evil" in shown
    assert "下载这份文件" not in shown
    assert clerk.get(f"/file/{upload.pk}/original").status_code == 409
    for what in ("sheet/0", "marked", "certify"):
        kept = clerk.get(f"/file/{upload.pk}/{what}")
        assert SIGN.encode() not in b"".join(kept), what
    assert clerk.post(f"/file/{upload.pk}/correct", {}).status_code == 404
    clerk.post(f"/file/{upload.pk}/certify", CERTIFYING)
    upload.refresh_from_db()
    assert (upload.certificate_number, upload.path.read_bytes()) == ("", evil(sample))
    assert "查出病毒" in bureau.get(f"/year/{YEAR}").content.decode()
    noted = LogEntry.objects.get(act="virus")
    assert (noted.account_name, noted.after) == (clerk.account.username, f"Test.Evil {upload.sha256}")


def test_a_clean_file_is_judged_as_before(sample: bytes, desk: Settings, signed_in: SignedIn) -> None:
    with scanned_by(desk, BY_WORDS):
        upload = put(signed_in("school_clerk"), changed(sample, "教职工情况", "专任教师数", "约三千"))
        assert (upload.state, upload.errors) == ("judged", 1)
        words = signed_in("administrator").get("/accounts").content.decode()
    assert "上传的文件先由 sh 查毒" in words


def test_where_the_scanner_fails_files_wait_and_everybody_is_told(
    sample: bytes, desk: Settings, signed_in: SignedIn
) -> None:
    from orchestration.desk.models import Upload

    clerk, bureau, administrator = signed_in("school_clerk"), signed_in("bureau_clerk"), signed_in("administrator")
    with scanned_by(desk, DOWN):
        with pytest.raises(ScanFailedError, match="返回 2：ERROR: Could not connect"):
            put(clerk, sample)
        upload = Upload.objects.get()
        assert upload.state == "waiting"
        assert "查毒程序没有应答，它恢复以后自动检查，您不用再传" in page(clerk, upload)
        for told in (bureau.get(f"/year/{YEAR}"), administrator.get("/accounts")):
            assert "1 份上传的文件等着" in told.content.decode()
            assert "NIANBAO_SCANNER=none" in told.content.decode()
        assert "NIANBAO_SCANNER" not in signed_in("reader").get(f"/year/{YEAR}").content.decode()
    from orchestration.desk.judge_uploads import judge_next

    with scanned_by(desk, BY_WORDS):
        assert judge_next()
    upload.refresh_from_db()
    assert (upload.state, upload.held_up) == ("judged", "")


def test_a_file_that_the_scanner_cannot_look_at_holds_up_nobody(
    sample: bytes, desk: Settings, signed_in: SignedIn
) -> None:
    clerk = signed_in("school_clerk")
    with scanned_by(desk, TOO_LARGE), patch("orchestration.desk.judge_uploads.check_apart") as opened:
        upload = put(clerk, evil(sample))
        assert not opened.called
    assert (upload.state, upload.can_be_certified) == ("unscanned", False)
    shown = page(clerk, upload)
    assert "查毒程序查不了这份文件" in shown
    assert "size limit exceeded" in shown
    assert "下载这份文件" not in shown
    assert clerk.get(f"/file/{upload.pk}/original").status_code == 409
    with scanned_by(desk, TOO_LARGE):
        assert put(clerk, sample).state == "judged"


def test_without_a_scanner_files_are_judged_and_the_bureau_is_told(desk: Settings, signed_in: SignedIn) -> None:
    assert "没有查毒程序：上传的文件不查毒就检查" in signed_in("bureau_clerk").get(f"/year/{YEAR}").content.decode()


@pytest.mark.parametrize(
    ("scanner", "data", "found"),
    [
        ((), evil(), ""),
        (BY_WORDS, evil(), "Test.Evil"),
        (BY_WORDS, b"", ""),
        (("sh", "-c", "exit 1"), b"", "没有说是什么"),
    ],
)
def test_what_a_scanner_says_by_how_it_ends(scanner: tuple[str, ...], data: bytes, found: str) -> None:
    assert virus_in(data, scanner) == found


def test_a_scanner_that_is_not_there_has_not_looked() -> None:
    with pytest.raises(ScanFailedError, match="没有运行"):
        virus_in(b"", ("/no/such/program",))


def test_which_scanner_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert scanner_of(None) == ()
    assert scanner_of("none") == ()
    assert scanner_of("my-scanner --in '-'") == ("my-scanner", "--in", "-")
    for program in ("clamscan", "clamdscan"):
        (tmp_path / program).write_text("#!/bin/sh\n")
        (tmp_path / program).chmod(0o755)
        assert scanner_of(None)[0] == program


@pytest.fixture(scope="module")
def signatures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of one signature, in ClamAV's own form: the machine need not have fetched any."""
    if which("clamscan") is None or which("clamdscan") is None or which("clamd") is None:
        pytest.skip("no ClamAV on this machine (Debian packages clamav, clamav-daemon, clamdscan)")
    folder = tmp_path_factory.mktemp("clamav")
    (folder / "own.ndb").write_text(f"Nianbao.Test.Evil:0:*:{SIGN.encode().hex()}\n")
    return folder


@pytest.fixture(scope="module")
def clamd(signatures: Path) -> Iterator[Path]:
    """ClamAV's service, with a configuration of its own; the file that says where it is."""
    config = signatures.parent / f"{signatures.name}.conf"
    socket = signatures.parent / f"{signatures.name}.sock"
    config.write_text(f"LocalSocket {socket}\nDatabaseDirectory {signatures}\nForeground yes\nUser {getuser()}\n")
    silent = subprocess.DEVNULL
    with subprocess.Popen(["clamd", "-c", str(config)], stdout=silent, stderr=silent) as process:
        deadline = time.monotonic() + 60
        while not socket.exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield config
        process.kill()


@pytest.mark.deep
def test_clamav_finds_it_in_a_workbook_by_program_and_by_service(
    sample: bytes, signatures: Path, clamd: Path, desk: Settings, signed_in: SignedIn
) -> None:
    inside = changed(sample, "学校概况", "备注", SIGN)  # in a compressed part of the workbook, as a real one would be
    program = ("clamscan", "--no-summary", f"--database={signatures}", "-")
    service = ("clamdscan", "--no-summary", f"--config-file={clamd}", "-")
    for scanner in (program, service):
        assert virus_in(sample, scanner) == ""
        assert virus_in(inside, scanner) == "Nianbao.Test.Evil.UNOFFICIAL", scanner
    with scanned_by(desk, service):
        clerk = signed_in("school_clerk")
        assert put(clerk, inside).state == "infected"
        assert put(clerk, sample).state == "judged"
    with pytest.raises(ScanFailedError, match="返回 2"):
        virus_in(sample, ("clamdscan", "--no-summary", "--config-file=/no/such.conf", "-"))
