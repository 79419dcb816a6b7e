from __future__ import annotations

import math

import pytest

from joulelab.errors import ConfigError
from joulelab.sweeps.history import Objective
from joulelab.sweeps.objectives import (
    check_logged,
    direction_of,
    parse,
    parse_constraints,
    violations,
)


def test_the_direction_is_in_the_name_and_the_budgets_metric_is_marked():
    assert parse(["val/f1_macro", "energy_j"]) == (
        Objective("val/f1_macro", "maximize"),
        Objective("energy_j", "minimize", cost=True),
    )


@pytest.mark.parametrize(
    ("name", "direction"),
    [
        ("val/accuracy", "maximize"),
        ("val/ap_micro", "maximize"),
        ("val/balanced_accuracy", "maximize"),
        ("val/hamming", "maximize"),
        ("val/loss", "minimize"),
        ("val/cross_entropy", "minimize"),
        ("duration_s", "minimize"),
        ("memory_bytes/peak", "minimize"),
        ("power_w/peak", "minimize"),
        ("energy_dynamic_j", "minimize"),
    ],
)
def test_common_metrics_have_a_direction(name, direction):
    assert direction_of(name) == direction


def test_a_written_direction_wins():
    assert parse(["max:val/x", "min:val/f1_macro"])[0].direction == "maximize"
    assert parse(["max:val/x", "min:val/f1_macro"])[1].direction == "minimize"
    assert parse(["val/x"], {"val/x": "min"})[0].direction == "minimize"


@pytest.mark.parametrize(
    ("texts", "directions", "says"),
    [
        ([], None, "names no metric"),
        (["val/x"], None, "say max:val/x or min:val/x"),
        (["up:val/x"], None, "'up' is no direction of val/x"),
        (["energy_j", "energy_j"], None, "names energy_j twice"),
        (["test/f1_macro"], None, "optimise val/f1_macro"),
        (["val/loss"], {"val/los": "min"}, "no objective val/los, did you mean val/loss"),
    ],
)
def test_what_is_no_objective_is_refused_in_one_sentence(texts, directions, says):
    with pytest.raises(ConfigError, match=says):
        parse(texts, directions)


def test_a_metric_that_no_run_logs_is_told_with_the_nearest():
    with pytest.raises(ConfigError, match="no metric val/f1, did you mean val/f1_macro"):
        check_logged(["val/f1"], ["val/loss", "val/f1_macro", "energy_j"])


def test_a_violation_is_a_share_of_the_bound():
    most, least = parse_constraints(["memory_bytes/peak <= 5e9", "val/f1_macro >= 0.5"])
    assert most.violation(6e9) == pytest.approx(0.2)
    assert most.violation(5e9) == 0
    assert least.violation(0.4) == pytest.approx(0.2)
    assert least.violation(0.9) < 0
    assert parse_constraints(["x <= 0"])[0].violation(3.0) == 3.0


def test_a_constraint_on_what_is_not_known_says_nothing():
    constraints = parse_constraints(["a<=1", "b <= 1"])
    assert violations(constraints, {"a": math.nan}) == {}


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        (["memory_bytes/peak"], "is no constraint"),
        (["a == 3"], "is no constraint"),
        (["a <= much"], "'much' in 'a <= much' is not a number"),
        (["a <= 1", "a <= 2"], "bounds a twice"),
    ],
)
def test_what_is_no_constraint_is_refused_in_one_sentence(texts, says):
    with pytest.raises(ConfigError, match=says):
        parse_constraints(texts)
