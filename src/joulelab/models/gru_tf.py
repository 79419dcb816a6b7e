"""A GRU for TensorFlow whose gradient is written by hand.

The backward loop holds only what is recurrent; the gradients of kernel and recurrent kernel are one
matmul each over all steps. Import after `load_tensorflow`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf


def gru(
    inputs: Any, kernel: Any, recurrent: Any, bias: Any, recurrent_bias: Any, half: bool = False
) -> Any:
    """(T, B, H) hidden states of (T, B, I) inputs, from h = 0; T and B may be open. `half`: recurrent
    products of bfloat16.

    a = x kernel + bias, c = h recurrent + recurrent_bias, each (B, 3H) in the order r, u, n:
    r = sigmoid(a_r + c_r), u = sigmoid(a_u + c_u), n = tanh(a_n + r c_n), h' = (1 - u) n + u h.
    The convention of torch.nn.GRU and of Keras' `reset_after=True` (Cho et al. 2014 put r before the
    matmul).
    """
    steps, batch = tf.shape(inputs)[0], tf.shape(inputs)[1]
    flat = tf.reshape(inputs, (-1, kernel.shape[0]))
    gates = tf.nn.bias_add(tf.matmul(flat, kernel), bias)
    gates = tf.reshape(gates, (steps, batch, kernel.shape[1]))
    recur = _recur_half if half else _recur
    return recur(gates, recurrent, recurrent_bias)


@tf.custom_gradient  # type: ignore[untyped-decorator]
def _recur(gates: Any, recurrent: Any, recurrent_bias: Any) -> Any:
    return _forward(gates, recurrent, recurrent_bias, half=False)


@tf.custom_gradient  # type: ignore[untyped-decorator]
def _recur_half(gates: Any, recurrent: Any, recurrent_bias: Any) -> Any:
    return _forward(gates, recurrent, recurrent_bias, half=True)


def _forward(gates: Any, recurrent: Any, recurrent_bias: Any, half: bool) -> Any:
    """(T, B, H) states of the (T, B, 3H) part of the gates that depends on inputs only; and the
    function that gives the gradients of the three."""
    width = recurrent.shape[0]
    steps, batch = tf.shape(gates)[0], tf.shape(gates)[1]
    times = _times(recurrent, half)

    def body(t: Any, h: Any, *saved: Any) -> Any:
        a, c = gates[t], tf.nn.bias_add(times(h), recurrent_bias)
        ru = tf.sigmoid(a[:, : 2 * width] + c[:, : 2 * width])
        r, u, c_n = ru[:, :width], ru[:, width:], c[:, 2 * width :]
        n = tf.tanh(a[:, 2 * width :] + r * c_n)
        h = n + u * (h - n)
        kept = zip(saved, (h, ru, n, c_n), strict=True)
        return (t + 1, h, *(array.write(t, value) for array, value in kept))

    arrays = [_array(steps, size) for size in (width, 2 * width, width, width)]
    start = (0, tf.zeros((batch, width), gates.dtype), *arrays)
    _, _, states, *saved = tf.while_loop(lambda t, *_: t < steps, body, start)
    states = states.stack()

    def gradient(upstream: Any) -> Any:
        return _backward(upstream, states, saved, recurrent, half)

    return states, gradient


def _backward(
    upstream: Any, states: Any, saved: Any, recurrent: Any, half: bool
) -> tuple[Any, Any, Any]:
    """Gradients of `_forward`'s three arguments, from that of its (T, B, H) result."""
    width, steps = recurrent.shape[0], tf.shape(states)[0]
    before = tf.concat([tf.zeros_like(states[:1]), states[:-1]], 0)
    times = _times(recurrent, half, transposed=True)

    def body(t: Any, d_h: Any, d_as: Any, d_cs: Any) -> Any:
        d_h = d_h + upstream[t]
        ru, n, c_n = (array.read(t) for array in saved)
        r, u = ru[:, :width], ru[:, width:]
        d_n = tf.raw_ops.TanhGrad(y=n, dy=d_h * (1 - u))
        d_gates = tf.concat([d_n * c_n, d_h * (before[t] - n)], 1)
        d_ru = tf.raw_ops.SigmoidGrad(y=ru, dy=d_gates)
        d_c = tf.concat([d_ru, d_n * r], 1)
        d_before = d_h * u + times(d_c)
        return t - 1, d_before, d_as.write(t, tf.concat([d_ru, d_n], 1)), d_cs.write(t, d_c)

    arrays = [_array(steps, 3 * width) for _ in range(2)]
    start = (steps - 1, tf.zeros_like(states[0]), *arrays)
    _, _, d_as, d_cs = tf.while_loop(lambda t, *_: t >= 0, body, start)
    d_c = d_cs.concat()
    d_recurrent = tf.matmul(tf.reshape(before, (-1, width)), d_c, transpose_a=True)
    return d_as.stack(), d_recurrent, tf.reduce_sum(d_c, 0)


def _array(steps: Any, size: int) -> Any:
    return tf.TensorArray(tf.float32, steps, element_shape=(None, size))


def _times(matrix: Any, half: bool, transposed: bool = False) -> Callable[[Any], Any]:
    """x -> x matrix, or x times its transpose."""
    if not half:
        return lambda x: tf.matmul(x, matrix, transpose_b=transposed)
    short = tf.cast(matrix, tf.bfloat16)

    def times(x: Any) -> Any:
        found = tf.matmul(tf.cast(x, tf.bfloat16), short, transpose_b=transposed)
        return tf.cast(found, tf.float32)

    return times
