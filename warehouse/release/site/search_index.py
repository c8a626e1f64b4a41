"""What the search of the site finds: a row a thing with its page, in the form that `script/search.js` reads."""

from collections.abc import Iterator, Set

from warehouse.release.site.page import has_school_pages
from warehouse.release.site.site_facts import SiteFacts
from warehouse.release.site.terms_page import LABELS, MEANS

DESCRIBED = 60
"""Characters of a description that a result shows."""
Entry = tuple[str, str, str, str, str]
"""Kind, title, what it is, address from the site's folder, further words to find it by."""


def search_index(facts: SiteFacts, paths: Set[str]) -> list[Entry]:
    """Everything that has a page among those at `paths`."""
    return [entry for entry in _entries(facts) if entry[3].partition("#")[0] in paths]


def _entries(facts: SiteFacts) -> Iterator[Entry]:
    for chapter in facts.chapters:
        yield "章", chapter.title, _short(chapter.description), f"chapters/{chapter.chapter}.html", ""
        for i in chapter.indicators:
            what = f"{i.unit} · {chapter.title}"
            yield "指标", i.label, what, f"indicators/{i.code}.html", f"{i.code} {i.definition}"
    for school in facts.schools:
        path = f"schools/{school['school_code']}.html" if has_school_pages(facts) else "schools/index.html"
        what = "，".join(filter(None, (school["category_label"], school["ownership_label"], school["region_name"])))
        yield (
            "学校",
            school["school_name"],
            what,
            path,
            " ".join((school["school_code"], *facts.told_of(school["school_code"]))),
        )
    for code, table in facts.figures.tables.items():
        yield "表", table.title, table.name, f"tables/{code}.html", " ".join(filter(None, table.headings))
    for code, meaning in MEANS.items():
        yield "术语", LABELS[code], _short(meaning), f"terms.html#word-{code}", ""
    for scope in facts.scopes.values():
        yield (
            "术语",
            scope["label"],
            _short(scope["description"] or ""),
            f"terms.html#scope-{scope['scope_code']}",
            "口径",
        )
    indicators = {indicator.label for indicator in facts.figures.catalogue.indicators.values()}
    for measure in facts.figures.catalogue.measures.values():
        if measure.label in indicators:
            continue
        yield "术语", measure.label, _short(measure.description), f"terms.html#{measure.code}", f"度量 {measure.code}"


def _short(text: str) -> str:
    return text if len(text) <= DESCRIBED else f"{text[:DESCRIBED]}…"
