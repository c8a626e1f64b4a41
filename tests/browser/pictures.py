"""The pictures of docs/dagster.zh.md, each with the words on which the page's text relies.

The browser test takes a picture only while all of its words can be seen; a quick test holds the manual against the same
words (tests/docs/test_pictures.py). So a picture is stale when a word is, and not when a pixel is.
`NIANBAO_SCREENSHOTS=docs/images pytest -m 'browser or deep' tests/browser` takes them anew.
"""

from pathlib import Path

from playwright.sync_api import Page, expect

PICTURES = {
    "ui_failed.png": ("Failure", "RUN_FAILURE", "另一个程序打开了工作数据库，请先关闭它"),
    "ui_release.png": ("make_release", "确认码", "Materialize"),
    "ui_year.png": ("报送情况", "Partitions", "概况", "下一步", "下载退回件"),
}
SIZE = {"width": 1280, "height": 720}
"""Small enough that a picture stays below 150 KB."""


def take(page: Page, name: str, folder: Path) -> None:
    """Takes a picture of the page, when all of its words can be seen on it."""
    page.set_viewport_size(SIZE)
    page.wait_for_timeout(1000)
    for word in PICTURES[name]:
        expect(page.get_by_text(word).filter(visible=True).first).to_be_visible(timeout=60_000)
    page.screenshot(path=folder / name)
