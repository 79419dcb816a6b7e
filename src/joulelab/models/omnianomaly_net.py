"""OmniAnomaly's parts in torch: functions of named weights (`omnianomaly_spec.shapes`), time first.

Two things make it fast without changing what it computes. Between a GRU and what follows it lie two
layers without activation: their product is formed once a call and applied to the states (gradients reach
the factors). And z_{t-1} enters z_t through a few numbers only: the states' share of them is one product
over all steps, the loop keeps (b, z) by (z, 2z).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from joulelab.models.gru import Weights, gru, gru_states
from joulelab.models.matmul import matmul
from joulelab.models.omnianomaly_spec import STD_FLOOR, Sizes

Named = Mapping[str, Tensor]

_HALF_LN_TAU = 0.5 * math.log(2 * math.pi)


class Latent(NamedTuple):
    """z before the flows and its standard deviation, (T, b, z)."""

    z: Tensor
    std: Tensor


def gru_weights(weights: Named, name: str) -> Weights:
    return (
        weights[f"{name}.kernel"],
        weights[f"{name}.recurrent"],
        weights[f"{name}.bias"],
        weights[f"{name}.recurrent_bias"],
    )


def folded(weights: Named, net: str, kernel: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """The two linear layers of a net and the one after them as one: (h, n) and (n,)."""
    first, second = f"{net}_dense_1", f"{net}_dense_2"
    behind = matmul(weights[f"{second}.kernel"], kernel)
    moved = (weights[f"{first}.bias"] @ weights[f"{second}.kernel"]) + weights[f"{second}.bias"]
    return matmul(weights[f"{first}.kernel"], behind), moved @ kernel + bias


def encode(weights: Named, sizes: Sizes, x: Tensor, noise: Tensor, half: bool = False) -> Latent:
    """q(z | x) at the given noise; z_0 = 0. In `reference`, and without gradients, nothing is kept."""
    kernel = torch.cat((weights["z_mean.kernel"], weights["z_std.kernel"]), dim=1)
    bias = torch.cat((weights["z_mean.bias"], weights["z_std.bias"]))
    trained = sizes.variant == "paper" and torch.is_grad_enabled()
    with torch.set_grad_enabled(trained):
        of_states, offset = folded(weights, "encoder", kernel[: sizes.dense], bias)
        states = (gru if trained else gru_states)(x, gru_weights(weights, "encoder"), half)
        ahead = matmul(states, of_states) + offset
        return Latent(*_Recurrence.apply(ahead, kernel[sizes.dense :], noise))  # type: ignore[no-untyped-call]


class _Recurrence(torch.autograd.Function):
    """mean_t, s_t = ahead_t + z_{t-1} @ kernel; std_t = softplus(s_t) + floor; z_t = mean_t +
    std_t noise_t."""

    @staticmethod
    def forward(ctx: Any, ahead: Tensor, kernel: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        steps, batch, twice = ahead.shape
        n = twice // 2
        z = ahead.new_zeros(steps + 1, batch, n)
        raw, std = torch.empty_like(ahead), ahead.new_empty(steps, batch, n)
        for t in range(steps):
            torch.addmm(ahead[t], z[t], kernel, out=raw[t])
            torch.add(F.softplus(raw[t, :, n:]), STD_FLOOR, out=std[t])
            torch.addcmul(raw[t, :, :n], std[t], noise[t], out=z[t + 1])
        ctx.save_for_backward(z, raw, kernel, noise)
        return z[1:], std

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None]:
        z, raw, kernel, noise = ctx.saved_tensors
        of_z, of_std = gradients
        steps, _, n = of_z.shape
        slope, turned = torch.sigmoid(raw[..., n:]), kernel.t().contiguous()
        out = torch.empty_like(raw)
        carried = of_z[steps - 1].clone()
        for t in range(steps - 1, -1, -1):
            out[t, :, :n] = carried
            torch.mul(torch.addcmul(of_std[t], carried, noise[t]), slope[t], out=out[t, :, n:])
            if t > 0:
                carried = torch.addmm(of_z[t - 1], out[t], turned)
        return out, z[:-1].reshape(-1, n).t() @ out.view(-1, 2 * n), None


def flow(weights: Named, z: Tensor) -> tuple[Tensor, Tensor]:
    """(T, b, z) through the planar layers, and the logarithm of the volume that they make (T, b).

    Rezende & Mohamed, ICML 2015; u is bent so that each layer can be inverted (their appendix).
    """
    w, u, b = weights["flow.w"], weights["flow.u"], weights["flow.b"]
    inner = (w * u).sum(1, keepdim=True)
    bent = u + (F.softplus(inner) - 1 - inner) * w / w.square().sum(1, keepdim=True)
    volumes = (w * bent).sum(1)
    log_volume = torch.zeros_like(z[..., 0])
    for k in range(len(w)):
        height = torch.tanh(z @ w[k] + b[k])
        z = z + height.unsqueeze(-1) * bent[k]
        log_volume = log_volume + torch.log1p((1 - height.square()) * volumes[k])
    return z, log_volume


def log_likelihood(
    weights: Named, sizes: Sizes, x: Tensor, z: Tensor, half: bool = False
) -> Tensor:
    """log p(x_t | z) (T, b), summed over the channels, in nats."""
    kernel = torch.cat((weights["x_mean.kernel"], weights["x_std.kernel"]), dim=1)
    bias = torch.cat((weights["x_mean.bias"], weights["x_std.bias"]))
    of_states, offset = folded(weights, "decoder", kernel, bias)
    run = gru if torch.is_grad_enabled() else gru_states
    found = matmul(run(z, gru_weights(weights, "decoder"), half), of_states) + offset
    std = F.softplus(found[..., sizes.channels :]) + STD_FLOOR
    distance = (x - found[..., : sizes.channels]) / std
    return -(0.5 * distance.square() + torch.log(std)).sum(-1) - sizes.channels * _HALF_LN_TAU


def log_prior(whitening: Tensor, normaliser: float, z: Tensor) -> Tensor:
    """log p(z_1 .. z_T), summed over windows and latent dimensions, of (T, b, z)."""
    series = z.reshape(len(z), -1)
    return normaliser * series.shape[1] - 0.5 * (whitening @ series).square().sum()


def loss(
    weights: Named,
    sizes: Sizes,
    windows: Tensor,
    noise: Tensor,
    prior: tuple[Tensor, float],
    half: bool = False,
) -> Tensor:
    """log q(z | x) - log p(x | z) - log p(z), the latter in `paper` only; nats a step of a window.

    In `reference` the q-net has no gradient; that of the flows' volume, a part of log q, stays, as in
    the released code.
    """
    z, std = encode(weights, sizes, windows, noise, half)
    moved, log_volume = flow(weights, z)
    # z was made from the noise: its distance to the mean in standard deviations is the noise itself.
    spread = torch.log(std) + 0.5 * noise.square() + _HALF_LN_TAU
    total = -spread.sum() - log_volume.sum()
    total = total - log_likelihood(weights, sizes, windows, moved, half).sum()
    if sizes.variant == "paper":
        total = total - log_prior(*prior, moved)
    return total / (windows.shape[0] * windows.shape[1])
