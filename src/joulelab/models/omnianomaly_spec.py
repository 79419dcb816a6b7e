"""What OmniAnomaly is, whichever framework computes it: sizes, weights, noise, prior.

Su et al., "Robust Anomaly Detection for Multivariate Time Series through Stochastic Recurrent Neural
Network", KDD 2019, doi 10.1145/3292500.3330672. No framework is imported here, so that two of them can
start from the same weights and see the same noise.

Matrices are (in, out): y = x @ kernel + bias. The three blocks of a GRU are reset, update, new; its
reset gate applies after the recurrent product.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from joulelab.errors import ConfigError, LearnerError
from joulelab.records import DataSpec

Variant = Literal["paper", "reference"]
Array = npt.NDArray[np.float32]

STD_FLOOR = 1e-4
CLIP_NORM = 10.0
"""Each tensor's gradient is scaled down to this norm by itself."""

ADAM = (0.9, 0.999, 1e-8)
"""Decay of the first and second moment, and epsilon, in lr m' / (sqrt(v') + epsilon)."""

Q_NET = ("encoder", "encoder_dense_1", "encoder_dense_2", "z_mean", "z_std")
"""What `variant=reference` never trains."""


@dataclass(frozen=True)
class Sizes:
    """`paper`: the evidence lower bound, trained throughout. `reference`: what the released code trains:
    no prior in the loss, and no gradient through the recurrence of z, so none in the q-net."""

    variant: Variant
    channels: int
    window: int
    z: int = 3
    gru: int = 500
    dense: int = 500
    flows: int = 20


def checked_sizes(
    spec: DataSpec, variant: str, z: int = 3, gru: int = 500, dense: int = 500, flows: int = 20
) -> Sizes:
    """ConfigError for values that cannot be, LearnerError for data that are no windows of series."""
    if variant not in get_args(Variant):
        raise ConfigError(
            f"{variant!r} is no variant",
            where="model.detector.variant",
            cure=f"say one of {', '.join(get_args(Variant))}",
        )
    for key, value, least in (
        ("z", z, 1),
        ("gru", gru, 1),
        ("dense", dense, 1),
        ("flows", flows, 0),
    ):
        if value < least:
            raise ConfigError(
                f"{value} is less than {least}",
                where=f"model.detector.{key}",
                cure=f"say {least} or more",
            )
    if spec.form != "series" or len(spec.input_shape) != 2:
        raise LearnerError(
            f"{spec.name} holds no windows of series", where="data", cure="say data=telemetry"
        )
    channels, window = spec.input_shape
    known: Any = variant
    return Sizes(known, channels, window, z, gru, dense, flows)


def shapes(sizes: Sizes) -> dict[str, tuple[int, ...]]:
    """Of every weight, by name."""
    d, z, e = sizes.channels, sizes.z, sizes.dense
    return {
        **_gru("encoder", d, sizes.gru),
        **_dense("encoder_dense_1", sizes.gru, e),
        **_dense("encoder_dense_2", e, e),
        **_dense("z_mean", e + z, z),
        **_dense("z_std", e + z, z),
        "flow.w": (sizes.flows, z),
        "flow.u": (sizes.flows, z),
        "flow.b": (sizes.flows,),
        **_gru("decoder", z, sizes.gru),
        **_dense("decoder_dense_1", sizes.gru, e),
        **_dense("decoder_dense_2", e, e),
        **_dense("x_mean", e, d),
        **_dense("x_std", e, d),
    }


def _gru(name: str, inputs: int, units: int) -> dict[str, tuple[int, ...]]:
    return {
        f"{name}.kernel": (inputs, 3 * units),
        f"{name}.recurrent": (units, 3 * units),
        f"{name}.bias": (3 * units,),
        f"{name}.recurrent_bias": (3 * units,),
    }


def _dense(name: str, inputs: int, outputs: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.kernel": (inputs, outputs), f"{name}.bias": (outputs,)}


def initial_weights(sizes: Sizes, seed: int) -> dict[str, Array]:
    """As the released code draws them: Glorot's uniform range, a GRU's over input and state together and
    its gates' bias 1, flows N(0, 0.01). `[h, z]` is the input of z_mean and z_std, in this order."""
    random = np.random.default_rng((seed, 0))
    weights: dict[str, Array] = {}
    for name, shape in shapes(sizes).items():
        layer, _, part = name.partition(".")
        drawn = np.zeros(shape)
        if part in ("w", "u"):
            drawn = random.normal(0, 0.01, shape)
        elif len(shape) == 2:
            inputs, outputs = shape
            if layer in ("encoder", "decoder"):
                inputs = sizes.gru + (sizes.channels if layer == "encoder" else sizes.z)
                outputs = sizes.gru
            drawn = random.uniform(-1, 1, shape) * math.sqrt(6 / (inputs + outputs))
        elif part == "bias" and layer in ("encoder", "decoder"):
            drawn[: 2 * sizes.gru] = 1
        weights[name] = drawn.astype(np.float32)
    return weights


def draw_noise(sizes: Sizes, steps: int, batch: int, random: np.random.Generator) -> Array:
    """(steps, batch, z) from N(0, 1), a draw for every window; `reference`: (steps, 1, z), one for all
    of them, from N(0, 1) cut at ±2, as in the released code."""
    if sizes.variant == "paper":
        return random.standard_normal((steps, batch, sizes.z), np.float32)
    drawn = random.standard_normal((steps, 1, sizes.z), np.float32)
    while (outside := np.abs(drawn) > 2).any():
        drawn[outside] = random.standard_normal(int(outside.sum()), np.float32)
    return drawn


def prior_whitening(window: int) -> tuple[npt.NDArray[np.float64], float]:
    """L^-1 (T, T) and c of log p(z_1..z_T) = -|L^-1 z|^2 / 2 + c, a latent dimension each.

    The prior is a random walk seen through noise: s_t = s_{t-1} + N(0, 1), z_t = s_t + N(0, 1), so z is
    Gaussian with covariance min(i, j) + (i == j) = L L^T.
    """
    steps = np.arange(1, window + 1, dtype=np.float64)
    factor = np.linalg.cholesky(np.minimum.outer(steps, steps) + np.eye(window))
    normaliser = -float(np.log(np.diag(factor)).sum()) - window / 2 * math.log(2 * math.pi)
    return np.linalg.inv(factor), normaliser
