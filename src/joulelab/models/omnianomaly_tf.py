"""`model=omnianomaly_tf`: OmniAnomaly computed by TensorFlow, from the same weights and the same noise
as `joulelab.models.omnianomaly`, so that frameworks can be compared."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from joulelab.models.omnianomaly_spec import (
    ADAM,
    Q_NET,
    Array,
    Sizes,
    checked_sizes,
    initial_weights,
)
from joulelab.models.tensorflow_runtime import check_compute, load_tensorflow, ready_device
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
) -> OmniAnomalyTF:
    """ConfigError for values that cannot be or where TensorFlow is not installed, LearnerError for data
    that are no windows of series."""
    sizes = checked_sizes(spec, variant, z, gru, dense, flows)
    check_compute(compute)
    return OmniAnomalyTF(sizes, initial_weights(sizes, seed), compute)


class Net(NamedTuple):
    """Variables by name, weights and Adam's moments, and where they lie."""

    device: str
    weights: dict[str, Any]
    m: dict[str, Any]
    v: dict[str, Any]

    @classmethod
    def of(cls, sizes: Sizes, weights: Mapping[str, Array], device: str) -> Net:
        tf = load_tensorflow()
        trained = [
            name
            for name in weights
            if sizes.variant == "paper" or name.partition(".")[0] not in Q_NET
        ]
        with tf.device(device):
            variables = {name: tf.Variable(value) for name, value in weights.items()}
            m, v = (
                {name: tf.Variable(np.zeros_like(weights[name])) for name in trained} for _ in "mv"
            )
        return cls(device, variables, m, v)

    def items(self) -> Iterator[tuple[str, Any]]:
        for group, members in (("weights", self.weights), ("adam_m", self.m), ("adam_v", self.v)):
            for name, variable in members.items():
                yield f"{group}/{name}", variable


class OmniAnomalyTF:
    """See `joulelab.learners.detector.Detector`. TensorFlow starts with the first call: one that is only
    asked for does not fix the number of its threads."""

    def __init__(
        self, sizes: Sizes, weights: Mapping[str, Array], compute: ComputeSettings | None = None
    ) -> None:
        self.sizes = sizes
        self.compute = compute or ComputeSettings()
        self._initial = weights
        self._steps = 0

    @cached_property
    def _net(self) -> Net:
        return Net.of(self.sizes, self._initial, ready_device(self.compute))

    def train_step(self, windows: Array, noise: Array, lr: float) -> float:
        self._steps += 1
        # Of beta as a float32, which the kernel decays with; of the exact one the first steps would be
        # off by 1e-5.
        first, second = (1 - float(np.float32(beta)) ** self._steps for beta in ADAM[:2])
        root = math.sqrt(second)
        numbers = np.array([lr * root / first, ADAM[2] * root], np.float32)
        net = self._net
        return float(self._call("train", net.weights, net.m, net.v, windows, noise, numbers))

    def loss(self, windows: Array, noise: Array) -> float:
        return float(self._call("loss", self._net.weights, windows, noise))

    def score(self, chunks: Array, noise: Array) -> Array:
        found: Array = self._call("score", self._net.weights, chunks, noise).numpy()
        return found

    def state(self) -> dict[str, Any]:
        found = {key: np.array(variable.numpy()) for key, variable in self._net.items()}
        return {**found, "adam_step": np.array(self._steps)}

    def restore(self, state: Mapping[str, Any]) -> None:
        for key, variable in self._net.items():
            variable.assign(state[key])
        self._steps = int(state["adam_step"])

    def _call(self, name: str, *arguments: Any) -> Any:
        found = graphs(self.sizes, self.compute.precision == "bf16")
        with load_tensorflow().device(self._net.device):
            return found[name](*arguments)


@functools.lru_cache(maxsize=8)
def graphs(sizes: Sizes, half: bool) -> dict[str, Any]:
    """Traced functions by name. Variables are arguments, so that another detector of the same sizes
    costs no new trace: a warmup really warms up."""
    tf = load_tensorflow()
    from joulelab.models import omnianomaly_tf_graph as graph

    def read(variables: Mapping[str, Any]) -> dict[str, Any]:
        return {name: variable.read_value() for name, variable in variables.items()}

    def train(weights: Any, m: Any, v: Any, windows: Any, noise: Any, numbers: Any) -> Any:
        values = read(weights)
        trained = {name: values[name] for name in m}
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(trained)
            found = graph.loss(sizes, values, windows, noise, half)
        gradients = tape.gradient(found, trained)
        with tf.control_dependencies([found]):
            graph.update(weights, m, v, gradients, numbers[0], numbers[1])
        return found

    def loss(weights: Any, windows: Any, noise: Any) -> Any:
        return graph.loss(sizes, read(weights), windows, noise, half)

    def score(weights: Any, chunks: Any, noise: Any) -> Any:
        return graph.score(sizes, read(weights), chunks, noise, half)

    # Without autograph: the graphs' own loops are written out, and a trace takes half the time.
    made = functools.partial(tf.function, autograph=False, reduce_retracing=True)
    return {"train": made(train), "loss": made(loss), "score": made(score)}
