"""A release as catalogues of data read it: schema.org Dataset and DCAT in one JSON-LD."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sources.declarations.publication import UNDECLARED
from warehouse.release.imprint import FIRST_PAGE, Imprint

MEDIA_TYPES = {
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".html": "text/html",
    ".pdf": "application/pdf",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".zip": "application/zip",
}
CONTEXT = {"@vocab": "https://schema.org/", "dcat": "http://www.w3.org/ns/dcat#", "dct": "http://purl.org/dc/terms/"}


@dataclass(frozen=True, slots=True)
class Offered:
    """A file of a release for people: its name, what it is, for whom, its suffix, bytes and SHA-256."""

    name: str
    what: str
    whom: str
    suffix: str
    size: int
    sha256: str


def described(imprint: Imprint, offered: Sequence[Offered]) -> dict[str, Any]:
    """The description. What the city does not declare has no key: a catalogue must not take 未声明 for a licence."""
    day = imprint.released_on.isoformat()
    organization = {"@type": ["Organization", "dcat:Agent"], "name": imprint.publisher}
    said: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": ["Dataset", "dcat:Dataset"],
        "name": imprint.title,
        "dct:title": imprint.title,
        "description": f"{imprint.title}的数据和文档。{imprint.origin_note}",
        "identifier": f"{imprint.city_code}-{imprint.version}",
        "version": imprint.version,
        "inLanguage": "zh-CN",
        "datePublished": day,
        "dct:issued": day,
        "temporalCoverage": str(imprint.report_year),
        "spatialCoverage": {"@type": "Place", "name": imprint.city_name, "identifier": imprint.city_code},
        "publisher": organization,
        "creator": organization,
        "dct:publisher": organization,
        "creditText": imprint.citation,
        "distribution": [_distribution(imprint, each) for each in offered],
    }
    if imprint.licence != UNDECLARED:
        said["license"] = said["dct:license"] = imprint.licence_url or imprint.licence
    if imprint.contact != UNDECLARED:
        said["dcat:contactPoint"] = {"@type": "ContactPoint", "name": imprint.contact}
    if imprint.address:
        said["url"] = said["dcat:landingPage"] = imprint.address_of(FIRST_PAGE)
    return said


def _distribution(imprint: Imprint, offered: Offered) -> dict[str, Any]:
    media_type = MEDIA_TYPES.get(offered.suffix, "application/octet-stream")
    where = {"contentUrl": imprint.address_of(offered.name)} if imprint.address else {}
    return {
        "@type": ["DataDownload", "dcat:Distribution"],
        "name": offered.name,
        "description": offered.what,
        "encodingFormat": media_type,
        "dcat:mediaType": media_type,
        "dcat:byteSize": offered.size,
        "sha256": offered.sha256,
    } | where
