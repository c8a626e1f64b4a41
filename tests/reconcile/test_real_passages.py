"""Figures that others have published, in sentences of ours: what a careful reader makes of each was judged by hand.

Sources: the national bulletins on education (2018, 2019, 2021), Qinghai's plan for vocational education (2009), a study
of secondary vocational education with figures of 2012 to 2016. Facts only; no sentence is theirs.
"""

from pathlib import Path
from typing import NamedTuple

import pytest

from sources.declarations.city import City
from tests.reconcile.test_commented_word import THREE_SCHOOLS
from tests.support.sample import PACK
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.reconcile.reconcile import reconcile_file


def called(name: str) -> City:
    return THREE_SCHOOLS.model_copy(update={"name": name})


class Passage(NamedTuple):
    city: str
    year: int
    text: str
    own: dict[str, tuple[str, int]]
    """Printed number → the indicator that a reader takes it for, and its year; nothing else is the place's own."""
    open: frozenset[str] = frozenset()
    """Numbers of which the words leave open what they are."""


PASSAGES = [
    Passage(
        "青海省", 2008,
        "2008年，全省中等职业教育共招生33560人，在校生67917人，比2004年分别多24015人和45108人；招生占高中阶段教育招生的"
        "46.36%，在校生占38.58%，2004年这两项是21.5%和19.85%。中等职业学校由2002年的54所调整为43所。",
        {"43所": ("schools", 2008)},
        frozenset({"33560人", "67917人", "46.36%", "38.58%", "21.5%", "19.85%"}),
    ),
    Passage(
        "三校市", 2021,
        "2021年全国有幼儿园29.48万所，比上年增加3117所，增长1.07%，其中普惠性幼儿园24.47万所，占83.00%。"
        "在园幼儿4805.21万人，减少13.06万人。",
        {},
    ),
    Passage(
        "三校市", 2019,
        "2019年，全国各级各类学校53.01万所，比上年增加1.13万所，增长2.17%；专任教师1732.03万人，比上年增加59.18万人，"
        "增长3.54%。",
        {},
    ),
    Passage(
        "三校市", 2018,
        "除九年义务教育巩固率94.2%之外，2018年全国另有各级各类学历教育在校生2.76亿人，增加539.40万人。",
        {},
    ),
    Passage(
        "三校市", 2016,
        "2012年我国中等职业教育毕业生674.6万人，为历史最多；2016年约533.6万人，比2012年少20.9%左右。",
        {},
    ),
    Passage(
        "三校市", 2013,
        "2013年，全国中职毕业生升学比例为14.57%，比2012年提高2.97个百分点；进入企事业单位就业的340.24万人，占毕业生的"
        "71.45%；个体经营66.59万人，占13.68%；对口就业率76.01%。",
        {},
    ),
]  # fmt: skip


@pytest.mark.parametrize("passage", PASSAGES, ids=lambda passage: f"{passage.city}{passage.year}")
def test_a_published_passage_is_read_as_by_hand(passage: Passage, tmp_path: Path):
    path = tmp_path / "passage.txt"
    path.write_text(passage.text, encoding="utf-8")
    rows = reconcile_file(None, called(passage.city), load_catalogue(PACK), path, passage.year).frame.to_dicts()
    assert {row["printed"]: (row["indicator_code"], row["figure_year"]) for row in rows if row["indicator_code"]} == (
        passage.own
    )
    assert {row["printed"] for row in rows if row["verdict"] == "not_matched"} == passage.open
    assert not any(row["is_suspected"] or row["broken_relations"] for row in rows)
    others = [row for row in rows if row["verdict"] == "other_kind"]
    assert len(others) + len(passage.own) + len(passage.open) == len(rows)
    assert all(row["explanation"] for row in others)
