from __future__ import annotations

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulelab.data.splits import (
    check_fractions,
    check_name,
    grouped_split,
    hash_split,
    hash_unit,
    stratified_split,
)
from joulelab.errors import ConfigError, DataError

SPLITS = ("train", "val", "test")
names = st.lists(st.text(min_size=1, max_size=8), min_size=3, max_size=60, unique=True)
seeds = st.integers(0, 5)
shares = st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9)).map(
    lambda parts: tuple(part / sum(parts) for part in parts)
)


@given(names, shares, seeds)
def test_hash_split_puts_every_name_into_one_split(names, shares, seed):
    found = hash_split(names, shares, seed)
    assert sorted(name for split in SPLITS for name in found[split]) == sorted(names)
    assert all(found[split] for split in SPLITS)


@given(names, shares, seeds)
def test_hash_split_keeps_the_order_of_names(names, shares, seed):
    for members in hash_split(names, shares, seed).values():
        assert members == [name for name in names if name in set(members)]


@given(names, shares, seeds, st.randoms())
def test_hash_split_does_not_depend_on_the_order_of_names(names, shares, seed, random):
    shuffled = random.sample(names, len(names))
    before, after = hash_split(names, shares, seed), hash_split(shuffled, shares, seed)
    assert {k: set(v) for k, v in before.items()} == {k: set(v) for k, v in after.items()}


def test_a_name_added_later_moves_no_other_one():
    names = [f"patch {number}" for number in range(300)]
    few, all_names = hash_split(names[:200]), hash_split(names)
    for split in SPLITS:
        assert set(few[split]) <= set(all_names[split])


def test_hash_split_meets_its_shares():
    found = hash_split([f"patch {number}" for number in range(5000)])
    for split, share in zip(SPLITS, (0.6, 0.2, 0.2), strict=True):
        assert len(found[split]) / 5000 == pytest.approx(share, abs=0.03)


def test_published_splits_never_change():
    assert hash_unit("S2A_MSIL2A_20170613T101031_87_48") == 0.14414904093156738
    assert hash_split(list("abcdefghij")) == {
        "train": list("bcefgij"),
        "val": ["d"],
        "test": ["a", "h"],
    }
    assert grouped_split(range(10)) == {
        "train": [0, 2, 4, 6, 7, 9],
        "val": [1, 5],
        "test": [3, 8],
    }


def test_another_process_splits_the_same():
    code = "from joulelab.data.splits import *; print(grouped_split('abcabcdefgh' * 3))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONHASHSEED": "7"},
    )
    assert done.stdout.strip() == str(grouped_split("abcabcdefgh" * 3))


@pytest.mark.parametrize("names", [[], ["a"], ["a", "b"]])
def test_hash_split_refuses_fewer_than_three(names):
    with pytest.raises(DataError, match=f"{len(names)} samples cannot fill"):
        hash_split(names)


groups = st.lists(st.integers(0, 30), min_size=3, max_size=80).filter(lambda g: len(set(g)) >= 3)


@given(groups, shares, seeds)
def test_grouped_split_puts_every_sample_into_one_split(groups, shares, seed):
    found = grouped_split(groups, shares, seed)
    assert sorted(i for split in SPLITS for i in found[split]) == list(range(len(groups)))


@given(groups, shares, seeds)
def test_a_group_is_never_in_two_splits(groups, shares, seed):
    held = [{groups[i] for i in rows} for rows in grouped_split(groups, shares, seed).values()]
    assert all(held)
    assert sum(map(len, held)) == len(set(groups))


def test_grouped_split_meets_its_shares_in_groups():
    found = grouped_split([number // 10 for number in range(300)])
    assert [len(found[split]) for split in SPLITS] == [180, 60, 60]


def test_grouped_split_refuses_two_groups():
    with pytest.raises(DataError, match="2 groups cannot fill"):
        grouped_split([0, 1, 0, 1])


labels = st.lists(st.integers(0, 5), max_size=100)
fractions = st.floats(0.01, 0.99)


@given(labels, fractions, seeds)
def test_stratified_split_is_a_partition(labels, fraction, seed):
    rest, part = stratified_split(labels, fraction, seed)
    assert sorted(rest + part) == list(range(len(labels)))
    assert (rest, part) == (sorted(rest), sorted(part))


@given(labels, fractions, seeds)
def test_stratified_split_leaves_both_sides_of_a_class_filled(labels, fraction, seed):
    rest, part = stratified_split(labels, fraction, seed)
    for label in set(labels):
        if labels.count(label) > 1:
            assert any(labels[i] == label for i in rest)
            assert any(labels[i] == label for i in part)


@given(labels, fractions, seeds)
def test_stratified_split_takes_the_fraction_of_each_class(labels, fraction, seed):
    _, part = stratified_split(labels, fraction, seed)
    for label in set(labels):
        taken = sum(labels[i] == label for i in part)
        assert abs(taken - fraction * labels.count(label)) <= 1


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, float("nan")])
def test_stratified_split_refuses_what_is_no_share(fraction):
    with pytest.raises(ConfigError, match="no share"):
        stratified_split([0, 1], fraction)


@pytest.mark.parametrize(
    "fractions", [(0.5, 0.5), (0.6, 0.2, 0.3), (1, 0, 0), (1.2, -0.1, -0.1), (float("nan"),) * 3]
)
def test_refuses_fractions_that_are_no_shares(fractions):
    with pytest.raises(ConfigError, match="no shares"):
        check_fractions(fractions)


@given(shares)
def test_accepts_shares_that_add_up_to_one(shares):
    assert check_fractions(shares) == shares


@pytest.mark.parametrize("name", SPLITS)
def test_knows_the_three_splits(name):
    check_name(name)


@pytest.mark.parametrize("name", ["validation", "TRAIN", "", "train "])
def test_refuses_other_splits(name):
    with pytest.raises(ConfigError, match="say one of train, val, test"):
        check_name(name)
