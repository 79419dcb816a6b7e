from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from joulelab.data.telemetry import Telemetry
from joulelab.learners.anomaly_scoring import Scoring, time_first
from joulelab.learners.streaming import all_points, points_of, some_points, stream
from joulelab.models.omnianomaly import OmniAnomaly
from joulelab.models.omnianomaly_spec import Sizes, draw_noise, initial_weights
from joulelab.stats.anomaly.judge import Settings

SIZES = Sizes("paper", 8, 12, z=2, gru=12, dense=4, flows=2)


@pytest.fixture(scope="module")
def split():
    return Telemetry(servers=2, steps=(400, 400, 500), window=12).split("test")


@pytest.fixture(scope="module")
def net(split):
    made = OmniAnomaly(SIZES, initial_weights(SIZES, 0))
    random = np.random.default_rng(0)
    for _ in range(40):
        windows = time_first(split, random.integers(0, len(split), 16))
        made.train_step(windows, draw_noise(SIZES, 12, 16, random), 1e-2)
    return made


def still(net):
    return lambda chunks: net.score(chunks, np.zeros((len(chunks), 1, 2), np.float32))


def exact(net, split):
    return still(net)(time_first(split, np.arange(len(split))))[-1]


def never():
    return False


def test_points_are_the_ends_of_windows_in_their_order(split):
    np.testing.assert_array_equal(points_of(all_points(split)), split.ends)


def test_some_points_lie_in_every_series_and_end_a_window(split):
    ranges = some_points(split, 100)
    assert len(ranges) == 2
    assert len(points_of(ranges)) == pytest.approx(100, abs=2)
    assert set(points_of(ranges)) <= set(split.ends)


def test_chunks_of_one_point_are_windows(net, split):
    found = stream(split, all_points(split), still(net), never, chunk_points=1)
    np.testing.assert_allclose(found, exact(net, split), rtol=1e-4, atol=1e-4)


def test_longer_chunks_give_the_order_of_windows(net, split):
    found = stream(split, all_points(split), still(net), never)
    assert len(found) == len(split)
    assert spearmanr(found, exact(net, split)).statistic > 0.99


def test_no_point_sees_the_series_before_its_own(net, split):
    """The second server's scores are the same without the first."""
    second = all_points(split)[1:]
    alone = stream(split, second, still(net), never)
    np.testing.assert_allclose(
        stream(split, all_points(split), still(net), never)[-len(alone) :], alone, rtol=1e-4
    )


def test_it_asks_between_chunks_whether_to_stop(net, split):
    assert stream(split, all_points(split), still(net), lambda: True) is None


def test_several_draws_are_the_logarithm_of_the_mean_likelihood(net, split):
    ranges = some_points(split, 60)
    one, three = (Scoring(net, n, 7, Settings()).scores(split, ranges, never) for n in (1, 3))
    parts = []
    for sample in range(3):
        random = np.random.default_rng((7, 4, sample))

        def score(chunks, random=random):
            return net.score(chunks, draw_noise(SIZES, *chunks.shape[:2], random))

        parts.append(stream(split, ranges, score, never))
    np.testing.assert_allclose(one, parts[0])
    np.testing.assert_allclose(three, -np.log(np.mean(np.exp(-np.array(parts)), axis=0)), rtol=1e-5)
