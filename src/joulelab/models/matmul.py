"""Products of matrices by oneDNN where it is faster than what torch takes.

`torch.mm` asks MKL, which keeps to AVX2 on processors that are not Intel's; oneDNN, which torch ships
too, takes what the processor has: 2.2 times as fast in float32 on an EPYC with AVX-512, measured by
`python -m benchmarks.omnianomaly`. Its operator is the one that `torch.compile` emits for linear layers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

Product = Callable[[Tensor], Tensor]


def _linear() -> Any:
    """oneDNN's x @ weight.T, None where this torch or machine has none."""
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return None
    try:
        operator = torch.ops.mkldnn._linear_pointwise.default
        operator(torch.zeros(2, 2), torch.zeros(2, 2), None, "none", [], "")
    except (AttributeError, RuntimeError, TypeError):
        return None
    return operator


_LINEAR = _linear()


def product(x: Tensor, y: Tensor) -> Tensor:
    """x @ y of (m, k) and (k, n), whatever their strides; outside of autograd."""
    if _LINEAR is None or x.dtype != torch.float32 or x.device.type != "cpu":
        return x @ y
    found: Tensor = _LINEAR(x, y.t(), None, "none", [], "")
    return found


def times(y: Tensor, rows: int, half: bool = False) -> Product:
    """x -> x @ y for many x of `rows` rows: y is brought into the form that suits it best once. `half`:
    both are rounded to bfloat16, sums stay float32 inside."""
    if y.device.type != "cpu" or y.dtype != torch.float32 or _LINEAR is None:
        return lambda x: x @ y
    weight = y.t().contiguous()
    if half:
        weight = weight.bfloat16()
    packed = torch.ops.mkldnn._reorder_linear_weight(weight, rows)
    if half:
        return lambda x: _LINEAR(x.bfloat16(), packed, None, "none", [], "").float()
    return lambda x: _LINEAR(x, packed, None, "none", [], "")


class _Matmul(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, y: Tensor) -> Tensor:
        ctx.save_for_backward(x, y)
        return product(x, y)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None]:
        x, y = ctx.saved_tensors
        (gradient,) = gradients
        of_x = product(gradient, y.t()) if ctx.needs_input_grad[0] else None
        of_y = product(x.t(), gradient) if ctx.needs_input_grad[1] else None
        return of_x, of_y


def matmul(x: Tensor, y: Tensor) -> Tensor:
    """x @ y of (..., k) and (k, n), with gradients."""
    rows: Tensor = _Matmul.apply(x.reshape(-1, x.shape[-1]), y)  # type: ignore[no-untyped-call]
    return rows.reshape(*x.shape[:-1], y.shape[-1])
