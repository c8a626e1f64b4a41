"""The marks in a city's own words: each is understood or told, and no text gets lost, whatever somebody types."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from warehouse.release.narrative.marks_in_words import Broken, Declared, NumberMark, PlainWords, pieces_of
from warehouse.release.narrative.paragraphs import WrittenParagraph, paragraphs_of

SIGNS = st.sampled_from(
    [
        *'|｜()（）"“，。*\n ',
        "{{",
        "}}",
        "[[",
        "]]",
        "{%",
        "%}",
        "\n\n",
        "# ",
        "- ",
        "1. ",
        "**",
        "学校:",
        "毕业生数",
        "较上年",
    ]
)
TYPED = st.lists(SIGNS | st.text()).map("".join)
MARKDOWN = re.compile(r"[\s*_#\-+.)0-9\ue000-\uf8ff\ufdd0]")
"""What may be a sign of Markdown, or no character that a document takes."""


def mark(name: str, *arguments: str, is_called: bool = True, **worded: str) -> NumberMark:
    return NumberMark("", name, arguments, tuple(worded.items()), is_called)


UNDERSTOOD = {
    "{{毕业生数}}": mark("毕业生数", is_called=False),
    "{{ 年 }}": mark("年", is_called=False),
    "{{毕业生数|较上年}}": mark("较上年", "毕业生数"),
    "{{毕业生数 ｜ 上年}}": mark("上年值", "毕业生数"),
    "{{毕业生数\\|年:2022}}": mark("年值", "毕业生数", "2022"),
    "{{毕业生数|数}}": mark("数", "毕业生数"),
    "{{毕业生数|学校：甲校}}": mark("学校值", "毕业生数", "甲校"),
    "{{毕业生数|口径:不含技工学校}}": mark("口径值", "毕业生数", "不含技工学校"),
    "{{毕业生数|口径}}": mark("口径", "毕业生数"),
    "{{免学费资助金额|单位:万元}}": mark("值", "免学费资助金额", "万元"),
    "{{公共基础课（不含思想政治课）教学满意度}}": mark("公共基础课（不含思想政治课）教学满意度", is_called=False),
    '{{ 值(“毕业生数”, "万人") }}': mark("值", "毕业生数", "万人"),
    '{{列举(公办="甲", 民办="乙")}}': mark("列举", 公办="甲", 民办="乙"),
    "{{完整度()}}": mark("完整度"),
    "[[教职成〔2022〕5号]]": Declared("", "教职成〔2022〕5号"),
}


@pytest.mark.parametrize("text", UNDERSTOOD)
def test_a_mark_is_short_for_a_word_of_the_template(text: str):
    (before, piece, after) = pieces_of(f"有{text}。")
    wanted = UNDERSTOOD[text]
    assert (before, after) == (PlainWords("有"), PlainWords("。"))
    assert piece.source == text
    assert type(piece) is type(wanted)
    names = [name for name in type(wanted).__dataclass_fields__ if name != "source"]
    assert [getattr(piece, name) for name in names] == [getattr(wanted, name) for name in names]


TOLD = {
    "{{}}": "是空的",
    "[[ ]]": "是空的",
    "{{毕业生数": "没有“}}”",
    "{{毕业生\n数}}": "没有“}}”",
    "毕业生数}}": "没有对应的“{{”",
    "{{毕业生数|去年}}": "没有“去年”这个写法；可以写：数、上年",
    "{{毕业生数|上年|数}}": "不能一起写",
    "{{毕业生数|年份:2022}}": "没有“年份:”这个写法",
    "{{值(毕业生数)}}": "要用引号括起来",
    '{% if 有("甲") %}': "条件只能写在模板里",
    "{{" + "甲" * 400 + "}}": "太长",
    "[[" + "1" * 70 + "]]": "太长",
}


@pytest.mark.parametrize("text", TOLD)
def test_what_is_no_mark_is_told_with_what_would_be_one(text: str):
    broken = [piece for piece in pieces_of(text) if isinstance(piece, Broken)]
    assert broken
    assert TOLD[text] in broken[0].why


@given(TYPED)
@example("{{{{}}}}[[[]]]")
def test_no_text_gets_lost_between_the_pieces(text: str):
    assert "".join(piece.source for piece in pieces_of(text)) == text


@given(TYPED)
@example("**{{毕业生数}}**\n[[2012]]\ufdd0")
@example("1. 甲{{a}}\n\n    乙{{b}}\n> {{c}}")
def test_no_text_gets_lost_in_the_paragraphs(text: str):
    """All but the signs of Markdown and what no document takes, in its order; each mark is there as it was typed."""
    found = paragraphs_of(text)
    kept = [letter for letter in MARKDOWN.sub("", shown(found)) if letter.isprintable()]
    typed = [letter for letter in MARKDOWN.sub("", text) if letter.isprintable()]
    assert [letter for letter in kept if letter != "�"] == [letter for letter in typed if letter != "�"]
    if not text.replace("\n", "").isprintable():
        return  # what nobody can read has another sign in its place, in marks as well
    marks = [piece.source for piece in pieces_of(text) if isinstance(piece, NumberMark)]
    assert [s.piece.source for p in found for s in p.spans if isinstance(s.piece, NumberMark)] == marks


def shown(paragraphs: tuple[WrittenParagraph, ...]) -> str:
    return "".join(paragraph.source for paragraph in paragraphs)


def test_each_piece_knows_its_line_and_how_it_is_set():
    found = paragraphs_of("# 标题\n\n甲**乙{{毕业生数}}**\n丙[[2012]]\n\n1. 一\n2. 二\n", first_line=5)
    assert [(p.kind, p.number, p.source) for p in found] == [
        ("heading", None, "标题"),
        ("text", None, "甲乙{{毕业生数}}丙[[2012]]"),
        ("text", 1, "一"),
        ("text", 2, "二"),
    ]
    assert [(span.line, span.is_bold) for span in found[1].spans] == [
        (7, False),
        (7, True),
        (7, True),
        (8, False),
        (8, False),
    ]
