from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.append(str(Path(__file__).parents[2]))

from benchmarks import omnianomaly_plain as plain

from joulelab.models import omnianomaly_net as net
from joulelab.models.omnianomaly import OmniAnomaly
from joulelab.models.omnianomaly_spec import (
    CLIP_NORM,
    Q_NET,
    Sizes,
    draw_noise,
    initial_weights,
    prior_whitening,
    shapes,
)

VARIANTS = ("paper", "reference")


SMALL = {"channels": 4, "window": 9, "z": 2, "gru": 8, "dense": 5, "flows": 3}


def small(variant, **options):
    return Sizes(variant, **{**SMALL, **options})


def weights_of(sizes, spread=3.0):
    """float64, far from the start, so that flows bend and deviations differ."""
    random = np.random.default_rng(5)
    return {
        name: torch.tensor(
            spread * x + 0.1 * random.standard_normal(x.shape), dtype=torch.float64
        ).requires_grad_()
        for name, x in initial_weights(sizes, 1).items()
    }


def batch_of(sizes, batch=6):
    random = np.random.default_rng(2)
    x = torch.tensor(random.random((sizes.window, batch, sizes.channels)))
    noise = torch.tensor(draw_noise(sizes, sizes.window, batch, random), dtype=torch.float64)
    return x, noise


def fast_loss(weights, sizes, x, noise):
    whitening, normaliser = prior_whitening(sizes.window)
    return net.loss(weights, sizes, x, noise, (torch.tensor(whitening), normaliser))


@pytest.mark.parametrize("variant", VARIANTS)
def test_loss_and_gradients_are_those_of_the_plain_graph(variant):
    sizes = small(variant)
    ours, theirs = weights_of(sizes), weights_of(sizes)
    x, noise = batch_of(sizes)
    found, wanted = fast_loss(ours, sizes, x, noise), plain.loss(theirs, sizes, x, noise)
    torch.testing.assert_close(found, wanted)
    found.backward()
    wanted.backward()
    for name in ours:
        if theirs[name].grad is None:
            assert ours[name].grad is None, name
        else:
            torch.testing.assert_close(ours[name].grad, theirs[name].grad, msg=name)


def test_in_reference_nothing_of_the_q_net_has_a_gradient_and_all_else_has():
    sizes = small("reference")
    weights = weights_of(sizes)
    fast_loss(weights, sizes, *batch_of(sizes)).backward()
    without = {name for name, x in weights.items() if x.grad is None}
    assert without == {name for name in weights if name.partition(".")[0] in Q_NET}


def test_in_paper_every_weight_has_a_gradient():
    sizes = small("paper")
    weights = weights_of(sizes)
    fast_loss(weights, sizes, *batch_of(sizes)).backward()
    assert all(x.grad.abs().sum() > 0 for x in weights.values())


def test_only_paper_knows_the_prior():
    sizes = small("paper")
    weights, (x, noise) = weights_of(sizes), batch_of(sizes)
    without = fast_loss(weights, small("reference"), x, noise)
    z, _ = net.flow(weights, net.encode(weights, sizes, x, noise).z)
    prior = plain.prior(z) / (sizes.window * x.shape[1])
    torch.testing.assert_close(fast_loss(weights, sizes, x, noise), without - prior)


def test_the_prior_is_that_of_a_walk_seen_through_noise():
    whitening, normaliser = prior_whitening(30)
    random = np.random.default_rng(0)
    walks = np.cumsum(random.standard_normal((40_000, 30)), axis=1)
    covariance = np.cov(walks + random.standard_normal(walks.shape), rowvar=False)
    np.testing.assert_allclose(whitening @ covariance @ whitening.T, np.eye(30), atol=0.06)
    _, log_determinant = np.linalg.slogdet(covariance)
    expected = -0.5 * log_determinant - 15 * np.log(2 * np.pi)
    assert normaliser == pytest.approx(expected, abs=0.05)


