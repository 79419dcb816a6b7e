"""Which sample belongs to which split: pure functions, equal in every process and numpy version.

Order comes from SHA-256 of a name, never from a random generator: streams of generators may change
with the library, a published split must not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Sequence

from joulelab.errors import ConfigError, DataError

SPLITS = ("train", "val", "test")
FRACTIONS = (0.6, 0.2, 0.2)


def check_name(name: str) -> None:
    """ConfigError for anything but `train`, `val` or `test`."""
    if name not in SPLITS:
        raise ConfigError(f"there is no split {name!r}", cure=f"say one of {', '.join(SPLITS)}")


def check_fractions(fractions: Sequence[float]) -> tuple[float, ...]:
    """Three positive shares that add up to 1, else ConfigError."""
    shares = tuple(float(share) for share in fractions)
    positive = len(shares) == 3 and all(share > 0 for share in shares)
    if not (positive and abs(sum(shares) - 1) <= 1e-6):
        raise ConfigError(
            f"{list(fractions)} are no shares of train, val and test",
            cure="give three positive numbers that add up to 1",
        )
    return shares


def hash_unit(name: str, seed: int = 0) -> float:
    """A number in [0, 1) that depends on name and seed only."""
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def hash_split(
    names: Sequence[str], fractions: Sequence[float] = FRACTIONS, seed: int = 0
) -> dict[str, list[str]]:
    """Each name goes by its own hash, so that a name added later moves no other one.

    Where a set is so small that a split would stay empty, the names are cut in hash order instead.
    Names keep their order. DataError for fewer than three names.
    """
    shares = check_fractions(fractions)
    if len(names) < 3:
        raise DataError(
            f"{len(names)} samples cannot fill train, val and test", cure="give at least three"
        )
    edges = (shares[0], shares[0] + shares[1])
    chosen = {name: sum(hash_unit(name, seed) >= edge for edge in edges) for name in names}
    if len(set(chosen.values())) < 3:
        ordered = sorted(names, key=lambda name: hash_unit(name, seed))
        chosen = dict(zip(ordered, _cut(len(ordered), shares), strict=True))
    return {
        split: [name for name in names if chosen[name] == index]
        for index, split in enumerate(SPLITS)
    }


def grouped_split(
    groups: Sequence[Hashable], fractions: Sequence[float] = FRACTIONS, seed: int = 0
) -> dict[str, list[int]]:
    """Indices of the samples of each split; all samples of one group stay together.

    The shares are shares of groups, each split has at least one. DataError for fewer than three.
    """
    shares = check_fractions(fractions)
    ordered = sorted(set(map(str, groups)), key=lambda group: hash_unit(group, seed))
    if len(ordered) < 3:
        raise DataError(
            f"{len(ordered)} groups cannot fill train, val and test", cure="give at least three"
        )
    chosen = dict(zip(ordered, _cut(len(ordered), shares), strict=True))
    return {
        split: [i for i, group in enumerate(groups) if chosen[str(group)] == index]
        for index, split in enumerate(SPLITS)
    }


def stratified_split(
    labels: Sequence[Hashable], fraction: float, seed: int = 0
) -> tuple[list[int], list[int]]:
    """(rest, part) indices; `part` holds `fraction` of each class, at least one of a class that has
    two samples or more."""
    if not 0 < fraction < 1:
        raise ConfigError(f"{fraction} is no share between 0 and 1")
    members: dict[Hashable, list[int]] = {}
    for index, label in enumerate(labels):
        members.setdefault(label, []).append(index)
    part: set[int] = set()
    for indices in members.values():
        ordered = sorted(indices, key=lambda index: hash_unit(str(index), seed))
        count = round(fraction * len(indices))
        if len(indices) > 1:
            count = min(max(count, 1), len(indices) - 1)
        part.update(ordered[:count])
    rest = [index for index in range(len(labels)) if index not in part]
    return rest, sorted(part)


def _cut(count: int, shares: Sequence[float]) -> list[int]:
    """0, 1 and 2 for the members of train, val and test: shares rounded, none of them empty."""
    val, test = (max(1, round(share * count)) for share in shares[1:])
    while count - val - test < 1:
        if val >= test:
            val -= 1
        else:
            test -= 1
    return [0] * (count - val - test) + [1] * val + [2] * test
