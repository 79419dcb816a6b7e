from __future__ import annotations

import itertools

import pytest

from joulelab.learners.batches import Batches, step_seed


def test_each_epoch_sees_every_sample_once_in_an_order_of_its_own():
    batches = Batches(samples=10, batch_size=4, seed=1)
    batches.total = 6
    seen = list(batches)
    epochs = [list(itertools.chain(*part)) for part in (seen[:3], seen[3:])]
    assert [sorted(epoch) for epoch in epochs] == [list(range(10))] * 2
    assert epochs[0] != epochs[1]


def test_batches_from_the_middle_are_those_of_the_whole():
    whole, rest = (Batches(samples=10, batch_size=4, seed=1) for _ in "ab")
    whole.total = rest.total = 9
    rest.first = 4
    assert list(rest) == list(whole)[4:]
    assert len(rest) == 5


@pytest.mark.parametrize(("samples", "sizes"), [(9, [4, 4]), (1, [1]), (10, [4, 4, 2])])
def test_a_last_batch_of_one_is_left_out_where_others_came_before_it(samples, sizes):
    assert [len(batch) for batch in Batches(samples, batch_size=4, seed=0)] == sizes


def test_each_step_has_a_seed_of_its_own():
    seeds = {step_seed(seed, step) for seed in (0, 2**63) for step in range(50)}
    assert len(seeds) == 100
    assert all(0 <= seed < 2**63 for seed in seeds)
