"""OmniAnomaly written as it is read, a step at a time: what the fast one is measured and tested against.

Same weights, same noise, same loss as `joulelab.models.omnianomaly_net`; torch's own cell for each step,
every linear layer applied as it stands, z_{t-1} set beside each state, gradients by autograd.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

from joulelab.models.omnianomaly_spec import ADAM, CLIP_NORM, Q_NET, STD_FLOOR, Sizes

Named = Mapping[str, Tensor]
_HALF_LN_TAU = 0.5 * math.log(2 * math.pi)


def dense(weights: Named, name: str, x: Tensor) -> Tensor:
    return x @ weights[f"{name}.kernel"] + weights[f"{name}.bias"]


def rnn(weights: Named, name: str, x: Tensor) -> Tensor:
    kernel, recurrent = weights[f"{name}.kernel"].t(), weights[f"{name}.recurrent"].t()
    h = x.new_zeros(x.shape[1], recurrent.shape[1])
    states = []
    for x_t in x:
        biases = (weights[f"{name}.bias"], weights[f"{name}.recurrent_bias"])
        h = torch.gru_cell(x_t, h, kernel, recurrent, *biases)
        states.append(h)
    out = dense(weights, f"{name}_dense_1", torch.stack(states))
    return dense(weights, f"{name}_dense_2", out)


def normal(x: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    return -0.5 * ((x - mean) / std).square() - torch.log(std) - _HALF_LN_TAU


def q_net(weights: Named, x: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
    """z before the flows (T, b, z) and its log density (T, b)."""
    states = rnn(weights, "encoder", x)
    z_t = x.new_zeros(x.shape[1], noise.shape[-1])
    z, density = [], []
    for t, state in enumerate(states):
        beside = torch.cat((state, z_t), dim=1)
        mean = dense(weights, "z_mean", beside)
        std = F.softplus(dense(weights, "z_std", beside)) + STD_FLOOR
        z_t = mean + std * noise[t]
        z.append(z_t)
        density.append(normal(z_t, mean, std).sum(1))
    return torch.stack(z), torch.stack(density)


def flows(weights: Named, z: Tensor) -> tuple[Tensor, Tensor]:
    volume = z.new_zeros(z.shape[:-1])
    for w, u, b in zip(weights["flow.w"], weights["flow.u"], weights["flow.b"], strict=True):
        inner = w @ u
        bent = u + (F.softplus(inner) - 1 - inner) * w / (w @ w)
        height = torch.tanh(z @ w + b)
        slope = (1 - height.square()).unsqueeze(-1) * w
        volume = volume + torch.log((1 + slope @ bent).abs())
        z = z + bent * height.unsqueeze(-1)
    return z, volume


def p_net(weights: Named, x: Tensor, z: Tensor) -> Tensor:
    """log p(x_t | z) (T, b)."""
    states = rnn(weights, "decoder", z)
    std = F.softplus(dense(weights, "x_std", states)) + STD_FLOOR
    return normal(x, dense(weights, "x_mean", states), std).sum(-1)


def prior(z: Tensor) -> Tensor:
    """log p(z_1 .. z_T) summed over windows and dimensions: a random walk seen through noise."""
    steps = torch.arange(1, len(z) + 1, dtype=z.dtype)
    covariance = torch.minimum(steps[:, None], steps[None, :]) + torch.eye(len(z), dtype=z.dtype)
    walk = torch.distributions.MultivariateNormal(torch.zeros_like(steps), covariance)
    return walk.log_prob(z.reshape(len(z), -1).t()).sum()


def loss(weights: Named, sizes: Sizes, x: Tensor, noise: Tensor) -> Tensor:
    trained = sizes.variant == "paper" and torch.is_grad_enabled()
    with torch.set_grad_enabled(trained):
        z, density = q_net(weights, x, noise)
    moved, volume = flows(weights, z)
    total = density.sum() - volume.sum() - p_net(weights, x, moved).sum()
    if sizes.variant == "paper":
        total = total - prior(moved)
    return total / (x.shape[0] * x.shape[1])


def score(weights: Named, x: Tensor, noise: Tensor) -> Tensor:
    """(b,) minus log p of the last step of each window."""
    with torch.inference_mode():
        moved, _ = flows(weights, q_net(weights, x, noise)[0])
        return -p_net(weights, x, moved)[-1]


class Plain:
    """The same training step as `joulelab.models.omnianomaly.OmniAnomaly.train_step`."""

    def __init__(self, sizes: Sizes, weights: Mapping[str, object]) -> None:
        self.sizes = sizes
        self.weights = {name: torch.tensor(x) for name, x in weights.items()}
        self.parameters = [
            x.requires_grad_()
            for name, x in self.weights.items()
            if sizes.variant == "paper" or name.partition(".")[0] not in Q_NET
        ]
        self.adam = torch.optim.Adam(self.parameters, betas=ADAM[:2], eps=ADAM[2])

    def train_step(self, windows: object, noise: object, lr: float) -> float:
        found = loss(self.weights, self.sizes, torch.tensor(windows), torch.tensor(noise))
        self.adam.zero_grad()
        found.backward()
        for x in self.parameters:
            torch.nn.utils.clip_grad_norm_([x], CLIP_NORM)
        self.adam.param_groups[0]["lr"] = lr
        self.adam.step()
        return float(found.detach())
