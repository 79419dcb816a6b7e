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
    values = [group[key].iloc[0] for group in groups]
    for group, value, shown in zip(groups, values, _texts(values), strict=True):
        if pd.notna(value) and (len(groups) > 1 or always):
            for index in group.index:
                names[index].append(f"{key.rpartition('.')[2]}={shown}")
        _split(group, rest, names)


def _texts(values: Sequence[Any]) -> list[str]:
    """Numbers as short as they stay apart."""
    for digits in (3, 6, 17):
        texts = [f"{v:.{digits}g}" if isinstance(v, float) else str(v) for v in values]
        if len(set(texts)) == len(texts):
            break
    return texts
