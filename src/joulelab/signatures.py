"""Values of a configuration against the types that the constructors it names declare."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from joulelab.errors import ConfigError

WORDS: dict[Any, str] = {
    float: "a number",
    int: "a whole number",
    bool: "true or false",
    str: "text",
    Path: "a path",
    type(None): "null",
}


def check(tree: Any, key: str) -> None:
    """ConfigError for a value that the constructor of its node does not take, at any depth. What a
    constructor does not declare, or declares as a class of its own, is left to it."""
    if isinstance(tree, Mapping):
        hints = _hints(tree.get("_target_"))
        for name, value in tree.items():
            where = f"{key}.{name}"
            if name in hints and not _fits(value, hints[name]):
                raise ConfigError(f"{value!r} is not {_said(hints[name])}", where=where)
            check(value, where)


def _hints(target: object) -> dict[str, Any]:
    if not isinstance(target, str):
        return {}
    from hydra.utils import get_object

    try:
        named: Callable[..., Any] = get_object(target)
        function = named.__init__ if inspect.isclass(named) else named
        return typing.get_type_hints(function)
    except Exception:  # noqa: BLE001 what cannot be asked is left to its constructor
        return {}


def _fits(value: Any, hint: Any) -> bool:
    origin, inside = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return any(_fits(value, each) for each in inside)
    if origin is Literal:
        return value in inside
    if origin is not None and inspect.isclass(origin):
        return _fits_container(value, origin, inside)
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if hint in (str, Path):
        # A number that is meant as text: Hydra reads a password of digits as one.
        return not isinstance(value, Mapping | list | bool) and value is not None
    return isinstance(value, hint) if hint in (bool, type(None)) else True


def _fits_container(value: Any, origin: type, inside: tuple[Any, ...]) -> bool:
    if issubclass(origin, Mapping):
        return isinstance(value, Mapping) and (
            len(inside) != 2 or all(_fits(each, inside[1]) for each in value.values())
        )
    if issubclass(origin, Sequence):
        element = inside[0] if inside else Any
        return isinstance(value, list | tuple) and all(_fits(each, element) for each in value)
    return True


def _said(hint: Any) -> str:
    origin, inside = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return " or ".join(_said(each) for each in inside if each is not type(None))
    if origin is Literal:
        return f"one of {', '.join(map(str, inside))}"
    if origin is not None:
        return "a list" if issubclass(origin, Sequence) else "a table of keys and values"
    return WORDS.get(hint, getattr(hint, "__name__", str(hint)))
