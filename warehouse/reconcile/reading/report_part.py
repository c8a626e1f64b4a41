"""What a reader of any kind of file hands on: the file's texts and tables in the order in which one reads them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReportPart:
    """A paragraph or line, or the rows of a table."""

    content: str | list[list[str]]
    place: str = ""
    """Where it stands in the file, in words; "" where the kind of file has no pages."""
    is_running: bool = False
    """It is a head, a foot or a number of the page, and no text of the report."""
    is_of_contents: bool = False
    """It names a heading that stands elsewhere, and its page."""
    number: str = ""
    """Of a heading: the number that the file gives it, where its text has none."""
