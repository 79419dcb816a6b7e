from __future__ import annotations

import pytest

from joulelab.stats.anomaly.verdict import verdict

ROWS = {
    "baseline/random/vus_pr": 0.12,
    "baseline/random/vus_pr_std": 0.01,
    "baseline/zscore/vus_pr": 0.16,
    "baseline/vus_pr": 0.16,
    "baseline/random/point_f1": 0.19,
    "baseline/zscore/point_f1": 0.24,
}


def run(vus_pr, point_f1):
    return {**ROWS, "test/vus_pr": vus_pr, "test/point_f1": point_f1}


@pytest.mark.parametrize(
    ("runs", "claim"),
    [
        ([run(0.2, 0.3)], "The model beats every trivial row: "),
        ([run(0.2, 0.2)], "The model beats every trivial row in vus_pr only: "),
        ([run(0.1, 0.2)], "The model does NOT beat the trivial rows: "),
        ([run(0.16, 0.24)], "The model does NOT beat the trivial rows: "),
        ([run(0.2, 0.3), run(0.21, 0.31), run(0.22, 0.3)], "The model beats every trivial row: "),
        ([run(0.1, 0.3), run(0.3, 0.3)], "The model beats every trivial row in point_f1 only: "),
    ],
)
def test_the_claim_follows_the_figures(runs, claim):
    assert verdict(runs).startswith(claim)


def test_names_the_strongest_row_and_the_spread():
    assert verdict([run(0.2, 0.3), run(0.3, 0.3)]).endswith(
        "vus_pr 0.250 ± 0.050 against 0.160 of zscore; "
        "point_f1 0.300 ± 0.000 against 0.240 of zscore (2 runs, ± standard error)."
    )


def test_one_run_has_no_spread_and_says_so():
    assert verdict([run(0.2, 0.3)]).endswith("(one run, so without a spread).")


def test_a_random_row_counts_with_its_own_spread():
    lucky = {**run(0.2, 0.3), "baseline/random/vus_pr": 0.19}
    assert "in point_f1 only" in verdict([lucky])


@pytest.mark.parametrize("left_out", ["test/vus_pr", "baseline/"])
def test_without_figures_nothing_is_claimed(left_out):
    known = {key: value for key, value in run(0.2, 0.3).items() if not key.startswith(left_out)}
    assert "is unknown" in verdict([known])
    assert "is unknown" in verdict([])


def test_an_untrained_model_is_a_row_like_any_other():
    found = {**run(0.2, 0.3), "baseline/untrained/vus_pr": 0.25, "baseline/untrained/point_f1": 0.2}
    assert "0.250 of untrained" in verdict([found])
