"""The package's modules stand on floors: no circles, and no import from below in CONTRIBUTING's table."""

import ast
import re
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "python" / "logdex"
_ROW = re.compile(r"^\| `(logdex/[\w./]+)` \|", re.MULTILINE)


def floors() -> list[str]:
    """The rooms in the order of the table: `logdex.inputs` for `logdex/inputs/`, `logdex.many` for `logdex/many.py`."""
    rows = _ROW.findall((ROOT / "CONTRIBUTING.md").read_text())
    return [name_of(ROOT / "python" / row) for row in rows]


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT / "python").with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules() -> dict[str, Path]:
    return {name_of(path): path for path in PACKAGE.rglob("*.py")}


def imported(path: Path, known: dict[str, Path]) -> Iterator[str]:
    """The modules of the package that a module imports: at its head, in a function, for a type checker only."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "logdex":
            assert node.module is not None
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                if full in known:
                    yield full
                elif alias.name != "_core" and node.module in known:
                    yield node.module


def graph() -> dict[str, set[str]]:
    known = modules()
    return {name: set(imported(path, known)) - {name} for name, path in known.items()}


def room_of(module: str, rooms: Iterable[str]) -> str:
    """The row of the table that speaks of a module: its own, or else that of the innermost of its folders."""
    parts = module.split(".")
    folders = (".".join(parts[:depth]) for depth in range(len(parts), 1, -1))
    return next((folder for folder in folders if folder in rooms), module)


def test_there_is_no_circle_of_modules() -> None:
    try:
        order = list(TopologicalSorter(graph()).static_order())
    except CycleError as circle:
        pytest.fail(" imports ".join(reversed(circle.args[1])))
    assert len(order) == len(modules())


def test_no_room_imports_one_below_it() -> None:
    floor = {room: number for number, room in enumerate(floors())}
    assert set(floor) == {room_of(module, floor) for module in modules()}, (
        "CONTRIBUTING's table and the package"
    )
    wrong = [
        f"{module} imports {other}"
        for module, others in graph().items()
        for other in sorted(others)
        if floor[room_of(other, floor)] > floor[room_of(module, floor)]
    ]
    assert not wrong, "\n".join(wrong)


def test_the_top_is_small() -> None:
    assert len(list(PACKAGE.glob("*.py"))) <= 18


def test_no_two_classes_share_a_name() -> None:
    places: dict[str, list[str]] = {}
    for module, path in modules().items():
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, []).append(module)
    assert len(places) > 100, "does this test still read them?"
    assert {name: there for name, there in places.items() if len(there) > 1} == {}
