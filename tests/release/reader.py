"""A site as a reader without a browser finds it: pages, their anchors, links and text."""

from dataclasses import dataclass, field
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import duckdb

from sources.declarations.city import City
from tests.support.sample import PACK
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.figures.year_figures import load_figures
from warehouse.release.site.write_site import write_site

RELEASED_ON = date(2024, 1, 15)
VERSION = "2023.1"
FETCHING = ("src", "srcset", "data", "poster", "action", "formaction", "background", "manifest")


def build_site(connection: duckdb.DuckDBPyConnection, city: City, folder: Path) -> list[Path]:
    """The site of 2023 in `folder`, with one file beside it to download."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    download = folder.parent / "数据.csv"
    download.write_bytes(b"a,b\n")
    return write_site(
        connection, load_figures(connection, load_catalogue(PACK), 2023), city, folder, RELEASED_ON, VERSION, [download]
    )


@dataclass
class Link:
    href: str
    text: str = ""
    css_class: str = ""


@dataclass
class ReadPage:
    """`values`: the id of each entry of a source page → the value that it states; `written`: scripts in the page
    itself."""

    ids: list[str] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    tags: set[str] = field(default_factory=set)
    fetched: list[str] = field(default_factory=list)
    text: str = ""
    values: dict[str, str] = field(default_factory=dict)
    written: str = ""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = ReadPage()
        self.entry = ""
        self.open: Link | None = None
        self.strong = False
        self.script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.page.tags.add(tag)
        if "id" in given:
            self.page.ids.append(given["id"])
        if tag == "a":
            self.open = Link(given["href"], css_class=given.get("class", ""))
            self.page.links.append(self.open)
        if tag == "article":
            self.entry = given["id"]
        self.strong = tag == "strong"
        self.script = tag == "script"
        self.page.fetched += [given[name] for name in FETCHING if name in given]
        if tag == "link":
            self.page.fetched.append(given["href"])

    def handle_endtag(self, tag: str) -> None:
        self.strong = False
        self.script = False
        if tag == "a":
            self.open = None

    def handle_data(self, data: str) -> None:
        if self.script:
            self.page.written += data
            return
        self.page.text += data
        if self.open:
            self.open.text += data
        if self.strong and self.entry:
            self.page.values.setdefault(self.entry, data)


def read_page(path: Path) -> ReadPage:
    reader = _Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    return reader.page


def read_site(folder: Path) -> dict[Path, ReadPage]:
    return {path.resolve(): read_page(path) for path in sorted(folder.rglob("*.html"))}


def target(page: Path, href: str) -> tuple[Path, str]:
    """The file and the anchor that a link on a page leads to."""
    address, anchor = urldefrag(href)
    return ((page.parent / unquote(address)).resolve() if address else page), unquote(anchor)
