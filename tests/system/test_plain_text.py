"""Text that somebody typed is data, wherever it is shown."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from markdown_it import MarkdownIt

from sources.system.plain_text import SHOWN_IN_A_CELL, as_markdown, as_text, legible, plain
from tests.support.hostile_texts import HOSTILE

RENDERER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
SHOWN = {"table", "thead", "tbody", "tr", "th", "td"}


def tags_of(text: str) -> set[str]:
    """What a Markdown page makes of a table with the text in one of its cells."""
    html = RENDERER.render(f"| 填写内容 | 问题 |\n|---|---|\n| {as_markdown(text)} | 一 |")
    return {str(element.tag) for element in etree.fromstring(f"<page>{html}</page>").iter()} - {"page"}


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_in_a_cell_of_a_markdown_table_is_more_than_text(text: str) -> None:
    assert tags_of(text) <= SHOWN
    assert not re.search(r"(?<!\\):/{2}|(?i:www)\.", as_markdown(text))  # what pages link without being asked


@given(st.text(alphabet=st.sampled_from("!()[]<>*_`~|#&;:@\\/.www=x一 \n\"'^$-+1"), max_size=60))
def test_no_text_whatever_is_more_than_text_in_markdown(text: str) -> None:
    assert tags_of(text) <= SHOWN


def test_a_long_text_is_cut_and_says_how_long_it_was() -> None:
    assert as_markdown("一" * 5000).endswith("…（共 5000 个字）")
    assert len(as_markdown("一" * 5000)) < SHOWN_IN_A_CELL + 20


@given(st.text())
def test_legible_text_can_be_written_as_xml(text: str) -> None:
    element = etree.Element("text")
    element.text = legible(text)
    assert (
        etree.fromstring(etree.tostring(element)).text == (legible(text).replace("\r\n", "\n") or None) or "\r" in text
    )


@pytest.mark.parametrize("text", ["一行\n二行", "制表\t符", "回车\r\n", "𠮷野家", "½ × ㎡ ① ‰", "🏫"])
def test_what_people_write_stays_as_it_is(text: str) -> None:
    assert legible(text) == text


@pytest.mark.parametrize(
    "letter",
    [
        "\x00",
        "\x07",
        "\x0b",
        "\x1b",
        "\x85",
        "\u202e",
        "\u2066",
        "\ud800",
        "\ue000",
        "\uffff",
        "\ufdd0",
        "\U0001fffe",
        "\U000effff",
    ],
)
def test_what_nobody_can_read_is_shown_as_such(letter: str) -> None:
    assert legible(f"一{letter}二") == "一�二"


@pytest.mark.parametrize("text", HOSTILE)
def test_a_message_is_one_line_without_links_and_a_csv_cell_is_no_formula(text: str) -> None:
    line = plain(text)
    assert line.isprintable()
    assert "://" not in line
    assert not as_text(text).startswith(("=", "+", "-", "@")) or text == "+1"  # a number
