"""`model=omnianomaly`: the net of `omnianomaly_net` with its optimiser, a `Detector`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from joulelab.errors import ConfigError
from joulelab.models import omnianomaly_net as net
from joulelab.models.omnianomaly_spec import (
    ADAM,
    CLIP_NORM,
    Q_NET,
    Array,
    Sizes,
    checked_sizes,
    initial_weights,
    prior_whitening,
)
from joulelab.records import ComputeSettings, DataSpec


def build(
    spec: DataSpec,
    compute: ComputeSettings,
    seed: int,
    variant: str = "paper",
    z: int = 3,
    gru: int = 500,
    dense: int = 500,
    flows: int = 20,
) -> OmniAnomaly:
    """ConfigError for values that cannot be, LearnerError for data that are no windows of series."""
    if compute.accelerator == "gpu":
        raise ConfigError(
            "this model computes on the CPU",
            where="hardware.accelerator",
            cure="say hardware.accelerator=cpu",
        )
    sizes = checked_sizes(spec, variant, z, gru, dense, flows)
    return OmniAnomaly(sizes, initial_weights(sizes, seed), half=compute.precision == "bf16")


class OmniAnomaly:
    """See `joulelab.learners.detector.Detector`. `half`: the recurrent products of bfloat16."""

    def __init__(self, sizes: Sizes, weights: Mapping[str, Any], half: bool = False) -> None:
        self.sizes = sizes
        self.weights = {name: torch.from_numpy(np.array(x)) for name, x in weights.items()}
        self.trained = tuple(
            name
            for name in self.weights
            if sizes.variant == "paper" or name.partition(".")[0] not in Q_NET
        )
        for name in self.trained:
            self.weights[name].requires_grad_()
        self._half = half
        whitening, normaliser = prior_whitening(sizes.window)
        self._prior = (torch.from_numpy(whitening.astype(np.float32)), normaliser)
        parameters = [self.weights[name] for name in self.trained]
        self._adam = torch.optim.Adam(parameters, betas=ADAM[:2], eps=ADAM[2], fused=True)

    def train_step(self, windows: Array, noise: Array, lr: float) -> float:
        found = self._loss(windows, noise)
        self._adam.zero_grad()
        found.backward()  # type: ignore[no-untyped-call]
        gradients = [x.grad for x in self._parameters() if x.grad is not None]
        norms = torch._foreach_norm(gradients)
        scales = [(CLIP_NORM / norm.clamp(min=CLIP_NORM)) for norm in norms]
        torch._foreach_mul_(gradients, scales)
        self._adam.param_groups[0]["lr"] = lr
        self._adam.step()
        return float(found.detach())

    def loss(self, windows: Array, noise: Array) -> float:
        with torch.no_grad():
            return float(self._loss(windows, noise))

    def score(self, chunks: Array, noise: Array) -> Array:
        with torch.no_grad():
            x = torch.from_numpy(chunks)
            z = net.encode(self.weights, self.sizes, x, torch.from_numpy(noise), self._half).z
            moved, _ = net.flow(self.weights, z)
            found = net.log_likelihood(self.weights, self.sizes, x, moved, self._half)
            return found.neg().numpy()

    def state(self) -> dict[str, Any]:
        kept: dict[str, Any] = {
            f"weights/{name}": x.detach().numpy().copy() for name, x in self.weights.items()
        }
        step = 0
        for name in self.trained:
            x = self.weights[name]
            moments = self._adam.state.get(x, {})
            step = int(moments.get("step", 0))
            for key, moment in (("adam_m", "exp_avg"), ("adam_v", "exp_avg_sq")):
                found = moments.get(moment)
                kept[f"{key}/{name}"] = (
                    np.zeros(x.shape, np.float32) if found is None else found.numpy().copy()
                )
        return {**kept, "adam_step": np.array(step)}

    def restore(self, state: Mapping[str, Any]) -> None:
        step = float(state["adam_step"])
        with torch.no_grad():
            for name, x in self.weights.items():
                x.copy_(_like(x, state[f"weights/{name}"]))
        for name in self.trained:
            x = self.weights[name]
            self._adam.state[x] = {
                "step": torch.tensor(step),
                "exp_avg": _like(x, state[f"adam_m/{name}"]),
                "exp_avg_sq": _like(x, state[f"adam_v/{name}"]),
            }

    def _parameters(self) -> list[Tensor]:
        return [self.weights[name] for name in self.trained]

    def _loss(self, windows: Array, noise: Array) -> Tensor:
        x, drawn = torch.from_numpy(windows), torch.from_numpy(noise)
        return net.loss(self.weights, self.sizes, x, drawn, self._prior, self._half)


def _like(x: Tensor, array: Any) -> Tensor:
    """ValueError for another shape."""
    if tuple(np.shape(array)) != tuple(x.shape):
        raise ValueError(f"shape {np.shape(array)} is not {tuple(x.shape)}")
    return torch.from_numpy(np.array(array, np.float32))
