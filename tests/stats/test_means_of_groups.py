from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from joulelab.stats.repeats import mean_of_repeats, means_of_groups

value = st.one_of(st.floats(-1e6, 1e6), st.just(float("nan")))
run = st.tuples(st.integers(0, 3), value, st.one_of(st.floats(0, 1e3), st.just(float("nan"))))


@settings(max_examples=60, deadline=None)
@given(st.lists(run, max_size=30))
def test_groups_at_once_are_what_each_is_alone(runs) -> None:
    groups = np.array([group for group, _, _ in runs], dtype=np.int64)
    values = np.array([value for _, value, _ in runs], dtype=float)
    u = np.array([u for _, _, u in runs], dtype=float)
    found = means_of_groups(groups, 4, values, u, 2 * u)
    for group in range(4):
        own = groups == group
        alone = mean_of_repeats(values[own], u[own], 2 * u[own])
        whole = (found.value, found.u_independent, found.u_shared, found.n, found.u)
        expected = (alone.value, alone.u_independent, alone.u_shared, alone.n, alone.u)
        assert [float(part[group]) for part in whole] == pytest.approx(
            [float(part) for part in expected], rel=1e-9, abs=1e-9, nan_ok=True
        )


def test_without_a_meters_uncertainty_one_value_has_an_unknown_one() -> None:
    found = means_of_groups(np.array([0, 1, 1]), 2, [5.0, 1.0, 3.0])
    assert found.value.tolist() == [5.0, 2.0]
    assert np.isnan(found.u_independent[0])
    assert found.u_independent[1] == pytest.approx(1.0)
    assert found.u_shared.tolist() == [0.0, 0.0]
