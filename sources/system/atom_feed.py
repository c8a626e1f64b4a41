"""Atom feeds (RFC 4287): every text is a text, legible, and nothing in it is markup."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from lxml import etree

from sources.system.plain_text import cut_short, legible

ATOM = "http://www.w3.org/2005/Atom"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
LONGEST = 2_000


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One thing that came out: `name` identifies it for ever, `address` is where it stands (may be relative)."""

    name: str
    title: str
    summary: str
    day: date
    address: str


def atom_feed(name: str, title: str, author: str, address: str, entries: Sequence[FeedEntry]) -> bytes:
    """The feed of the entries, newest first; the same entries give the same bytes. At least one entry."""
    feed = etree.Element(f"{{{ATOM}}}feed", {LANG: "zh-CN"}, nsmap={None: ATOM})
    _say(feed, "id", _id(name))
    _say(feed, "title", title)
    _say(feed, "updated", _moment(max(entry.day for entry in entries)))
    etree.SubElement(feed, f"{{{ATOM}}}link", rel="self", href=legible(address))
    _say(etree.SubElement(feed, f"{{{ATOM}}}author"), "name", author)
    for entry in entries:
        element = etree.SubElement(feed, f"{{{ATOM}}}entry")
        _say(element, "id", _id(entry.name))
        _say(element, "title", entry.title)
        _say(element, "updated", _moment(entry.day))
        etree.SubElement(element, f"{{{ATOM}}}link", rel="alternate", type="text/html", href=legible(entry.address))
        _say(element, "summary", entry.summary)
    written: bytes = etree.tostring(feed, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return written


def _say(parent: etree._Element, name: str, text: str) -> None:
    etree.SubElement(parent, f"{{{ATOM}}}{name}").text = cut_short(legible(text), LONGEST)


def _id(name: str) -> str:
    """An id that needs no domain: a UUID of the name."""
    return uuid.uuid5(uuid.NAMESPACE_URL, legible(name)).urn


def _moment(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"
