"""A report template is a file that somebody sent: it says words and conditions, and can do nothing else."""

import time
import zipfile
from io import BytesIO
from pathlib import Path

import docx
import pytest

from sources.system.settings import Limits
from tests.release.conftest import TEMPLATE, render, template_with
from warehouse.release.documents.template_check import (
    LONGEST_TOKEN,
    MOST_BLOCKS,
    SHOWN_PROBLEMS,
    check_file,
    template_environment,
)

HANGING = 120
"""Seconds; only a guard against a hang."""
TIGHT = Limits(seconds=5, memory_bytes=500_000_000, expanded_bytes=20_000_000)


@pytest.mark.parametrize(
    "token",
    [
        "{% for i in range(10**9) %}字{% endfor %}",
        "{%p for i in range(99999) %}字",
        "{% set x = '字' * 10**9 %}",
        "{{ 9**9**9 }}",
        "{{ '字' * 1000000000 }}",
        "{{ 值('专任教师数')|center(1000000000) }}",
        "{{ '%0999999999d' % 1 }}",
        "{{ '字'.__class__ }}",
        "{{ 值.__globals__['os'].system('id') }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ self.__init__ }}",
        "{% macro a() %}{{ a() }}{% endmacro %}",
        "{% include '/etc/passwd' %}",
        "{% import 'x' as x %}",
        "{% raw %}{{ 年 }}{% endraw %}",
        "{{ lipsum(n=1000000) }}",
        "{{ " + "(" * 900 + "年" + ")" * 900 + " }}",
        "{{ " + "not " * 1_500 + "年 }}",
        "{{ 值(" + "'字'," * LONGEST_TOKEN + ") }}",
        "{{ 没有这个词 }}",
        "{{ 值 }}",
    ],
    ids=lambda token: token[:30],
)
def test_a_template_can_say_words_and_conditions_and_nothing_else(made, tmp_path, token):
    begun = time.monotonic()
    with pytest.raises(ValueError, match=r"不能识别|没有名为|直接写出") as refused:
        render(made.figures, template_with(tmp_path, "# 概况", f"专任教师{token}。"))
    assert time.monotonic() - begun < HANGING
    assert len(str(refused.value)) < 2_000


def test_a_token_that_reaches_over_paragraphs_is_seen_as_jinja_sees_it(made, tmp_path):
    parts = ["{% for i in", "range(9) %}", "字{% endfor %}"]
    with pytest.raises(ValueError, match="不能识别"):
        render(made.figures, template_with(tmp_path, "# 概况", *parts))


def test_headers_and_properties_are_looked_at_too(made, tmp_path):
    path = template_with(tmp_path, "# 概况", "专任教师。")
    document = docx.Document(str(path))
    document.core_properties.title = "{{ '字' * 1000000000 }}"
    document.save(str(path))
    with pytest.raises(ValueError, match="只能写取数的词"):
        render(made.figures, path)
    document.core_properties.title = ""
    document.sections[0].header.paragraphs[0].text = "{% for i in range(9) %}{% endfor %}"
    document.save(str(path))
    with pytest.raises(ValueError, match="页眉"):
        render(made.figures, path)


def test_many_slips_are_listed_up_to_a_count(made, tmp_path):
    with pytest.raises(ValueError, match="另有 30 处") as refused:
        render(made.figures, template_with(tmp_path, "# 概况", *["{{ 错 }}"] * (SHOWN_PROBLEMS + 30)))
    assert str(refused.value).count("\n") == SHOWN_PROBLEMS


def test_tables_and_charts_without_end_are_refused():
    with pytest.raises(Exception, match="表和图多于"):
        template_environment().parse("{{ 图('获奖') }}" * (MOST_BLOCKS + 1))


def packed(tmp_path: Path, name: str, content: bytes, method: int = zipfile.ZIP_DEFLATED) -> Path:
    """The real template with a part more."""
    path, buffer = tmp_path / "report.docx", BytesIO()
    with zipfile.ZipFile(TEMPLATE) as plain, zipfile.ZipFile(buffer, "w", method) as copy:
        for entry in plain.namelist():
            copy.writestr(entry, plain.read(entry))
        copy.writestr(name, content)
    path.write_bytes(buffer.getvalue())
    return path


@pytest.mark.parametrize(
    ("name", "size", "method", "why"),
    [
        ("word/more.xml", 30_000_000, zipfile.ZIP_DEFLATED, "文件过大"),
        ("word/more.xml", 10, zipfile.ZIP_BZIP2, "bzip2"),
        ("word/document.xml", 10, zipfile.ZIP_DEFLATED, "两个同名"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_its_file_passes_the_inspection_of_any_word_file(tmp_path, name, size, method, why):
    path = packed(tmp_path, name, b" " * size, method)
    with pytest.raises(ValueError, match="不能用") as refused:
        check_file(path, TIGHT)
    assert why in str(refused.value) or "同名" in str(refused.value)
    assert str(path) in str(refused.value)


def test_what_is_no_word_file_is_told_as_such(tmp_path):
    path = tmp_path / "report.docx"
    path.write_bytes(b"PK\x03\x04 no")
    with pytest.raises(ValueError, match="不能用"):
        check_file(path, TIGHT)


def test_the_templates_that_ship_pass():
    check_file(TEMPLATE, Limits())
