from __future__ import annotations

import math

import numpy as np
import pytest

from joulelab.stats.lending import lend


def test_the_pooled_scatter_is_lent_to_what_ran_once() -> None:
    """Means of 3 and of 5 runs with sd 0.3 and 0.6: s² = (2 * 0.09 + 4 * 0.36) / 6."""
    u = [0.3 / math.sqrt(3), 0.6 / math.sqrt(5), math.nan]
    found = lend([1.0, 2.0, 3.0], u, [3, 5, 1])
    assert found.u == pytest.approx([*u[:2], math.sqrt(0.27)])
    assert found.degrees_of_freedom.tolist() == [2, 4, 6]
    assert found.lent.tolist() == [False, False, True]


def test_energies_lend_a_share() -> None:
    found = lend([10.0, 1000.0], [0.1, math.nan], [4, 1], relative=True)
    assert found.u[1] == pytest.approx(0.02 * 1000)


def test_a_meter_that_knows_less_is_believed() -> None:
    found = lend([10.0, 10.0], [0.1, 5.0], [4, 1])
    assert found.u[1] == 5.0
    assert not found.lent[1]
    assert found.degrees_of_freedom[1] == math.inf


def test_without_repeats_nothing_is_lent() -> None:
    found = lend([1.0, 2.0], [math.nan, 0.1], [1, 1])
    assert math.isnan(found.u[0])
    assert not found.lent.any()
    assert lend([], [], []).u.shape == (0,)


def test_the_lent_uncertainty_is_right_where_all_scatter_alike() -> None:
    random = np.random.default_rng(0)
    found = []
    for _ in range(300):
        runs = random.normal(0, 2, (6, 4))
        u = [*(runs.std(axis=1, ddof=1) / 2), math.nan]
        found.append(lend(np.zeros(7), u, [4] * 6 + [1]).u[-1] ** 2)
    assert np.mean(found) == pytest.approx(4, rel=0.06)
