"""OmniAnomaly as TensorFlow graphs. Import after `load_tensorflow`.

Symbols as in `omnianomaly_spec`: T steps, B windows, D channels, Z latent dimensions, H units, E dense
units. Weights are a dict of tensors by name. Time comes first everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from joulelab.models.gru_tf import gru
from joulelab.models.omnianomaly_spec import ADAM, CLIP_NORM, STD_FLOOR, Sizes, prior_whitening

Tensors = Mapping[str, Any]
_HALF_LN_2_PI = 0.5 * math.log(2 * math.pi)


def loss(sizes: Sizes, weights: Tensors, windows: Any, noise: Any, half: bool = False) -> Any:
    """(): nats a step of a window, of (T, B, D) windows and (T, B or 1, Z) noise.

    log q(z|x) - log p(x|z), `paper` less log p(z) too. `reference` trains what its released code
    trains: nothing gets a gradient through the recurrence of z.
    """
    z, std = encode(sizes, weights, windows, noise, half)
    log_q = -0.5 * tf.square(noise) - tf.math.log(std) - _HALF_LN_2_PI
    if sizes.variant == "reference":
        z, log_q = tf.stop_gradient(z), tf.stop_gradient(log_q)
    z, log_determinant = flow(sizes, weights, z)
    rest = tf.reduce_sum(log_determinant)
    rest = rest + tf.reduce_sum(log_likelihood(weights, z, windows, half))
    points = tf.cast(tf.shape(windows)[0] * tf.shape(windows)[1], tf.float32)
    mean = (tf.reduce_sum(log_q) - rest) / points
    if sizes.variant == "reference":
        return mean
    whitening, normaliser = prior_whitening(sizes.window)
    whitening = tf.constant(whitening, tf.float32)
    white = tf.matmul(whitening, tf.reshape(z, (sizes.window, -1)))
    return mean + tf.nn.l2_loss(white) / points - sizes.z * normaliser / sizes.window


def score(sizes: Sizes, weights: Tensors, chunks: Any, noise: Any, half: bool = False) -> Any:
    """(L, B) minus log p(x_t | z_t) of (L, B, D) chunks of any length."""
    z, _ = flow(sizes, weights, encode(sizes, weights, chunks, noise, half)[0])
    return -log_likelihood(weights, z, chunks, half)


def encode(sizes: Sizes, weights: Tensors, windows: Any, noise: Any, half: bool) -> tuple[Any, Any]:
    """(T, B, Z) samples before the flows, and their standard deviation."""
    states = gru(windows, *_gru(weights, "encoder"), half=half)
    names = ("z_mean", "z_std")
    heads = tf.concat([weights[f"{name}.kernel"] for name in names], 1)
    biases = tf.concat([weights[f"{name}.bias"] for name in names], 0)
    upper, recurrent = heads[: sizes.dense], heads[sizes.dense :]
    drive = _dense(weights, "encoder", states, upper, biases)
    z, std = _latent(drive, recurrent, noise)
    return z, std


def flow(sizes: Sizes, weights: Tensors, z: Any) -> tuple[Any, Any]:
    """(T, B, Z) after the planar layers of Rezende & Mohamed 2015, and (T B, F) log determinants."""
    flat = tf.reshape(z, (-1, sizes.z))
    w, u = weights["flow.w"], weights["flow.u"]
    dot = tf.reduce_sum(w * u, 1, keepdims=True)
    # w u' > -1 keeps a layer invertible (their appendix A.1).
    u = u + (tf.nn.softplus(dot) - 1 - dot) * w / tf.reduce_sum(w * w, 1, keepdims=True)
    slopes = []
    for layer in range(sizes.flows):
        inner = tf.matmul(flat, w[layer, :, None]) + weights["flow.b"][layer]
        bent = tf.tanh(inner)
        slopes.append(1 - tf.square(bent))
        flat = flat + bent * u[layer]
    if not slopes:
        return z, tf.zeros((tf.shape(flat)[0], 0))
    volume = tf.concat(slopes, 1) * tf.reduce_sum(w * u, 1)
    return tf.reshape(flat, tf.shape(z)), tf.math.log1p(volume)


def log_likelihood(weights: Tensors, z: Any, windows: Any, half: bool) -> Any:
    """(T, B) ln p(x_t | z), summed over channels."""
    names = ("x_mean", "x_std")
    heads = tf.concat([weights[f"{name}.kernel"] for name in names], 1)
    biases = tf.concat([weights[f"{name}.bias"] for name in names], 0)
    states = gru(z, *_gru(weights, "decoder"), half=half)
    both = _dense(weights, "decoder", states, heads, biases)
    mean, std = tf.split(both, 2, axis=2)
    std = tf.nn.softplus(std) + STD_FLOOR
    squares = 0.5 * tf.square((windows - mean) / std) + tf.math.log(std)
    return -tf.reduce_sum(squares, 2) - mean.shape[2] * _HALF_LN_2_PI


def update(
    weights: Tensors, m: Tensors, v: Tensors, gradients: Tensors, rate: Any, small: Any
) -> None:
    """Adam in place, each gradient scaled down to CLIP_NORM by itself. `rate` and `small` (epsilon) have
    Adam's bias corrections in them: the kernel's own are switched off."""
    for name, gradient in gradients.items():
        norm = tf.sqrt(2 * tf.nn.l2_loss(gradient))
        tf.raw_ops.ResourceApplyAdam(
            var=weights[name].handle,
            m=m[name].handle,
            v=v[name].handle,
            beta1_power=0.0,
            beta2_power=0.0,
            lr=rate,
            beta1=ADAM[0],
            beta2=ADAM[1],
            epsilon=small,
            grad=gradient * (CLIP_NORM / tf.maximum(norm, CLIP_NORM)),
        )


def _gru(weights: Tensors, layer: str) -> tuple[Any, Any, Any, Any]:
    kernel, recurrent = weights[f"{layer}.kernel"], weights[f"{layer}.recurrent"]
    return kernel, recurrent, weights[f"{layer}.bias"], weights[f"{layer}.recurrent_bias"]


def _dense(weights: Tensors, side: str, states: Any, head: Any, head_bias: Any) -> Any:
    """(T, B, outputs) of two dense layers and a head without activations between them: one matmul, as
    they are one linear map. Where E is the narrowest place, two."""
    first, second = (weights[f"{side}_dense_{i}.kernel"] for i in (1, 2))
    bias = tf.linalg.matvec(second, weights[f"{side}_dense_1.bias"], transpose_a=True)
    bias = bias + weights[f"{side}_dense_2.bias"]
    steps, batch = tf.shape(states)[0], tf.shape(states)[1]
    flat = tf.reshape(states, (-1, first.shape[0]))
    if first.shape[1] < head.shape[1]:
        dense = tf.nn.bias_add(tf.matmul(flat, tf.matmul(first, second)), bias)
        answer = tf.nn.bias_add(tf.matmul(dense, head), head_bias)
    else:
        folded = tf.matmul(first, tf.matmul(second, head))
        bias = tf.linalg.matvec(head, bias, transpose_a=True) + head_bias
        answer = tf.nn.bias_add(tf.matmul(flat, folded), bias)
    return tf.reshape(answer, (steps, batch, head.shape[1]))


@tf.custom_gradient  # type: ignore[untyped-decorator]
def _latent(drive: Any, recurrent: Any, noise: Any) -> Any:
    """z_t = mean_t + std_t noise_t and std_t, each (T, B, Z), from z = 0 on.

    [mean_t, s_t] = drive_t + z_{t-1} recurrent, std_t = softplus(s_t) + STD_FLOOR. The gradient by hand
    for the same reason as the GRU's.
    """
    size = recurrent.shape[0]
    steps, batch = tf.shape(drive)[0], tf.shape(drive)[1]

    def body(t: Any, z: Any, raws: Any, zs: Any) -> Any:
        raw = drive[t] + tf.matmul(z, recurrent)
        z = raw[:, :size] + (tf.nn.softplus(raw[:, size:]) + STD_FLOOR) * noise[t]
        return t + 1, z, raws.write(t, raw[:, size:]), zs.write(t, z)

    arrays = [tf.TensorArray(tf.float32, steps, element_shape=(None, size)) for _ in range(2)]
    start = (0, tf.zeros((batch, size)), *arrays)
    _, _, raws, zs = tf.while_loop(lambda t, *_: t < steps, body, start)
    z, raw = zs.stack(), raws.stack()

    def gradient(d_z: Any, d_std: Any) -> Any:
        slope = tf.sigmoid(raw)

        def back(t: Any, later: Any, d_drives: Any) -> Any:
            d = d_z[t] + later
            d_raw = tf.concat([d, (d * noise[t] + d_std[t]) * slope[t]], 1)
            return t - 1, tf.matmul(d_raw, recurrent, transpose_b=True), d_drives.write(t, d_raw)

        array = tf.TensorArray(tf.float32, steps, element_shape=(None, 2 * size))
        start = (steps - 1, tf.zeros((batch, size)), array)
        d_drives = tf.while_loop(lambda t, *_: t >= 0, back, start)[2]
        before = tf.concat([tf.zeros((batch, size)), tf.reshape(z[:-1], (-1, size))], 0)
        d_recurrent = tf.matmul(before, d_drives.concat(), transpose_a=True)
        return d_drives.stack(), d_recurrent, None

    return (z, tf.nn.softplus(raw) + STD_FLOOR), gradient
