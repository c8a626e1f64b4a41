"""The house as its imports draw it: rooms, floors, arrows; written into docs/architecture.md.

A *room* is a package one level below `sources/`, `warehouse/` or `orchestration/` (or a module that lies flat there),
an *arrow* is "some module of A imports one of B", and a *floor* stands above everything that it imports.
`python -m tests.lint.house` writes the drawing; `--check` compares it.
"""

import ast
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path

from sources.system.settings import PROJECT_ROOT

PACKAGES = ("sources", "warehouse", "orchestration")
PAGE = PROJECT_ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- drawn from the imports: `make generate` -->", "<!-- end of the drawing -->"
INNER = ("sources", "warehouse", "orchestration", "warehouse.release", "warehouse.reconcile")
"""Packages whose inside is drawn, beside the whole house."""
LONG, LONG_BECAUSE = 40, "# Long: "
ALLOWED_TWICE = frozenset({"__init__", "Migration"})
"""Names that may stand in two places: of modules, and what Django calls the class of each migration."""

Arrows = Mapping[str, frozenset[str]]
"""Room → the rooms that it imports from."""


@dataclass(frozen=True)
class Module:
    """One module of the house: its dotted name, the modules of the house that it imports, the classes it defines."""

    name: str
    path: Path
    docstring: str
    imports: frozenset[str]
    classes: tuple[str, ...]
    longest: tuple[str, int]
    """Its longest function and the number of its lines."""
    long_without_reason: tuple[str, ...]
    """Functions of more than LONG lines without a comment "Long: …" that says why."""
    lines: int


def modules(root: Path = PROJECT_ROOT) -> dict[str, Module]:
    """Every module of the three packages, by name."""
    paths = {_name(path.relative_to(root)): path for package in PACKAGES for path in (root / package).rglob("*.py")}
    return {name: _module(name, path, paths.keys()) for name, path in sorted(paths.items())}


def room_of(module: str, package: str | None = None) -> str:
    """The room of a module: of the whole house (`warehouse` opened), or of the inside of a package."""
    if package is None:
        parts = module.split(".")
        return ".".join(parts[:2]) if parts[0] == "warehouse" else parts[0]
    return ".".join(module.split(".")[: package.count(".") + 2])


def arrows(house: Mapping[str, Module], package: str | None = None) -> Arrows:
    """The arrows between rooms: of the whole house, or of the inside of a package (what lies outside left out)."""
    found: dict[str, set[str]] = defaultdict(set)
    inside = [m for m in house.values() if package is None or m.name.startswith(package + ".")]
    for module in inside:
        room = room_of(module.name, package)
        if room in PACKAGES and package is None and module.name in PACKAGES and room == "warehouse":
            continue
        found[room] |= set()
        for other in module.imports:
            if package is None or other.startswith(package + "."):
                found[room].add(room_of(other, package))
    return {room: frozenset(others - {room}) for room, others in sorted(found.items())}


def floors(drawn: Arrows) -> dict[str, int]:
    """Room → its floor, counted from 1. Raises ValueError when rooms stand in a circle."""
    placed: dict[str, int] = {}
    while len(placed) < len(drawn):
        ready = [room for room in drawn if room not in placed and drawn[room] <= placed.keys()]
        if not ready:
            raise ValueError(f"rooms in a circle: {sorted(drawn.keys() - placed.keys())}")
        placed |= {room: 1 + max((placed[other] for other in drawn[room]), default=0) for room in ready}
    return placed


def repeated_names(house: Mapping[str, Module]) -> set[str]:
    """Names that two modules, or two classes, have in common."""
    basenames = Counter(name.rpartition(".")[2] for name in house if not _is_package(name, house))
    classes = Counter(name for module in house.values() for name in module.classes if not name.startswith("_"))
    twice = {name for counts in (basenames, classes) for name, count in counts.items() if count > 1}
    return twice - ALLOWED_TWICE


def drawing() -> str:
    """The drawing as Markdown."""
    house = modules()
    whole = arrows(house)
    lines = [
        _sentence("The whole house", whole),
        "",
        *_table(whole),
        "",
        "```mermaid",
        "flowchart BT",
        *_mermaid(whole),
    ]
    lines += ["```", ""]
    for package in INNER:
        inside = arrows(house, package)
        lines += [_sentence(f"Inside `{package}`", inside), "", *_table(inside), ""]
    return "\n".join(lines)


def page_with(drawn: str, page: str) -> str:
    """The page with the drawing between its marks replaced."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{drawn}\n{END}{rest.partition(END)[2]}"


def _sentence(what: str, drawn: Arrows) -> str:
    count = sum(map(len, drawn.values()))
    return f"**{what}**: {len(drawn)} rooms on {max(floors(drawn).values())} floors, {count} arrows."


def _table(drawn: Arrows) -> Iterator[str]:
    placed = floors(drawn)
    yield "| floor | room | uses |"
    yield "| --- | --- | --- |"
    for room in sorted(drawn, key=lambda each: (-placed[each], each)):
        uses = ", ".join(_short(other) for other in sorted(drawn[room], key=lambda each: (-placed[each], each)))
        yield f"| {placed[room]} | {_short(room)} | {uses} |"


def _mermaid(drawn: Arrows) -> Iterator[str]:
    """Only arrows that do not follow from others: what is used through a room in between is left out."""
    placed = floors(drawn)
    for room, others in drawn.items():
        for other in sorted(others):
            through = {far for near in others for far in _below(near, drawn)}
            if other not in through and placed[other] < placed[room]:
                yield f"  {_short(other)} --> {_short(room)}"


def _below(room: str, drawn: Arrows) -> set[str]:
    return set(drawn[room]) | {far for other in drawn[room] for far in _below(other, drawn)}


def _short(room: str) -> str:
    return room.rpartition(".")[2]


def _name(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def _is_package(name: str, house: Mapping[str, Module]) -> bool:
    return any(other.startswith(name + ".") for other in house) or name.count(".") == 0


def _module(name: str, path: Path, names: Set[str]) -> Module:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                both = f"{node.module}.{alias.name}"
                imported.add(both if both in names else node.module)
        elif isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    lengths = [(f.name, (f.end_lineno or f.lineno) - f.lineno + 1) for f in functions]
    lines = text.split("\n")
    unexplained = [
        function.name
        for function in functions
        if (function.end_lineno or 0) - function.lineno + 1 > LONG
        and not any(LONG_BECAUSE in line for line in lines[function.lineno : function.end_lineno])
    ]
    return Module(
        name,
        path,
        ast.get_docstring(tree) or "",
        frozenset(imported & names - {name}),
        tuple(n.name for n in tree.body if isinstance(n, ast.ClassDef)),
        max(lengths, key=lambda pair: pair[1], default=("", 0)),
        tuple(unexplained),
        text.count("\n"),
    )


def main() -> None:
    """Writes the drawing; with `--check`, fails if it is not what stands there."""
    page = PAGE.read_text(encoding="utf-8")
    drawn = page_with(drawing(), page)
    if "--check" not in sys.argv:
        PAGE.write_text(drawn, encoding="utf-8")
    elif drawn != page:
        sys.exit(f"{PAGE.name} shows another house than the imports do: make generate")


if __name__ == "__main__":
    main()
