from __future__ import annotations

import pytest

from joulelab.errors import ConfigError
from joulelab.sweeps.budget import Budget, Spent


def test_whichever_is_spent_first_ends_it():
    budget = Budget(joules=1000.0, runs=5)
    assert budget.used_up(Spent(joules=999.0, runs=4)) is None
    assert "1 kJ is spent (sweep.budget_j)" in budget.used_up(Spent(joules=1000.0, runs=1))
    assert "5 runs is spent (sweep.budget_runs)" in budget.used_up(Spent(runs=5))


def test_no_limit_is_never_reached():
    assert Budget().used_up(Spent(1e12, 1e12, 10**9)) is None
    assert Budget().left(Spent()) == {}


def test_what_is_left_is_never_negative():
    assert Budget(joules=10.0, seconds=60.0).left(Spent(joules=12.0, seconds=20.0)) == {
        "joules": 0.0,
        "seconds": 40.0,
    }


@pytest.mark.parametrize("limit", [0, -5, "many", True])
def test_a_limit_that_is_no_number_above_zero_is_refused(limit):
    with pytest.raises(ConfigError, match="no number above 0"):
        Budget(joules=limit)


def test_half_a_run_is_refused():
    with pytest.raises(ConfigError, match="whole number"):
        Budget(runs=1.5)


def test_a_budget_smaller_than_one_run_says_what_one_takes():
    with pytest.raises(ConfigError, match=r"sweep.budget_j: 50 J do not pay .* 120 J; give 1.2 kJ"):
        Budget(joules=50.0).check_one_run(Spent(joules=120.0, seconds=3.0))
    Budget(joules=120.0).check_one_run(Spent(joules=120.0))
