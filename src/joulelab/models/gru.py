"""A GRU over whole sequences, faster than stepping a cell.

As `torch.nn.GRU` (the reset gate after the recurrent matmul), but matrices are (in, out) and sequences
time first. What the steps share is taken out of them: the input's projection before, the gradients of
both matrices after, each one product over all steps instead of one a step; what is left in a step is one
product and what must follow it.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from joulelab.models.matmul import product, times

Weights = tuple[Tensor, Tensor, Tensor, Tensor]
"""kernel (d, 3h), recurrent (h, 3h), bias (3h,), recurrent_bias (3h,); blocks reset, update, new."""


def gru(x: Tensor, weights: Weights, half: bool = False) -> Tensor:
    """(T, b, h) states of (T, b, d) inputs, from a state of 0. `half`: recurrent products of
    bfloat16."""
    states: Tensor = _Sequence.apply(x, *weights, half)  # type: ignore[no-untyped-call]
    return states


def gru_states(x: Tensor, weights: Weights, half: bool = False) -> Tensor:
    """The same without gradients: nothing is kept but the states."""
    with torch.no_grad():
        return _forward(x, weights, half, keep=False)[0][1:]


def _forward(x: Tensor, weights: Weights, half: bool, keep: bool) -> tuple[Tensor, Tensor, Tensor]:
    """States (T + 1, b, h), the first 0; gates r, u, n (T, b, 3h); what r multiplies (T, b, h). The
    latter two are of the last step alone unless `keep`."""
    kernel, recurrent, bias, recurrent_bias = weights
    steps, batch, _ = x.shape
    h = recurrent.shape[0]
    shared = bias.clone()
    shared[: 2 * h] += recurrent_bias[: 2 * h]
    of_new = recurrent_bias[2 * h :]
    gates = product(x.reshape(steps * batch, -1), kernel).view(steps, batch, 3 * h)
    gates += shared
    states = x.new_zeros(steps + 1, batch, h)
    inner = x.new_empty(steps if keep else 1, batch, h)
    step = times(recurrent, batch, half)
    for t in range(steps):
        ahead, gate, held = step(states[t]), gates[t], inner[t if keep else 0]
        torch.add(ahead[:, 2 * h :], of_new, out=held)
        gate[:, : 2 * h].add_(ahead[:, : 2 * h]).sigmoid_()
        new = gate[:, 2 * h :]
        new.addcmul_(gate[:, :h], held).tanh_()
        torch.lerp(new, states[t], gate[:, h : 2 * h], out=states[t + 1])
    return states, gates, inner


class _Sequence(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        kernel: Tensor,
        recurrent: Tensor,
        bias: Tensor,
        recurrent_bias: Tensor,
        half: bool,
    ) -> Tensor:
        weights = (kernel, recurrent, bias, recurrent_bias)
        states, gates, inner = _forward(x, weights, half, keep=True)
        ctx.save_for_backward(x, kernel, recurrent, states, gates, inner)
        ctx.half = half
        return states[1:]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        x, kernel, recurrent, states, gates, inner = ctx.saved_tensors
        h = recurrent.shape[0]
        of_ahead, of_new = _steps_back(gradients[0], recurrent, states, gates, inner, ctx.half)
        rows = of_ahead.shape[0] * of_ahead.shape[1]
        flat, flat_new = of_ahead.view(rows, 3 * h), of_new.view(rows, h)
        flat_x = x.reshape(rows, -1)
        of_recurrent = product(states[:-1].view(rows, h).t(), flat)
        of_recurrent_bias = flat.sum(0)
        # Whole matrices: oneDNN is slow on a block of columns, so the third block is made in vain.
        of_kernel = product(flat_x.t(), flat)
        of_kernel[:, 2 * h :] = product(flat_x.t(), flat_new)
        of_bias = torch.cat((of_recurrent_bias[: 2 * h], flat_new.sum(0)))
        of_x = None
        if ctx.needs_input_grad[0]:
            gates_only = kernel.clone()
            gates_only[:, 2 * h :] = 0
            of_x = product(flat, gates_only.t())
            of_x += product(flat_new, kernel[:, 2 * h :].contiguous().t())
            of_x = of_x.view(x.shape)
        return of_x, of_kernel, of_recurrent, of_bias, of_recurrent_bias, None


def _steps_back(
    gradient: Tensor, recurrent: Tensor, states: Tensor, gates: Tensor, inner: Tensor, half: bool
) -> tuple[Tensor, Tensor]:
    """Gradients of the recurrent products (T, b, 3h) and of n before its tanh (T, b, h)."""
    steps, batch, h = inner.shape
    of_ahead, of_new = torch.empty_like(gates), torch.empty_like(inner)
    back = times(recurrent.t(), batch, half)
    carried = torch.zeros_like(inner[0])
    for t in range(steps - 1, -1, -1):
        gate, out, of_n = gates[t], of_ahead[t], of_new[t]
        r, u, n = gate[:, :h], gate[:, h : 2 * h], gate[:, 2 * h :]
        carried += gradient[t]
        kept = carried * u
        torch.ops.aten.tanh_backward.grad_input(carried - kept, n, grad_input=of_n)
        of_u = torch.sub(states[t], n).mul_(carried)
        torch.ops.aten.sigmoid_backward.grad_input(of_u, u, grad_input=out[:, h : 2 * h])
        torch.ops.aten.sigmoid_backward.grad_input(of_n * inner[t], r, grad_input=out[:, :h])
        torch.mul(of_n, r, out=out[:, 2 * h :])
        if t > 0:
            carried = back(out).add_(kept)
    return of_ahead, of_new
