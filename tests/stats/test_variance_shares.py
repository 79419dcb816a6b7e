from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from joulelab.stats.variance_shares import variance_shares


def dummies(values) -> np.ndarray:
    levels = sorted(set(values))
    return np.array([[value == level for level in levels[1:]] for value in values], dtype=float)


def residual_squares(y: np.ndarray, *blocks: np.ndarray) -> float:
    design = np.hstack([np.ones((len(y), 1)), *blocks])
    return float(np.sum((y - design @ np.linalg.lstsq(design, y, rcond=None)[0]) ** 2))


def by_name(shares, *names: str):
    return next(each for each in shares.effects if set(each.names) == set(names))


def test_one_factor_is_the_classical_analysis() -> None:
    random = np.random.default_rng(0)
    model = np.repeat(["a", "b", "c"], [4, 6, 9])
    y = random.normal(size=19) + (model == "b")
    (effect,) = variance_shares(y, {"model": model}).effects
    theirs = stats.f_oneway(*(y[model == each] for each in "abc"))
    assert effect.p == pytest.approx(theirs.pvalue)
    assert effect.degrees_of_freedom == 2


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_unbalanced_designs_have_sums_of_squares_of_type_two(seed: int) -> None:
    random = np.random.default_rng(seed)
    a, b = random.integers(0, 3, 40), random.integers(0, 2, 40)
    y = random.normal(size=40) + a - 0.5 * b + 0.7 * a * b
    found = variance_shares(y, {"a": list(a), "b": list(b)})
    total = residual_squares(y)
    da, db = dummies(a), dummies(b)
    both = residual_squares(y, da, db)
    product = (da[:, :, None] * db[:, None, :]).reshape(40, -1)
    expected = {
        ("a",): residual_squares(y, db) - both,
        ("b",): residual_squares(y, da) - both,
        ("a", "b"): both - residual_squares(y, da, db, product),
    }
    for names, squares in expected.items():
        assert by_name(found, *names).share == pytest.approx(squares / total, abs=1e-9)
    assert found.explained == pytest.approx(1 - both / total)


def test_shares_of_a_balanced_design_add_up() -> None:
    random = np.random.default_rng(1)
    a, b = np.tile(np.repeat([0, 1, 2], 4), 5), np.tile([0, 1, 2, 3], 15)
    found = variance_shares(random.normal(size=60) + a, {"a": list(a), "b": list(b)})
    assert found.entangled == pytest.approx(0, abs=1e-12)
    single = [each.share for each in found.effects if len(each.names) == 1]
    assert sum(single) + found.residual == pytest.approx(1)


def test_factors_that_always_go_together_are_entangled() -> None:
    a = [0, 0, 0, 1, 1, 1, 2, 2, 2] * 2
    y = np.array(a) + np.random.default_rng(2).normal(0, 0.1, 18)
    found = variance_shares(y, {"model": a, "twin": [f"m{each}" for each in a]})
    assert [each.share for each in found.effects] == pytest.approx([0, 0], abs=1e-9)
    assert found.entangled > 0.9


def test_a_factor_without_effect_has_no_share_on_average() -> None:
    random = np.random.default_rng(3)
    p, omega = [], []
    for _ in range(300):
        y, factor = random.normal(size=30), list(random.integers(0, 4, 30))
        effect = variance_shares(y, {"factor": factor}).effects[0]
        p.append(effect.p)
        omega.append(effect.omega_squared)
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.05, abs=0.045)
    assert np.median(omega) == 0


def test_many_numbers_are_a_curve() -> None:
    rate = np.exp(np.linspace(-9, -1, 50))
    y = (np.log(rate) + 5) ** 2
    (effect,) = variance_shares(y, {"lr": list(rate)}).effects
    assert effect.degrees_of_freedom == 2
    assert effect.share == pytest.approx(1)
    assert effect.p == pytest.approx(0)


def test_an_interaction_is_found() -> None:
    random = np.random.default_rng(4)
    a, b = list(np.tile([0, 0, 1, 1], 10)), list(np.tile([0, 1, 0, 1], 10))
    y = np.array([x ^ z for x, z in zip(a, b, strict=True)]) + random.normal(0, 0.1, 40)
    found = variance_shares(y, {"a": a, "b": b})
    assert by_name(found, "a", "b").share > 0.9
    assert by_name(found, "a").share < 0.05


def test_what_is_no_factor_is_named() -> None:
    y = np.random.default_rng(5).normal(size=12)
    names = [f"run {index}" for index in range(12)]
    found = variance_shares(y, {"same": [1] * 12, "name": names, "b": [0, 1] * 6})
    assert found.left_out == {"same": "one level", "name": "12 levels in 12 runs"}
    assert [each.names for each in found.effects] == [("b",)]


def test_missing_levels_are_a_level_and_missing_values_no_run() -> None:
    y = [1.0, 1.1, 2.0, 2.1, math.nan, math.inf]
    found = variance_shares(y, {"lr": [0.1, 0.1, None, None, 0.1, None]})
    assert found.n == 4
    assert found.effects[0].share > 0.95


@pytest.mark.parametrize(
    ("y", "factors", "note"),
    [
        ([], {"a": []}, "0 runs are too few"),
        ([1.0, 2.0, 3.0], {"a": [1, 1, 2]}, "3 runs are too few"),
        ([1.0] * 8, {"a": [1, 2] * 4}, "does not vary"),
        ([1.0, 2.0, 3.0, 4.0], {"a": [1] * 4}, "no factor varies"),
        (
            [1.0, 2.0, 3.0, 5.0],
            {"a": [1, 1, 2, 2], "b": [1, 2, 1, 3], "c": [1, 2, 2, 1]},
            "freedom",
        ),
    ],
)
def test_what_cannot_be_analysed_gets_a_sentence(y: list, factors: dict, note: str) -> None:
    assert note in variance_shares(y, factors).note
