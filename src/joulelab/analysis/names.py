"""The short name of a configuration: only what tells it from the others."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from joulelab.errors import ConfigError

LARGE = 1e6
"""Whole numbers below it are told in full."""


def short_names(table: pd.DataFrame, keys: Sequence[str]) -> list[str]:
    """One name a row of `table`, such as `model=inception lr=0.001`. The first key is always told,
    another only where rows that agree in all keys before it differ in it."""
    names = [""] * len(table)
    agreeing = np.zeros(len(table), dtype=np.int64)
    for place, key in enumerate(keys):
        codes, values = pd.factorize(table[key], use_na_sentinel=True)
        present = codes >= 0
        finer = pd.factorize(agreeing * (len(values) + 1) + codes + 1)[0]
        told = present.copy()
        if place > 0:
            kinds = pd.Series(finer).groupby(agreeing).transform("nunique").to_numpy()
            told &= kinds > 1
        label, texts = key.rpartition(".")[2], _texts(list(values))
        for row in np.flatnonzero(told):
            names[row] += f" {label}={texts[codes[row]]}"
        agreeing = finer
    return [name.strip() or "all runs" for name in names]


def _texts(values: Sequence[Any]) -> list[str]:
    """Numbers as short as they stay apart."""
    texts: list[str] = []
    for digits in (3, 6, 17):
        texts = [_text(value, digits) for value in values]
        if len(set(texts)) == len(texts):
            break
    return texts


def _text(value: Any, digits: int) -> str:
    if not isinstance(value, float):
        return str(value)
    whole = value.is_integer() and abs(value) < LARGE
    return f"{value:.0f}" if whole else f"{value:.{digits}g}"


def nearest(key: str, value: str, known: Sequence[str]) -> ConfigError:
    """For a name that is not among those that are there."""
    near = difflib.get_close_matches(value, known, 1, 0.0)
    listed = ", ".join(known[:12]) + (" ..." if len(known) > 12 else "")
    hint = f"did you mean {near[0]}? " if near else ""
    cure = f"{hint}there are {listed or 'none'}"
    return ConfigError(f"no run has {value!r}", where=key, cure=cure)
