"""What a school's office sends in place of a workbook is told for what it is."""

import struct

import pytest

from sources.declarations.rule import load_intake_rules
from sources.read.file_kind import OLE_SIGNATURE
from sources.read.inspection import inspect
from sources.system.settings import Limits
from tests.corpus.changes import packed
from tests.corpus.small_books import small_book
from tests.hostile.books import write_book

GOOD = write_book(small_book(1))
PAGE = '<html><head><meta charset="utf-8"></head><body><table><tr><td>在校生</td></tr></table></body></html>'
TABLE_OF_2003 = '<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>'


def ole(*streams: str) -> bytes:
    """An archive of Office before 2007, as far as it is looked at: the names of its streams."""
    return OLE_SIGNATURE + b"\0" * 1_000 + b"\1\2".join(f"{name}\0".encode("utf-16-le") for name in streams)


@pytest.mark.parametrize(
    ("data", "rule", "words"),
    [
        pytest.param(ole("Workbook", "SummaryInformation"), "file.old_format", "旧格式", id="xls"),
        pytest.param(ole("Book"), "file.old_format", "旧格式", id="xls of 1995"),
        pytest.param(ole("Workbook", "WordDocument"), "file.old_format", "旧格式", id="xls with a letter in it"),
        pytest.param(ole("WordDocument"), "file.not_a_workbook", "Word 文档", id="doc"),
        pytest.param(ole("PowerPoint Document"), "file.not_a_workbook", "演示文稿", id="ppt"),
        pytest.param(ole("__properties_version1.0"), "file.not_a_workbook", "邮件", id="msg"),
        pytest.param(ole("EncryptionInfo", "EncryptedPackage"), "file.encrypted", "打开密码", id="password"),
        pytest.param(rb"{\rtf1\ansi}", "file.not_a_workbook", "Word 文档", id="rtf"),
        pytest.param(f'<table border="1">{PAGE}'.encode(), "file.not_a_workbook", "网页", id="table of a web system"),
        pytest.param(f"{' ' * 9_000}{PAGE}".encode(), "file.not_a_workbook", "网页", id="page after blanks"),
        pytest.param(PAGE.encode("utf-16"), "file.not_a_workbook", "网页", id="page in UTF-16"),
        pytest.param(PAGE.encode("gb18030"), "file.not_a_workbook", "网页", id="page in GB 18030"),
        pytest.param(b"\xef\xbb\xbf<!DOCTYPE HTML>", "file.not_a_workbook", "网页", id="page with a mark"),
        pytest.param(b"MIME-Version: 1.0\r\n", "file.not_a_workbook", "网页", id="mht"),
        pytest.param(TABLE_OF_2003.encode("utf-16"), "file.old_format", "旧格式", id="table of 2003 in UTF-16"),
        pytest.param(
            b'<office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0">',
            "file.other_format",
            ".fods",
            id="fods",
        ),
        pytest.param("学校<b>人数".encode("gb18030"), "file.not_a_workbook", "CSV", id="csv"),
        pytest.param(b"b\x14#e\0\2\0\0E-SafeNet\0\0LOCK\0", "file.not_a_workbook", "解密", id="sealed"),
        pytest.param(b"%TSD-Header-###%\0\1", "file.not_a_workbook", "解密", id="sealed by another"),
        pytest.param(b"\0\0\0\x18ftypheic\0", "file.not_a_workbook", "照片", id="photo of a telephone"),
        pytest.param(b"GIF89a\0", "file.not_a_workbook", "图片", id="gif"),
        pytest.param(b"\0\5\x16\7\0\2\0\0Mac OS X", "file.not_a_workbook", "苹果电脑", id="of a Mac"),
        pytest.param(b"\5admin".ljust(165, b"\0"), "file.not_a_workbook", "临时文件", id="whose it is"),
        pytest.param(b"\1" * 500 + b"\0", "file.not_a_workbook", "未知格式", id="anything"),
        pytest.param(b"\0" * len(GOOD), "file.damaged", "没有传完", id="nothing but zeros"),
        pytest.param(GOOD[400:], "file.damaged", "没有传完", id="without its beginning"),
        pytest.param(b"\r\n" + GOOD, "file.not_a_workbook", "开头多出", id="something before it"),
        pytest.param(b"PK\5\6" + struct.pack("<4H2IH", *[0] * 7), "file.not_a_workbook", "压缩包", id="empty zip"),
        pytest.param(packed({"校/a.xlsx": GOOD, "校/b.et": b""}), "file.not_a_workbook", "2 份表格", id="zip of two"),
    ],
)
def test_a_file_is_told_for_what_it_is(data: bytes, rule: str, words: str) -> None:
    refusal = inspect(data, Limits()).refusal
    assert refusal is not None
    assert refusal[0] == rule
    assert words in load_intake_rules()[rule].message.format(value=refusal[1])
