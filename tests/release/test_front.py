"""What is opened first in a release: one page, a feed, a description for catalogues; nothing in them is made up."""

import io
import json
import re
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from lxml import etree, html

from sources.declarations.publication import UNDECLARED, PublicationTerms
from sources.system.atom_feed import ATOM, FeedEntry, atom_feed
from tests.release.conftest import RELEASED_ON
from tests.support.hostile_texts import HOSTILE
from warehouse.release.front.write_front import CATALOGUE_ENTRY, FEED, EarlierVersion, write_front
from warehouse.release.imprint import FIRST_PAGE, Imprint, imprint_of
from warehouse.release.proofread.proofread import strays
from warehouse.release.revisions import HEADINGS

BEFORE = [EarlierVersion("2023.1", date(2024, 1, 15))]
DECLARED = PublicationTerms(
    licence="注明出处即可使用", licence_url="https://example.org/l", contact="职教科", address="https://example.org/n/"
)
CORRECTED = pl.DataFrame(
    [("2023", "甲校", "专任教师数", "本校", "3", "3", "4", "甲校重新报送")],
    schema=dict.fromkeys(HEADINGS, pl.String),
    orient="row",
)


def imprint_with(figures, publication: PublicationTerms) -> Imprint:
    return imprint_of(figures, publication, RELEASED_ON, "2023.2")


def front(folder: Path, imprint: Imprint, corrections: pl.DataFrame | None = CORRECTED) -> dict[str, bytes]:
    files = [folder / name for name in ("年报（2023年度）.pdf", "年报（2023年度）汇总表.xlsx", "修订表.csv")]
    for file in files:
        file.write_bytes(b"x")
    return {path.name: path.read_bytes() for path in write_front(folder, imprint, files, BEFORE, corrections)}


def test_one_page_says_what_is_here_for_whom_how_to_cite_and_what_was_corrected(made, tmp_path):
    written = front(tmp_path, imprint_with(made.figures, DECLARED))
    page = html.document_fromstring(written[FIRST_PAGE].decode())
    text = page.text_content()
    for said in ("钦州市教育局", "2023.2", "注明出处即可使用", "职教科", "甲校重新报送", "读报告、打印", "[DS/OL]"):
        assert said in text, said
    links = [link.get("href") for link in page.iter("a")]
    assert "site/index.html" in links
    assert "site/figures.html" in links
    assert [link for link in links if link.startswith("..")] == ["../2023.1/"]
    for made_up in (*tmp_path.glob("*.pdf"), *tmp_path.glob("*.xlsx")):
        made_up.unlink()
    assert strays(tmp_path, frozenset(), "") == []
    assert page.get("lang") == "zh-CN"
    assert [each for each in page.iter("script") if each.get("type") != "application/ld+json"] == []


def test_a_catalogue_finds_title_licence_files_and_address_and_no_licence_where_none_is_declared(made, tmp_path):
    written = front(tmp_path, imprint_with(made.figures, DECLARED))
    page = html.document_fromstring(written[FIRST_PAGE].decode())
    (block,) = page.xpath("//script[@type='application/ld+json']/text()")
    about = json.loads(block)
    assert about == json.loads(written[CATALOGUE_ENTRY])
    assert about["@type"] == ["Dataset", "dcat:Dataset"]
    assert (about["license"], about["version"], about["temporalCoverage"]) == (
        "https://example.org/l",
        "2023.2",
        "2023",
    )
    assert {each["name"] for each in about["distribution"]} == {p.name for p in tmp_path.iterdir()} - set(written)
    assert all(each["contentUrl"].startswith("https://example.org/n/2023.2/") for each in about["distribution"])
    bare = front(tmp_path, imprint_with(made.figures, PublicationTerms()))
    assert not {"license", "dcat:contactPoint", "url"} & json.loads(bare[CATALOGUE_ENTRY]).keys()
    assert UNDECLARED in bare[FIRST_PAGE].decode()
    assert UNDECLARED not in bare[CATALOGUE_ENTRY].decode()


def test_the_feed_has_every_version_newest_first_under_ids_that_stay(made, tmp_path):
    feed = etree.fromstring(front(tmp_path, imprint_with(made.figures, DECLARED))[FEED])
    entries = feed.findall(f"{{{ATOM}}}entry")
    assert [re.search(r"版本 ([\d.]+)", each.findtext(f"{{{ATOM}}}title"))[1] for each in entries] == [
        "2023.2",
        "2023.1",
    ]
    assert feed.findtext(f"{{{ATOM}}}updated") == f"{RELEASED_ON.isoformat()}T00:00:00Z"
    assert "1 个" in entries[0].findtext(f"{{{ATOM}}}summary")
    ids = [each.findtext(f"{{{ATOM}}}id") for each in (feed, *entries)]
    assert len(set(ids)) == 3
    assert all(each.startswith("urn:uuid:") for each in ids)
    other = etree.fromstring(front(tmp_path, imprint_with(made.figures, PublicationTerms()), None)[FEED])
    assert [each.text for each in other.iter(f"{{{ATOM}}}id")] == ids
    assert [each.get("href")[:3] for each in other.iter(f"{{{ATOM}}}link")] == ["../"] * 3


def test_the_same_release_gives_the_same_bytes(made, tmp_path):
    imprint = imprint_with(made.figures, DECLARED)
    assert front(tmp_path, imprint) == front(tmp_path, imprint)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:30]))
def test_hostile_texts_stay_texts_in_page_description_and_feed(text, tmp_path):
    imprint = Imprint("1", text, 2023, "2023.2", RELEASED_ON, text, text, None, text, None, text)
    corrections = pl.DataFrame([(text,) * len(HEADINGS)], schema=dict.fromkeys(HEADINGS, pl.String), orient="row")
    written = front(tmp_path, imprint, corrections)
    plain = front(tmp_path, Imprint("1", "一", 2023, "2023.2", RELEASED_ON, "一", "一", None, "一", None, "一"))

    def shape(page: bytes) -> list[tuple[str, tuple[str, ...]]]:
        return [(str(each.tag), tuple(each.keys())) for each in html.document_fromstring(page.decode()).iter()]

    assert shape(written[FIRST_PAGE]) == shape(plain[FIRST_PAGE])
    assert json.loads(written[CATALOGUE_ENTRY]).keys() == json.loads(plain[CATALOGUE_ENTRY]).keys()
    assert [each.tag for each in etree.fromstring(written[FEED]).iter()] == [
        each.tag for each in etree.fromstring(plain[FEED]).iter()
    ]
    entry = FeedEntry(text, text, text, RELEASED_ON, text)
    read = etree.parse(io.BytesIO(atom_feed(text, text, text, text, [entry])))
    assert len(list(read.iter(f"{{{ATOM}}}entry"))) == 1
