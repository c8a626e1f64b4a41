"""The package (OPC) of a workbook: which of its parts are the workbook, its sheets, its shared texts.

Programs name and address parts in many ways: other names for workbook.xml, letters in either case, `\\`, `./` and
`../` in targets. Relations say what is what; a reader gets the parts packed anew under the usual names.
"""

import posixpath
import zipfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from xml.sax.saxutils import quoteattr

from sources.read.sheet_xml import RefusedError, elements

ROOT_RELATIONS = "_rels/.rels"
USUAL = {"officeDocument": "xl/workbook.xml", "core-properties": "docprops/core.xml"}
"""Where these parts lie when no relation says so; names of parts are compared without regard to case."""
CONTENT_TYPES = (
    b'<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    b'<Default Extension="xml" ContentType="application/xml"/></Types>'
)
RELATIONSHIPS = "http://schemas.openxmlformats.org/package/2006/relationships"


@dataclass(frozen=True)
class PartRelation:
    """A relation of a part: its id, the last word of its type, and the part that it leads to."""

    id: str
    kind: str
    part: str


@dataclass(frozen=True)
class SheetPart:
    """The part of a sheet, and the relation by which the workbook names it."""

    relation: PartRelation
    xml: bytes


@dataclass
class Package:
    """The parts of a workbook that are read; `sheets` by title, in order."""

    workbook: bytes
    strings: bytes | None = None
    styles: bytes | None = None
    properties: bytes | None = None
    sheets: dict[str, SheetPart] = field(default_factory=dict)


def is_workbook(names: Collection[str]) -> bool:
    """Whether an archive's entries look like those of a workbook."""
    folded = {name.casefold() for name in names}
    return USUAL["officeDocument"] in folded or (
        ROOT_RELATIONS in folded and any(name.startswith("xl/") for name in folded)
    )


def open_package(parts: Mapping[str, bytes]) -> Package:
    """The workbook among the parts.

    Raises RefusedError for a sheet without a part, two sheets of one title, and where no workbook is found.
    """
    by_name = {name.casefold(): part for name, part in parts.items()}
    of_root = {relation.kind: relation.part for relation in _relations(by_name, "")}
    main = of_root.get("officeDocument", USUAL["officeDocument"])
    if main not in by_name:
        raise RefusedError("file.not_a_workbook", "压缩包或其他文档")
    relations = list(_relations(by_name, main))
    of_book = {relation.kind: by_name.get(relation.part) for relation in relations}
    folder = posixpath.dirname(main)
    package = Package(
        by_name[main],
        of_book.get("sharedStrings") or by_name.get(f"{folder}/sharedstrings.xml"),
        of_book.get("styles") or by_name.get(f"{folder}/styles.xml"),
        by_name.get(of_root.get("core-properties", USUAL["core-properties"])),
    )
    by_id = {relation.id: relation for relation in relations}
    for name, attributes in elements(package.workbook):
        if name == "sheet":
            title, of_sheet = attributes.get("name", ""), by_id.get(attributes.get("id", ""))
            if of_sheet is None or of_sheet.part not in by_name or title in package.sheets:
                raise RefusedError("file.damaged")
            package.sheets[title] = SheetPart(of_sheet, by_name[of_sheet.part])
    return package


def pack(package: Package) -> bytes:
    """The package with its parts under their usual names, and nothing else in it."""
    relations = []
    parts = {"xl/workbook.xml": package.workbook}
    for number, sheet in enumerate(package.sheets.values(), 1):
        target = f"{sheet.relation.kind}s/sheet{number}.xml"
        parts[f"xl/{target}"] = sheet.xml
        relations.append(PartRelation(sheet.relation.id, sheet.relation.kind, target))
    for kind, file, part in (
        ("sharedStrings", "sharedStrings.xml", package.strings),
        ("styles", "styles.xml", package.styles),
    ):
        if part is not None:
            parts[f"xl/{file}"] = part
            relations.append(PartRelation(f"nianbao-{kind}", kind, file))
    parts["xl/_rels/workbook.xml.rels"] = _written(relations)
    parts[ROOT_RELATIONS] = _written([PartRelation("nianbao-book", "officeDocument", "xl/workbook.xml")])
    parts["[Content_Types].xml"] = CONTENT_TYPES
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _relations(by_name: Mapping[str, bytes], part: str) -> Iterator[PartRelation]:
    """The relations of a part (of the whole package: ''), with their targets as names of parts."""
    folder, name = posixpath.split(part)
    for element, attributes in elements(by_name.get(posixpath.join(folder, "_rels", f"{name}.rels"), b"<none/>")):
        if element == "Relationship" and attributes.get("TargetMode") != "External":
            kind = attributes.get("Type", "").rpartition("/")[2]
            yield PartRelation(attributes.get("Id", ""), kind, _resolved(attributes.get("Target", ""), folder))


def _resolved(target: str, folder: str) -> str:
    """The name of the part that a target leads to, seen from a folder."""
    path = target.replace("\\", "/").casefold()
    from_root = path.startswith("/") or (folder and path.startswith(f"{folder}/"))
    return posixpath.normpath(path if from_root else posixpath.join(folder, path)).lstrip("/")


def _written(relations: list[PartRelation]) -> bytes:
    lines = "".join(
        f"<Relationship Id={quoteattr(each.id)} Target={quoteattr(each.part)}"
        f' Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{each.kind}"/>'
        for each in relations
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="{RELATIONSHIPS}">{lines}</Relationships>'.encode()
    )
