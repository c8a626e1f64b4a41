"""The manual of the page and its pictures say the same, and pictures stay small."""

import re

from sources.system.settings import PROJECT_ROOT
from tests.browser.pictures import PICTURES

MANUAL = PROJECT_ROOT / "docs" / "dagster.zh.md"
IMAGES = PROJECT_ROOT / "docs" / "images"
AT_MOST_BYTES = 150_000


def test_every_picture_of_the_manual_is_taken_by_a_test_and_is_small():
    shown = set(re.findall(r"\]\(images/(ui_\w+\.png)\)", MANUAL.read_text(encoding="utf-8")))
    assert shown == set(PICTURES)
    assert {name for name in shown if (IMAGES / name).stat().st_size > AT_MOST_BYTES} == set()


def test_the_manual_uses_the_words_that_its_pictures_show():
    text = MANUAL.read_text(encoding="utf-8")
    assert {word for words in PICTURES.values() for word in words if word not in text} == set()
