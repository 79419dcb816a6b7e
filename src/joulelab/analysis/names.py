"""The short name of a configuration: only what tells it from the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd


def short_names(table: pd.DataFrame, keys: Sequence[str]) -> list[str]:
    """One name a row of `table`, such as `model=inception lr=0.001`. The first key is always told,
    another only where rows that agree in all keys before it differ in it."""
    names: dict[Any, list[str]] = {index: [] for index in table.index}
    _split(table, list(keys), names, always=True)
    return [" ".join(parts) or "all runs" for parts in names.values()]


def _split(
    table: pd.DataFrame, keys: list[str], names: dict[Any, list[str]], always: bool = False
) -> None:
    if not keys:
        return
    key, *rest = keys
    groups = [group for _, group in table.groupby(key, dropna=False, sort=False)]
    for group in groups:
        value = group[key].iloc[0]
        if pd.notna(value) and (len(groups) > 1 or always):
            for index in group.index:
                names[index].append(_part(key, value))
        _split(group, rest, names)


def _part(key: str, value: Any) -> str:
    shown = f"{value:g}" if isinstance(value, float) else str(value)
    return f"{key.rpartition('.')[2]}={shown}"
