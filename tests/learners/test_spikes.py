from __future__ import annotations

import numpy as np
import pytest

from joulelab.learners.spikes import Spikes


def told(losses):
    spikes = Spikes()
    for loss in losses:
        spikes.note(loss)
    return spikes.metrics()


def test_a_smooth_curve_has_none():
    losses = 5 * np.exp(-np.arange(300) / 50) + np.random.default_rng(0).normal(0, 0.1, 300)
    found = told(losses.tolist())
    assert found["train/loss_spikes"] == 0
    assert "train/loss_spike_largest" not in found


@pytest.mark.parametrize("height", [100.0, -100.0])
def test_leaps_up_and_down_are_counted_and_the_largest_is_told(height):
    losses = np.random.default_rng(0).normal(0, 0.1, 200)
    losses[[60, 120]] = height / 2, height
    found = told(losses.tolist())
    assert found["train/loss_spikes"] == 2
    assert found["train/loss_spike_largest"] == pytest.approx(height, abs=0.5)


def test_it_goes_on_where_it_was():
    losses = np.random.default_rng(0).normal(0, 1, 100).tolist()
    first = Spikes()
    for loss in losses[:60]:
        first.note(loss)
    second = Spikes(**first.state())
    for loss in losses[60:]:
        second.note(loss)
    assert second.metrics() == told(losses)
