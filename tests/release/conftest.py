"""The documents of the sample city's last report year, made once for the tests of a process."""

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from pathlib import Path
from types import ModuleType

import docx
import duckdb
import pytest

from sources.declarations.city import City, load_city
from sources.system.settings import Settings
from tests.conftest import run_all
from tests.end_to_end import test_another_city as three
from tests.end_to_end import test_province as province
from tests.support.sample import PACK
from tests.support.small_books import pour
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.figures.year_figures import Figures, load_figures
from warehouse.release.documents.paper_charts import CHARTS
from warehouse.release.documents.report_draft import ReportDraft, template_of, write_draft
from warehouse.release.documents.vocabulary import Vocabulary
from warehouse.release.documents.write_documents import Documents, write_documents

TEMPLATE = template_of(PACK)
YEAR = 2023
RELEASED_ON = date(2024, 3, 1)
VERSION = "2023.1"


@dataclass(frozen=True)
class Made:
    documents: Documents
    figures: Figures

    def path(self, suffix: str) -> Path:
        return next(path for path in self.documents.paths if path.suffix == suffix)


@pytest.fixture(scope="session")
def database(city_run: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect(str(city_run.published_database), read_only=True)
    yield connection
    connection.close()


@pytest.fixture(scope="session")
def made(database, city: City, tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("documents")
    figures = load_figures(database, load_catalogue(PACK), YEAR, city.code)
    return Made(write_documents(figures, folder, RELEASED_ON, VERSION), figures)


def render(figures: Figures, template: Path = TEMPLATE) -> ReportDraft:
    """The text alone, without tables and charts."""
    vocabulary = Vocabulary(figures, RELEASED_ON, VERSION, frozenset(CHARTS))
    return write_draft(vocabulary, lambda _: None, lambda _: None, RELEASED_ON, template)


def template_with(tmp_path: Path, *paragraphs: str) -> Path:
    """The template with all its text replaced, as a clerk could do in Word."""
    document = docx.Document(str(TEMPLATE))
    for paragraph in document.paragraphs[6:]:
        if paragraph._p.find("{*}pPr/{*}sectPr") is None:
            paragraph._p.getparent().remove(paragraph._p)
    for text in paragraphs:
        style = "Heading 1" if text.startswith("# ") else "正文段落"
        document.add_paragraph(text.removeprefix("# "), style)
    path = tmp_path / "template.docx"
    document.save(str(path))
    return path


def texts(data: bytes) -> list[str]:
    """The paragraphs of a Word file in their order, those of tables included."""
    return [
        "".join(text.text or "" for text in paragraph.iter("{*}t"))
        for paragraph in docx.Document(BytesIO(data)).element.body.iter("{*}p")
    ]


def body(data: bytes) -> str:
    return "\n".join(texts(data))


def footnotes(data: bytes) -> str:
    return zipfile.ZipFile(BytesIO(data)).read("word/footnotes.xml").decode()


@pytest.fixture(scope="session")
def three_schools(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Another city after both its years: a school without graduates, and one that has sent nothing in the second."""
    return after_all_years(three, tmp_path_factory.mktemp("three_schools"))


@pytest.fixture(scope="session")
def small_province(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A province of two cities, one with two counties, after both its years."""
    return after_all_years(province, tmp_path_factory.mktemp("small_province"))


def after_all_years(world: ModuleType, home: Path) -> Settings:
    """An installation of the city, with the submissions and of the years that a module of tests has."""
    settings = Settings(home=home, city_dir=world.CITY_DIR)
    city = load_city(world.CITY_DIR)
    pour(settings, city, world.SUBMISSIONS)
    run_all(settings, city, world.YEARS)
    return settings
