"""A workbook's parts under the names at which an editor looks for them, and all that names them written anew.

An editor that does not find a part at its usual place leaves its cells out without a word: a marked workbook would go
back to its school with empty sheets.
"""

import posixpath
from collections.abc import Collection, Mapping
from xml.sax.saxutils import quoteattr

from sources.read.package import (
    CONTENT_TYPES,
    OFFICE,
    RELATIONSHIPS,
    ROOT_RELATIONS,
    main_part,
    part_name,
    relations_of,
    resolved,
)
from sources.read.sheet_xml import MAIN, elements

TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"
BOOK, STRINGS = "xl/workbook.xml", "xl/sharedStrings.xml"
USUAL_NAMES = {
    "core-properties": "docProps/core.xml",
    "custom-properties": "docProps/custom.xml",
    "extended-properties": "docProps/app.xml",
    "sharedStrings": STRINGS,
    "styles": "xl/styles.xml",
    "theme": "xl/theme/theme1.xml",
}
"""By the kind of the relation that leads to them from the package or from the workbook."""
STRICT = {
    b"http://purl.oclc.org/ooxml/spreadsheetml/main": MAIN.encode(),
    b"http://purl.oclc.org/ooxml/officeDocument/relationships": OFFICE.encode(),
}
"""Name spaces of ISO 29500 strict, which few editors know, and those that stand for them."""


def usual_names(parts: Mapping[str, bytes], names: Collection[str]) -> dict[str, str]:
    """Every entry's name → its name for an editor. `parts`: those that are XML, by name; `names`: of all entries.

    Raises RefusedError where no workbook is among the parts.
    """
    by_name = {name.casefold(): part for name, part in parts.items()}
    of_root = list(relations_of(by_name, ""))
    main = main_part(by_name, next((each.part for each in of_root if each.kind == "officeDocument"), None))
    new = {each.part: USUAL_NAMES[each.kind] for each in of_root if each.kind in USUAL_NAMES}
    new |= {each.part: USUAL_NAMES[each.kind] for each in relations_of(by_name, main) if each.kind in USUAL_NAMES}
    new |= {main: BOOK, CONTENT_TYPES: "[Content_Types].xml", ROOT_RELATIONS: ROOT_RELATIONS}
    taken = {name.casefold() for name in new.values()}
    for name in names:
        if (folded := name.casefold()) not in new:
            new[folded] = f"unused/{name}" if folded in taken else name
    of_parts = {_relations_name(folded): _relations_name(name) for folded, name in new.items()}
    return {name: of_parts.get(name.casefold(), new[name.casefold()]) for name in names}


def with_usual_names(parts: Mapping[str, bytes], new: Mapping[str, str]) -> dict[str, bytes]:
    """The XML parts under their new names, relations and content types naming all entries from the root."""
    folded = {name.casefold(): as_new for name, as_new in new.items()}
    written = {}
    for name, part in parts.items():
        if name.casefold().endswith(".rels"):
            written[new[name]] = _relations(part, posixpath.dirname(posixpath.dirname(name)).casefold(), folded)
        elif name.casefold() != CONTENT_TYPES:
            for strict, usual in STRICT.items():
                part = part.replace(strict, usual)
            written[new[name]] = part
    types = next((part for name, part in parts.items() if name.casefold() == CONTENT_TYPES), b"<none/>")
    return written | {"[Content_Types].xml": _content_types(types, folded)}


def _relations_name(part: str) -> str:
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{name}.rels")


def _relations(xml: bytes, folder: str, new: Mapping[str, str]) -> bytes:
    """A part's relations; those that lead out of the package stay as they are."""
    lines = []
    for element, attributes in elements(xml, "部件之间的关系"):
        if element == "Relationship":
            target = attributes.get("Target", "")
            if attributes.get("TargetMode") != "External":
                part = resolved(target, folder, new)
                target = f"/{new.get(part, part)}"
            kind = attributes.get("Type", "").encode()
            for strict, usual in STRICT.items():
                kind = kind.replace(strict, usual)
            lines.append(_element("Relationship", {**attributes, "Target": target, "Type": kind.decode()}))
    return f'<Relationships xmlns="{RELATIONSHIPS}">{"".join(lines)}</Relationships>'.encode()


def _content_types(xml: bytes, new: Mapping[str, str]) -> bytes:
    """The content types, and of workbook and shared texts those by which an editor finds them."""
    found = elements(xml, "内容类型")
    defaults = [_element(name, attributes) for name, attributes in found if name == "Default"]
    named = {
        new.get(part, part): attributes.get("ContentType", "")
        for name, attributes in found
        if name == "Override" and (part := part_name(attributes.get("PartName", "")).casefold()) in new
    }
    for part, kind in ((BOOK, "sheet.main+xml"), (STRINGS, "sharedStrings+xml")):
        if part in new.values():
            named.setdefault(part, f"{SPREADSHEET}.{kind}")
    overrides = [_element("Override", {"PartName": f"/{part}", "ContentType": kind}) for part, kind in named.items()]
    return f'<Types xmlns="{TYPES}">{"".join(defaults + overrides)}</Types>'.encode()


def _element(name: str, attributes: Mapping[str, str]) -> str:
    return f"<{name} {' '.join(f'{key}={quoteattr(value)}' for key, value in attributes.items())}/>"
