"""What LibreOffice writes twice when it saves a Word file."""

from typing import Any

Element = Any
"""An element of lxml."""


def drop_copies(body: Element) -> None:
    """LibreOffice writes a control of letters and digits as several, each with the whole text behind its own part, the
    first and the last with the whole text alone: only the first stays."""
    for first in body.iter("{*}sdt"):
        whole, together = _texts(first), [first]
        if len(whole) != 1 or control_of(first)[0]:
            continue
        while (at := together[-1].getnext()) is not None and _is_copy(at, first, whole[0]):
            together.append(at)
            if len(_texts(at)) == 1:
                break
        if len(together) > 2 and all(len(_texts(each)) == 2 for each in together[1:-1]):
            for copy in [text for each in together[1:] for text in each.iter("{*}t")]:
                copy.getparent().remove(copy)


def _is_copy(element: Element, first: Element, whole: str) -> bool:
    texts = _texts(element)
    return control_of(element) == control_of(first) and texts[-1:] == [whole] and len(texts) <= 2


def _texts(element: Element) -> list[str]:
    return [each.text or "" for each in element.iter("{*}t")]


def control_of(element: Element) -> tuple[str, str]:
    """Tag and title of a control."""
    tag, title = (value_of(element.find(f"{{*}}sdtPr/{{*}}{name}")) for name in ("tag", "alias"))
    return tag, title


def value_of(element: Element | None) -> str:
    if element is None:
        return ""
    return str(next((value for name, value in element.attrib.items() if str(name).endswith("}val")), ""))
