from __future__ import annotations

import numpy as np
import pytest

from joulelab.stats.anomaly.judge import Settings, judge, judge_beside, judge_each, mean_of_each
from joulelab.stats.anomaly.trivial import pca_residual, random_scores, trivial_scores, zscore_norm
from joulelab.stats.anomaly.truth import Truth

RANDOM = np.random.default_rng(0)
LABELS = np.zeros(600, bool)
LABELS[50:80] = LABELS[300:340] = LABELS[550:560] = True
SCORES = RANDOM.standard_normal(600) + 1.5 * LABELS
NORMAL = RANDOM.standard_normal(3000)
TRUTH = Truth.of(LABELS, [0, 200, 400, 600])
QUICK = Settings(buffer_steps=10)
RANKED = {"vus_pr", "vus_roc", "auc_pr", "auc_roc", "pak_auc", "point_f1", "point_adjusted_f1_best"}


def test_names_carry_the_prefix_and_all_are_finite():
    found = judge(SCORES, TRUTH, NORMAL, QUICK, "val")
    assert {f"val/{name}" for name in RANKED} <= set(found)
    assert all(key.startswith("val/") and np.isfinite(value) for key, value in found.items())


def test_normal_scores_bring_the_figures_of_pot():
    without = judge(SCORES, TRUTH, None, QUICK)
    assert not any("pot" in name for name in without)
    assert {"test/pot_threshold", "test/point_f1_pot"} <= set(judge(SCORES, TRUTH, NORMAL, QUICK))


@pytest.mark.parametrize("pot", ["static", "spot", "reference"])
def test_every_kind_of_pot_gives_a_threshold(pot):
    found = judge(SCORES, TRUTH, NORMAL, Settings(pot=pot, buffer_steps=1))
    assert found["test/pot_threshold"] > np.quantile(NORMAL, 0.98)


def test_normal_scores_without_a_tail_leave_its_figures_out():
    assert judge(SCORES, TRUTH, np.ones(100), QUICK) == judge(SCORES, TRUTH, None, QUICK)


def test_a_nan_is_counted_and_nothing_is_made_of_it():
    broken = SCORES.copy()
    broken[:7] = np.nan
    assert judge(broken, TRUTH) == {"test/nan_scores": 7}


def test_infinite_scores_are_judged():
    found = judge(np.where(LABELS, np.inf, -np.inf), TRUTH, None, QUICK)
    assert found["test/point_f1"] == found["test/auc_roc"] == 1


def test_nothing_is_said_of_data_without_anomalies():
    assert judge(SCORES, Truth.of(np.zeros(600))) == {}


def test_each_series_is_judged_alone():
    each = judge_each(SCORES, TRUTH, ["a", "b", "c"], NORMAL, QUICK)
    alone = judge(SCORES[200:400], Truth.of(LABELS[200:400]), NORMAL, QUICK, "")
    assert each["b"] == {name.removeprefix("/"): value for name, value in alone.items()}


def test_the_mean_is_over_series_that_have_anomalies():
    truth = Truth.of(LABELS, [0, 200, 290, 600])
    each = judge_each(SCORES, truth, ["a", "quiet", "c"], None, QUICK)
    assert each["quiet"] == {}
    expected = (each["a"]["vus_pr"] + each["c"]["vus_pr"]) / 2
    assert mean_of_each(each)["test/vus_pr_per_entity"] == pytest.approx(expected)


def test_rows_stand_beside_with_their_spread_and_the_best_of_them():
    rows = {"random": [random_scores(600, seed) for seed in range(3)], "good": [SCORES]}
    found = judge_beside(rows, TRUTH, None, QUICK)
    single = [judge(row, TRUTH, None, QUICK)["test/vus_pr"] for row in rows["random"]]
    assert found["baseline/random/vus_pr"] == pytest.approx(np.mean(single))
    assert found["baseline/random/vus_pr_std"] == pytest.approx(np.std(single, ddof=1))
    assert found["baseline/vus_pr"] == found["baseline/good/vus_pr"]
    assert "baseline/good/vus_pr_std" not in found
    assert "baseline/latency_steps_best" not in found


def test_a_random_score_profits_from_point_adjustment_alone():
    labels = np.zeros(20_000, bool)
    for start in range(500, 20_000, 2000):
        labels[start : start + 200] = True
    found = judge(random_scores(20_000, 0), Truth.of(labels), None, QUICK)
    assert found["test/point_adjusted_f1_best"] > 0.8
    assert found["test/point_f1"] < 0.2
    assert found["test/auc_roc"] == pytest.approx(0.5, abs=0.02)


def test_the_random_row_depends_on_the_seed_only():
    np.testing.assert_array_equal(random_scores(9, 4), random_scores(9, 4))
    assert not np.array_equal(random_scores(9, 4), random_scores(9, 5))


def test_the_z_score_of_a_channel_that_never_moved_is_finite():
    train = np.stack([np.arange(10.0), np.full(10, 3.0)], axis=1)
    found = zscore_norm(train, [[4.5, 3.0], [4.5, 4.0]])
    np.testing.assert_allclose(found, [0, 1000])


def test_the_pca_residual_is_the_distance_to_the_plane_of_scikit_learn():
    from sklearn.decomposition import PCA

    train, test = RANDOM.standard_normal((300, 8)) @ RANDOM.random((8, 8)), RANDOM.random((50, 8))
    model = PCA(3).fit(train)
    rest = test - model.inverse_transform(model.transform(test))
    found = pca_residual(train, test, 3)
    np.testing.assert_allclose(found, np.linalg.norm(rest, axis=1), rtol=1e-8)


def test_the_pca_row_leaves_channels_over():
    train = RANDOM.standard_normal((100, 4))
    np.testing.assert_allclose(pca_residual(train, train, 10), pca_residual(train, train, 2))


def test_every_trivial_row_scores_every_step():
    rows = trivial_scores(RANDOM.random((50, 3)), RANDOM.random((20, 3)), seeds=2)
    assert {row: len(several) for row, several in rows.items()} == {
        "random": 2,
        "zscore": 1,
        "pca": 1,
    }
    assert all(one.shape == (20,) for several in rows.values() for one in several)
