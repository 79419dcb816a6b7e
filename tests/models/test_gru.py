from __future__ import annotations

import pytest
import torch

from joulelab.models.gru import gru, gru_states
from joulelab.models.matmul import matmul, product, times


def pair(inputs, units, dtype):
    """torch's own and its weights in our form."""
    torch.manual_seed(0)
    own = torch.nn.GRU(inputs, units).to(dtype)
    weights = (own.weight_ih_l0.t(), own.weight_hh_l0.t(), own.bias_ih_l0, own.bias_hh_l0)
    return own, [x.detach().clone().contiguous().requires_grad_() for x in weights]


def test_gradients_are_those_of_finite_differences():
    _, weights = pair(3, 4, torch.float64)
    x = torch.randn(6, 2, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x, *w: gru(x, w), (x, *weights))


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-5)])
def test_states_and_gradients_are_those_of_torch(dtype, tolerance):
    own, weights = pair(5, 32, dtype)
    x = torch.randn(20, 7, 5, dtype=dtype)
    at, there = x.clone().requires_grad_(), x.clone().requires_grad_()
    weight = torch.randn(20, 7, 32, dtype=dtype)
    states, expected = gru(at, weights), own(there)[0]
    (states * weight).sum().backward()
    (expected * weight).sum().backward()
    near = {"rtol": tolerance, "atol": 10 * tolerance}
    torch.testing.assert_close(states, expected, **near)
    torch.testing.assert_close(gru_states(x, weights), expected, **near)
    torch.testing.assert_close(at.grad, there.grad, **near)
    theirs = (own.weight_ih_l0, own.weight_hh_l0, own.bias_ih_l0, own.bias_hh_l0)
    for found, known in zip(weights, theirs, strict=True):
        wanted = known.grad.t() if known.grad.ndim == 2 else known.grad
        torch.testing.assert_close(found.grad, wanted, **near)


def test_a_later_call_leaves_an_earlier_one_its_gradients():
    _, weights = pair(3, 8, torch.float64)
    x = torch.randn(5, 2, 3, dtype=torch.float64)
    first = gru(x, weights)
    gru(2 * x, weights).sum().backward()
    for weight in weights:
        weight.grad = None
    first.sum().backward()
    found = [weight.grad.clone() for weight in weights]
    again = torch.autograd.grad(gru(x, weights).sum(), weights)
    for one, other in zip(found, again, strict=True):
        torch.testing.assert_close(one, other)


def test_bfloat16_is_near():
    _, weights = pair(5, 64, torch.float32)
    x = torch.randn(30, 4, 5)
    with torch.no_grad():
        away = (gru(x, weights, half=True) - gru(x, weights)).abs().max()
    assert 0 < away < 0.03


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_products_are_those_of_torch_whatever_the_strides(dtype, turned):
    torch.manual_seed(0)
    x, y = torch.randn(9, 17, dtype=dtype), torch.randn(17, 5, dtype=dtype)
    if turned:
        x, y = x.t().contiguous().t(), y.t().contiguous().t()
    torch.testing.assert_close(product(x, y), x @ y)
    torch.testing.assert_close(times(y, 9)(x), x @ y)


def test_matmul_has_both_gradients():
    x = torch.randn(2, 3, 4, dtype=torch.float64, requires_grad=True)
    y = torch.randn(4, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(matmul, (x, y))