def test_flows_tell_the_volume_that_they_make():
    sizes = small("paper", z=3)
    weights = weights_of(sizes)
    z = torch.randn(1, 1, 3, dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(lambda z: net.flow(weights, z)[0], z).view(3, 3)
    _, told = net.flow(weights, z)
    assert told.item() == pytest.approx(torch.linalg.slogdet(jacobian)[1].item())


def test_noise_is_a_draw_a_window_or_one_for_all_of_them():
    random = np.random.default_rng(0)
    assert draw_noise(small("paper"), 9, 6, random).shape == (9, 6, 2)
    shared = draw_noise(small("reference", z=50), 900, 6, random)
    assert shared.shape == (900, 1, 50)
    assert np.abs(shared).max() <= 2
    assert shared.std() == pytest.approx(0.88, abs=0.01)


def test_weights_begin_in_the_range_of_glorot():
    sizes = Sizes("paper", 38, 100, gru=300, dense=200)
    weights = initial_weights(sizes, 0)
    assert {name: x.shape for name, x in weights.items()} == shapes(sizes)
    assert weights["x_mean.kernel"].std() == pytest.approx((2 / 238) ** 0.5, rel=0.02)
    assert weights["encoder.recurrent"].std() == pytest.approx((2 / 638) ** 0.5, rel=0.02)
    assert weights["decoder.bias"].tolist() == [1] * 600 + [0] * 300
    assert all(x.dtype == np.float32 for x in weights.values())


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_training_step_is_that_of_the_plain_one(variant):
    """Also where gradients are cut: the first steps of a fit are."""
    sizes = small(variant, channels=30, gru=16)
    start = initial_weights(sizes, 3)
    fast, other = OmniAnomaly(sizes, start), plain.Plain(sizes, start)
    random = np.random.default_rng(2)
    for _ in range(5):
        x = 30 * random.random((sizes.window, 6, sizes.channels), np.float32)
        noise = draw_noise(sizes, sizes.window, 6, random)
        lost = fast.train_step(x, noise, 1e-2)
        assert lost == pytest.approx(other.train_step(x, noise, 1e-2), rel=1e-3)
    assert max(x.grad.norm() for x in other.parameters) > CLIP_NORM - 1e-3
    for name, x in other.weights.items():
        torch.testing.assert_close(fast.weights[name], x, rtol=1e-2, atol=1e-3, msg=name)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_restored_net_goes_on_as_the_first_would_have(variant):
    sizes = small(variant)
    first, second = (OmniAnomaly(sizes, initial_weights(sizes, seed)) for seed in (1, 2))
    random = np.random.default_rng(2)
    x = random.random((sizes.window, 6, sizes.channels), np.float32)
    noise = draw_noise(sizes, sizes.window, 6, random)
    first.train_step(x, noise, 1e-2)
    second.restore(first.state())
    for _ in range(3):
        assert first.train_step(x, noise, 1e-2) == second.train_step(x, noise, 1e-2)
    for name, kept in first.state().items():
        np.testing.assert_array_equal(second.state()[name], kept)


def test_a_kept_state_does_not_move_with_the_net():
    sizes = small("paper")
    fast = OmniAnomaly(sizes, initial_weights(sizes, 1))
    random = np.random.default_rng(2)
    x = random.random((sizes.window, 6, sizes.channels), np.float32)
    kept = fast.state()
    before = {name: value.copy() for name, value in kept.items()}
    fast.train_step(x, draw_noise(sizes, sizes.window, 6, random), 1e-2)
    for name, value in kept.items():
        np.testing.assert_array_equal(value, before[name])


def test_the_loss_of_no_step_changes_nothing():
    sizes = small("paper")
    fast = OmniAnomaly(sizes, initial_weights(sizes, 1))
    random = np.random.default_rng(2)
    x = random.random((sizes.window, 6, sizes.channels), np.float32)
    noise = draw_noise(sizes, sizes.window, 6, random)
    assert fast.loss(x, noise) == fast.loss(x, noise) == fast.train_step(x, noise, 1e-2)
