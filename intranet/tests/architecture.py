"""The drawing of the floors and rooms, made from the real imports.

`python -m intranet.tests.architecture` writes it into docs/architecture.md.
"""

import ast
import re
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "architecture.md"
BLOCK = re.compile(r"(<!-- rooms -->\n).*?(<!-- end -->)", re.DOTALL)
FLOORS = {
    "documents": ["documents.admin", "documents"],
    "staff": ["staff.admin", "staff.exchange", "staff"],
    "intranet": [
        "intranet.admin",
        "intranet.tables",
        "intranet.files",
        "intranet.tasks",
        "intranet.access",
        "intranet.outbox",
        "intranet.trace",
    ],
}
ASIDE = {
    "tests",
    "migrations",
    "management",
    "comparison",
    "bench",
}  # commands stand above all rooms


def imports() -> Iterator[tuple[str, str]]:
    """Yield (module, what it imports) for all code of the product, function bodies included."""
    for floor in FLOORS:
        for path in sorted((ROOT / floor).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            if ASIDE.isdisjoint(parts):
                package = parts[:-1]
                module = ".".join(package if parts[-1] == "__init__" else parts)
                for name in _names(ast.parse(path.read_text()), package):
                    yield module, name


def _names(tree: ast.AST, package: tuple[str, ...]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) + 1 - node.level] if node.level else ()
            base = ".".join([*start, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def room_of(module: str) -> str | None:
    """Return the room of a module; None in the hall of the first floor and outside the house."""
    rooms = [room for floor in FLOORS.values() for room in floor]
    inside = [room for room in rooms if f"{module}.".startswith(f"{room}.")]
    return max(inside, key=len, default=None)


def uses() -> dict[str, set[str]]:
    """Return which other rooms each room imports from."""
    found: dict[str, set[str]] = {room: set() for floor in FLOORS.values() for room in floor}
    for module, name in imports():
        user, used = room_of(module), room_of(name)
        if user and used and user != used:
            found[user].add(used)
    return found


def drawing() -> str:
    """Return the rooms in Mermaid; an arrow that follows from the others is left out."""
    used = uses()
    reach: dict[str, set[str]] = {}
    for room in TopologicalSorter(used).static_order():
        reach[room] = used[room].union(*(reach[below] for below in used[room]))
    lines = ["```mermaid", "flowchart TD"]
    for floor, rooms in FLOORS.items():
        lines.append(f'    subgraph {floor}_floor["{floor}"]')
        lines += [f'        {_id(room)}["{room}"]' for room in rooms]
        lines.append("    end")
    for room, below in used.items():
        direct = below.difference(*(reach[other] for other in below))
        lines += [f"    {_id(room)} --> {_id(other)}" for other in sorted(direct)]
    return "\n".join([*lines, "```"])


def _id(room: str) -> str:
    return room.replace(".", "_")


if __name__ == "__main__":
    PAGE.write_text(BLOCK.sub(lambda match: f"{match[1]}{drawing()}\n{match[2]}", PAGE.read_text()))
    sys.stdout.write(f"{PAGE.name} is up to date.\n")
