"""Arrows point down only: the same contracts that `lint-imports` checks, where it is installed."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "joulelab"
LIMITS = {"train.py": 60, "analyze.py": 60}


def floor_of(container):
    """Number of its layer, upwards, for each module or package right below `container`."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    (layers,) = [each["layers"] for each in contracts if each["containers"] == [container]]
    return {
        name.strip(): number
        for number, layer in enumerate(reversed(layers))
        for name in layer.replace("|", ":").split(":")
    }


def imports(path, container="joulelab"):
    """What it imports, named as it lies right below `container`."""
    start = container + "."
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == container:
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(start):
            yield node.module.removeprefix(start).split(".")[0]
        elif isinstance(node, ast.Import):
            names = (alias.name for alias in node.names if alias.name.startswith(start))
            yield from (name.removeprefix(start).split(".")[0] for name in names)


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: p.stem)
def test_imports_never_point_up(path):
    floors = floor_of("joulelab")
    room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if room == "__init__":
        return
    above = [name for name in imports(path) if floors[name] > floors[room]]
    assert above == []


@pytest.mark.parametrize("room", floor_of("joulelab.meters"))
def test_rooms_of_meters_never_point_up(room):
    floors = floor_of("joulelab.meters")
    above = {
        (path.name, name)
        for path in (PACKAGE / "meters" / room).rglob("*.py")
        for name in imports(path, "joulelab.meters")
        if name != room and floors.get(name, -1) >= floors[room]
    }
    assert above == set()


def test_rooms_of_floor_1_do_not_import_each_other():
    rooms = {"meters", "hardware", "data", "models", "stats"}
    found = {
        (room, name)
        for room in rooms
        for path in (PACKAGE / room).rglob("*.py")
        for name in imports(path)
        if name in rooms - {room}
    }
    assert found == set()


@pytest.mark.parametrize(("name", "limit"), LIMITS.items())
def test_entry_scripts_stay_short(name, limit):
    assert len((ROOT / name).read_text(encoding="utf-8").splitlines()) <= limit
