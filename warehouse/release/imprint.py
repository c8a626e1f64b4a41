"""What a release says of itself: title, publisher, licence, contact, and the line by which it is cited."""

from dataclasses import dataclass
from datetime import date
from urllib.parse import quote

from sources.declarations.publication import UNDECLARED, PublicationTerms
from warehouse.figures.year_figures import Figures

FIRST_PAGE = "请先打开.html"
"""The page of a release that a person opens first."""


@dataclass(frozen=True, slots=True)
class Imprint:
    """Of one version; `licence` and `contact` are 未声明 where the city declares none, `address` is then None."""

    city_code: str
    city_name: str
    report_year: int
    version: str
    released_on: date
    publisher: str
    licence: str
    licence_url: str | None
    contact: str
    address: str | None
    origin_note: str
    signing_key: str | None = None
    """The public key by which the version says it is signed."""

    @property
    def title(self) -> str:
        return f"{self.city_name}中等职业教育质量年度报告（{self.report_year}年度）"

    @property
    def citation(self) -> str:
        """In the form of GB/T 7714: publisher, title, kind, version, day, address."""
        kind = "[DS/OL]" if self.address else "[DS]"
        where = f". {self.address_of(FIRST_PAGE)}" if self.address else ""
        return f"{self.publisher}. {self.title}{kind}. 版本 {self.version}. {self.released_on.isoformat()}{where}."

    def address_of(self, name: str, version: str = "") -> str:
        """Of a file of this version or another; relative to a version's folder when no address is declared."""
        return f"{self.address or '../'}{version or self.version}/{quote(name)}"


def imprint_of(figures: Figures, publication: PublicationTerms, released_on: date, version: str) -> Imprint:
    """The imprint of a version of the region's report; whoever reports on the region publishes it, unless declared."""
    return Imprint(
        figures.city_code,
        figures.city_name,
        figures.report_year,
        version,
        released_on,
        publication.publisher or figures.bureau_name,
        publication.licence or UNDECLARED,
        publication.licence_url,
        publication.contact or UNDECLARED,
        publication.address,
        figures.origin_note,
        publication.signing_key,
    )
