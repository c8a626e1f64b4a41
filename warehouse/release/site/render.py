"""Pages to files: the same database, release date and version always give the same bytes."""

import hashlib
import os
import shutil
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import duckdb
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from sources.declarations.city import City
from sources.submission.finding import SEVERITY_LABELS
from warehouse import labels
from warehouse.generate import TIME_BASES
from warehouse.release.site.charts import Chart, draw
from warehouse.release.site.facts import load_site_facts
from warehouse.release.site.pages import Page, make_pages, references
from warehouse.release.site.sources import source_pages, source_path
from warehouse.trace import Lineage

TEMPLATES = Path(__file__).parent / "templates"
STYLE = Path(__file__).parent / "style.css"


def write_site(
    connection: duckdb.DuckDBPyConnection,
    city: City,
    report_year: int,
    folder: Path,
    released_on: date,
    version: str,
    downloads: Sequence[Path] = (),
) -> list[Path]:
    """The site of a report year in a new folder; the files written, in order.

    `downloads` are files of the same release, in `folder` or beside it, that the site links to.

    Raises LookupError when the database does not hold the year, FileExistsError when the folder holds anything
    but downloads, ValueError for a download elsewhere.
    """
    pages_of_downloads = downloads_page(downloads, folder)
    if folder.exists() and (folder / "index.html").exists():
        raise FileExistsError(f"文件夹里已有一个站点：{folder}")
    facts = load_site_facts(connection, city.calendar.timezone, report_year)
    pages = [*make_pages(facts), pages_of_downloads]
    wanted = {reference for page in pages for reference in references(page.content)}
    pages += source_pages(facts, Lineage(connection), wanted)
    environment = _environment()
    environment.globals |= {
        "city": facts.figures.city_name,
        "report_year": report_year,
        "released_on": released_on.isoformat(),
        "version": version,
        "years": facts.years,
        "all_chapters": facts.chapters,
    }
    written = [_write(folder / page.path, rendered(environment, page)) for page in pages]
    shutil.copyfile(STYLE, folder / STYLE.name)
    return sorted([*written, folder / STYLE.name])


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals |= {
        "labels": labels,
        "severities": SEVERITY_LABELS,
        "time_bases": TIME_BASES,
        "source_path": source_path,
        "draw": _drawn,
    }
    return environment


def _drawn(chart: Chart, name: str) -> Markup:
    return Markup(draw(chart, name))


def rendered(environment: Environment, page: Page) -> str:
    root = "../" * page.path.count("/")
    return environment.get_template(f"{page.template}.html.j2").render(page=page, root=root, **page.content)


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
    return path


def downloads_page(downloads: Sequence[Path], folder: Path) -> Page:
    """The given files with their size and SHA-256.

    Raises ValueError for a file that is not in the site's folder or beside it.
    """
    files = []
    for path in sorted(downloads, key=lambda each: each.name):
        if not path.resolve().is_relative_to(folder.resolve().parent):
            raise ValueError(f"下载文件不在站点文件夹旁边：{path}")
        content = path.read_bytes()
        files.append(
            {
                "name": path.name,
                "kind": labels.DOWNLOADS.get(path.suffix, "文件"),
                "href": Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix(),
                "size": _size(len(content)),
                "sha256": hashlib.sha256(content).hexdigest(),
            }
        )
    return Page("downloads.html", "downloads", "下载", {"files": files})


def _size(size_bytes: int) -> str:
    if size_bytes < 1024:
        return f"{size_bytes} 字节"
    kilobytes = size_bytes / 1024
    return f"{kilobytes:.1f} KB" if kilobytes < 1024 else f"{kilobytes / 1024:.1f} MB"
