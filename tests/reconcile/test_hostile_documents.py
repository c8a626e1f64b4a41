"""A Word file that only unfolds in memory, or for minutes, is refused with its reason; an honest one is read."""

import time
import zipfile
from io import BytesIO
from pathlib import Path

import docx
import pytest

from warehouse.reconcile.reading import report_file
from warehouse.reconcile.reading.report_file import Limits, TextTable, read_document

TIGHT = Limits(seconds=2, memory_bytes=400_000_000, expanded_bytes=20_000_000)
HANGING = 120
"""Seconds; only a guard against a hang."""


@pytest.fixture(autouse=True)
def _tight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_file, "Limits", lambda: TIGHT)


def document(tmp_path: Path, body: str = "", method: int = zipfile.ZIP_DEFLATED) -> Path:
    """A report with one table, and XML put into the table's first cell's properties or behind the table."""
    plain, path = BytesIO(), tmp_path / "报告.docx"
    report = docx.Document()
    report.add_table(1, 1).rows[0].cells[0].text = "学生数"
    report.save(plain)
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(path, "w", method) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "word/document.xml" and body:
                content = content.replace(b"<w:tcPr>", b"<w:tcPr>" + body.encode(), 1)
            target.writestr(name, content)
    return path


def test_an_honest_document_is_read(tmp_path):
    (table,) = read_document(document(tmp_path))
    assert isinstance(table, TextTable)
    assert table.rows == (("学生数",),)


@pytest.mark.parametrize(
    ("made", "why"),
    [
        ({"body": '<w:gridSpan w:val="500000000"/>'}, "超过"),
        ({"body": "<w:x/>" * 4_000_000}, "文件过大"),
        ({"method": zipfile.ZIP_BZIP2}, "bzip2"),
        ({"body": '<!DOCTYPE x [<!ENTITY a "b">]>'}, "XML 实体定义"),
        ({"body": "<w:broken"}, "不能作为 .docx 文档打开"),
    ],
)
def test_what_would_take_too_much_is_refused_with_its_reason(made, why, tmp_path):
    path = document(tmp_path, **made)
    begun = time.monotonic()
    with pytest.raises(ValueError, match=why) as refused:
        read_document(path)
    assert str(path) in str(refused.value)
    assert time.monotonic() - begun < HANGING
