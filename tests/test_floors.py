"""Arrows point down only: the same contract that `lint-imports` checks, where it is installed."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "joulelab"
LIMITS = {"train.py": 60, "analyze.py": 60}


def layers():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = settings["tool"]["importlinter"]["contracts"]
    return [layer.replace("|", ":").split(":") for layer in contract["layers"]]


def floor_of():
    return {
        name.strip(): number for number, layer in enumerate(reversed(layers())) for name in layer
    }


def imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "joulelab":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("joulelab."):
            yield node.module.split(".")[1]
        elif isinstance(node, ast.Import):
            names = (alias.name.split(".") for alias in node.names)
            yield from (name[1] for name in names if name[0] == "joulelab" and len(name) > 1)


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: p.stem)
def test_imports_never_point_up(path):
    floors = floor_of()
    room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if room == "__init__":
        return
    above = [name for name in imports(path) if floors[name] > floors[room]]
    assert above == []


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
