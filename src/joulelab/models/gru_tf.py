"""A GRU for TensorFlow whose gradient is written by hand.

The backward loop holds only what is recurrent; the gradients of both matrices are products over all
steps at once. Import after `load_tensorflow`.
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
    run = _gru_half if half else _gru
    return run(inputs, kernel, recurrent, bias, recurrent_bias)


@tf.custom_gradient  # type: ignore[untyped-decorator]
def _gru(*arguments: Any) -> Any:
    return _forward(False, *arguments)


@tf.custom_gradient  # type: ignore[untyped-decorator]
def _gru_half(*arguments: Any) -> Any:
    return _forward(True, *arguments)


def _forward(
    half: bool, inputs: Any, kernel: Any, recurrent: Any, bias: Any, recurrent_bias: Any
) -> Any:
    """The states, and the function that gives the gradients of the five arguments."""
    width = recurrent.shape[0]
    steps, batch = tf.shape(inputs)[0], tf.shape(inputs)[1]
    flat = tf.reshape(inputs, (-1, kernel.shape[0]))
    gates = tf.nn.bias_add(tf.matmul(flat, kernel), bias)
    gates = tf.reshape(gates, (steps, batch, 3 * width))
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
        before = tf.concat([tf.zeros_like(states[:1]), states[:-1]], 0)
        d_c, d_n = _backward(upstream, before, saved, _times(tf.transpose(recurrent), half))
        d_kernel = tf.matmul(flat, d_c, transpose_a=True)
        of_new = tf.matmul(flat, d_n, transpose_a=True)
        d_kernel = tf.concat([d_kernel[:, : 2 * width], of_new], 1)
        d_recurrent = tf.matmul(tf.reshape(before, (-1, width)), d_c, transpose_a=True)
        d_recurrent_bias = tf.reduce_sum(d_c, 0)
        d_bias = tf.concat([d_recurrent_bias[: 2 * width], tf.reduce_sum(d_n, 0)], 0)
        # The third block of a kernel without it is 0: no copy of two blocks of d_c.
        others = tf.concat([kernel[:, : 2 * width], tf.zeros_like(kernel[:, 2 * width :])], 1)
        d_inputs = tf.matmul(d_c, others, transpose_b=True)
        d_inputs += tf.matmul(d_n, kernel[:, 2 * width :], transpose_b=True)
        d_inputs = tf.reshape(d_inputs, tf.shape(inputs))
        return d_inputs, d_kernel, d_recurrent, d_bias, d_recurrent_bias

    return states, gradient


def _backward(upstream: Any, before: Any, saved: Any, times: Callable[[Any], Any]) -> Any:
    """Gradients of c (T B, 3H) and of n's argument (T B, H); those of a's first two blocks are c's.
    `times`: a product with the transposed recurrent kernel."""
    steps, width = tf.shape(before)[0], before.shape[2]

    def body(t: Any, d_h: Any, d_cs: Any, d_ns: Any) -> Any:
        d_h = d_h + upstream[t]
        ru, n, c_n = (array.read(t) for array in saved)
        r, u = ru[:, :width], ru[:, width:]
        d_n = tf.raw_ops.TanhGrad(y=n, dy=d_h * (1 - u))
        d_gates = tf.concat([d_n * c_n, d_h * (before[t] - n)], 1)
        d_c = tf.concat([tf.raw_ops.SigmoidGrad(y=ru, dy=d_gates), d_n * r], 1)
        return t - 1, d_h * u + times(d_c), d_cs.write(t, d_c), d_ns.write(t, d_n)

    arrays = (_array(steps, 3 * width), _array(steps, width))
    start = (steps - 1, tf.zeros_like(before[0]), *arrays)
    _, _, d_cs, d_ns = tf.while_loop(lambda t, *_: t >= 0, body, start)
    return d_cs.concat(), d_ns.concat()


def _times(matrix: Any, half: bool) -> Callable[[Any], Any]:
    """x -> x matrix. A transposed one is given as such: done inside each product, it costs as much as
    the product itself."""
    if not half:
        return lambda x: tf.matmul(x, matrix)
    short = tf.cast(matrix, tf.bfloat16)
    return lambda x: tf.cast(tf.matmul(tf.cast(x, tf.bfloat16), short), tf.float32)


def _array(steps: Any, size: int) -> Any:
    return tf.TensorArray(tf.float32, steps, element_shape=(None, size))
