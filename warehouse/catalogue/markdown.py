"""Generated pages in Markdown: the note at their head, and tables."""

from collections.abc import Iterable

from warehouse.catalogue.generated_models import NOTE


def table_lines(headings: Iterable[str], rows: Iterable[Iterable[object]]) -> list[str]:
    """The lines of a table, and a blank one."""
    heads = list(headings)
    body = ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in rows]
    return ["| " + " | ".join(heads) + " |", "|" + " --- |" * len(heads), *body, ""]


def page_text(title: str, lines: Iterable[str]) -> str:
    """A page that says at its head that nobody edits it."""
    return "\n".join([f"<!-- {NOTE} -->", "", f"# {title}", "", *lines]).rstrip() + "\n"
