"""One document, page or chart that cannot be made stops only itself in a draft; a release is whole or is not."""

import pytest

from sources.declarations.city import City
from sources.system.settings import Settings
from tests.support.sample import PACK
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.release import draft, make_release
from warehouse.release.documents import write_documents
from warehouse.release.make_release import NotWholeError
from warehouse.release.manifest import releases_of
from warehouse.release.site import write_site
from warehouse.store.connection import open_published


def fail(*_: object, **__: object) -> None:
    raise KeyError("a fault of ours")


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> None:
    """One chart, the PDF and one page fail."""
    draw = write_documents.draw
    monkeypatch.setattr(write_documents, "draw", lambda name, *of: fail() if name == "获奖" else draw(name, *of))
    monkeypatch.setattr(write_documents, "write_pdf", fail)
    monkeypatch.setattr(write_site, "quality_page", fail)


@pytest.mark.deep
def test_a_draft_has_everything_else_and_says_what_it_has_not(fresh_copy: Settings, city: City, faults):
    before = fresh_copy.home / "documents" / "2023"
    before.mkdir(parents=True)
    (before / "上次.txt").write_text("")
    with open_published(fresh_copy) as connection:
        made = draft.write_draft(connection, fresh_copy, city, load_catalogue(PACK), 2023)
    told = "\n".join(made.failed)
    assert len(made.failed) == 3
    assert "获奖" in told
    assert ".pdf" in told
    assert "数据质量" in told
    assert "KeyError" in told
    assert {path.suffix for path in made.paths} == {".xlsx", ".docx", ".html"}
    assert all(path.exists() for path in made.paths)
    assert not (before / "上次.txt").exists()
    assert [path.name for path in before.parent.iterdir()] == ["2023"]


def test_a_draft_that_the_machine_stops_leaves_the_one_before(fresh_copy: Settings, city: City, monkeypatch):
    before = fresh_copy.home / "documents" / "2023"
    before.mkdir(parents=True)
    (before / "上次.txt").write_text("")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(write_documents, "write_workbook", full)
    with open_published(fresh_copy) as connection, pytest.raises(OSError, match="No space"):
        draft.write_draft(connection, fresh_copy, city, load_catalogue(PACK), 2023)
    assert (before / "上次.txt").exists()
    assert [path.name for path in before.parent.iterdir()] == ["2023"]


@pytest.mark.deep
def test_a_release_that_would_not_be_whole_is_not_made_and_all_that_failed_is_named(
    fresh_copy: Settings, city: City, faults, monkeypatch
):
    monkeypatch.setattr(make_release, "write_model_docs", lambda *_: fresh_copy.home / "data.html")
    monkeypatch.setattr(
        write_site, "downloads_page", lambda *_: write_site.Page("x.html", "downloads", "下载", {"files": []})
    )
    with open_published(fresh_copy) as connection:
        folder = fresh_copy.home / "releases" / "x"
        made_on, catalogue = fresh_copy.today, load_catalogue(PACK)
        with pytest.raises(NotWholeError) as refused:
            make_release.make(connection, catalogue, city, 2023, folder, made_on, "2023.1", [], {}, {})
    for part in ("获奖", ".pdf", "数据质量"):
        assert part in str(refused.value)
    assert releases_of(fresh_copy, 2023) == []
