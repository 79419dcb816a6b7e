from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler
from support.shared_data import change_runs, needs_shared_data

from joulelab.stats.pca import TooFew, components


def table(n: int = 40, k: int = 4, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    return random.normal(size=(n, k)) @ random.normal(size=(k, k)) * 10.0 ** np.arange(k)


def test_components_are_scikit_learns() -> None:
    given_table = table()
    ours = components(given_table)
    theirs = PCA().fit(StandardScaler().fit_transform(given_table))
    assert ours.explained == pytest.approx(theirs.explained_variance_ratio_)
    assert np.abs(ours.loadings.T) == pytest.approx(np.abs(theirs.components_))
    # scikit-learn standardises by n and takes the covariance by n - 1.
    assert ours.eigenvalues == pytest.approx(theirs.explained_variance_ * 39 / 40)


def test_the_circle_shows_correlations_with_the_scores() -> None:
    given_table = table()
    found = components(given_table)
    expected = np.corrcoef(given_table.T, found.scores.T)[:4, 4:]
    assert found.correlations == pytest.approx(expected)


@settings(max_examples=30, deadline=None)
@given(st.integers(6, 30), st.integers(2, 5), st.integers(0, 99))
def test_eigenvalues_add_up_to_the_columns(n: int, k: int, seed: int) -> None:
    found = components(table(n, k, seed))
    assert found.eigenvalues.sum() == pytest.approx(k)
    assert found.explained.sum() == pytest.approx(1)
    assert (np.diff(found.eigenvalues) <= 1e-9).all()
    assert (found.correlations**2).sum(axis=1) == pytest.approx(np.ones(k))


def test_sample_deviations_shrink_the_scores_alone() -> None:
    population, sample = components(table()), components(table(), "sample")
    assert sample.eigenvalues == pytest.approx(population.eigenvalues)
    assert sample.scores == pytest.approx(population.scores * math.sqrt(39 / 40))


def test_gaps_and_constants_are_left_out_and_told() -> None:
    given_table = table(20, 4)
    given_table[3, 1] = math.nan
    given_table[7, 2] = math.inf
    given_table[:, 3] = 0.6
    found = components(given_table)
    assert found.columns.tolist() == [0, 1, 2]
    assert 3 not in found.rows
    assert len(found.rows) == 18


@pytest.mark.parametrize(
    ("rows", "columns", "sentence"),
    [
        (3, 4, "3 complete runs are too few for a PCA of 4 columns"),
        (1, 4, "1 complete run is too few"),
        (0, 3, "0 complete runs"),
        (9, 1, "1 of 1 columns vary"),
    ],
)
def test_too_few_runs_or_columns_get_a_sentence(rows: int, columns: int, sentence: str) -> None:
    with pytest.raises(TooFew, match=sentence):
        components(np.random.default_rng(0).random((rows, columns)))


@needs_shared_data
@pytest.mark.parametrize("convention", ["population", "sample"])
def test_the_study_is_reproduced(convention) -> None:
    found = components(change_runs().iloc[:, -4:], convention)
    assert found.eigenvalues == pytest.approx([3.07467, 0.91332, 0.01191, 0.00011], abs=5e-6)
