"""HTML pages come from templates of one kind: every value is escaped, legible, and not too long to be shown.

So is what scripts of a page read: JSON in a file that is a script itself, since a page that lies on a disk may read
nothing else.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from sources.system.plain_text import cut_short, legible

Templates = Environment
SHOWN_ON_A_PAGE = 2_000


def html_templates(folder: Path) -> Templates:
    """The templates (*.html.j2) of a folder."""
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def drawn(svg: str) -> Markup:
    """A picture that the program itself has drawn, as a part of a page."""
    return Markup(svg)  # drawn by us  # nosec B704


def script_data(name: str, value: object) -> str:
    """A script that puts `value` (texts, numbers, None, sequences and mappings of them) under `name`.

    Nothing in a text ends the script or a line of it; what a script does with a text is for the script to answer.
    """
    written = _harmless_json({"name": name, "value": value})
    put = "window.nianbao=window.nianbao||{data:{}};(function(d){window.nianbao.data[d.name]=d.value})"
    return f"{put}({written});\n"


def data_block(value: object) -> Markup:
    """JSON for an element of a page that holds data and is no script (application/ld+json); no text ends it."""
    return Markup(_harmless_json(value))  # made harmless  # nosec B704


def _harmless_json(value: object) -> str:
    written = json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        written = written.replace(sign, f"\\u{ord(sign):04x}")
    return written


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return _shown(value)


def _shown(value: Any) -> Any:
    """What a template prints of a value; parts of the page itself stay as they are."""
    return (
        cut_short(legible(value), SHOWN_ON_A_PAGE)
        if isinstance(value, str) and not isinstance(value, Markup)
        else value
    )
