"""TensorFlow's start and its GRU; the imports cost seconds, so all of it is one file."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from joulelab.errors import ConfigError
from joulelab.models.tensorflow_runtime import check_compute, load_tensorflow, ready_device
from joulelab.records import ComputeSettings

STEPS, BATCH, INPUTS, UNITS = 7, 3, 4, 5

STARTED = """
import json, sys
from pathlib import Path
from joulelab.hardware.threads import Threads
from joulelab.models.tensorflow_runtime import load_tensorflow, ready_device
from joulelab.records import ComputeSettings
tf = load_tensorflow()  # as `check` does, before a run turns its knobs
Threads(3).apply()
device = ready_device(ComputeSettings())
with tf.device(device):
    tf.function(lambda: tf.matmul(tf.ones((9, 9)), tf.ones((9, 9))))()
names = [path.read_text().strip() for path in Path("/proc/self/task").glob("*/comm")]
print(json.dumps({"device": device, "workers": sum(name == "tf_Compute" for name in names)}))
"""


def test_it_starts_in_silence_with_the_threads_of_the_knob():
    environment = {key: value for key, value in os.environ.items() if not key.startswith("TF_")}
    done = subprocess.run(
        [sys.executable, "-c", STARTED], capture_output=True, text=True, env=environment
    )
    assert done.stderr == ""
    assert json.loads(done.stdout) == {"device": "/CPU:0", "workers": 3}


def test_where_it_is_missing_the_sentence_names_the_cure(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(ConfigError, match=r'pip install "joulelab\[tensorflow\]"'):
        load_tensorflow.__wrapped__()


@pytest.mark.parametrize("setting", [{"devices": 2}, {"channels_last": True}])
def test_what_it_does_not_compute_with_is_refused(setting):
    with pytest.raises(ConfigError, match=f"hardware.{next(iter(setting))}"):
        check_compute(ComputeSettings(**setting))


def test_a_gpu_that_is_not_there_is_refused():
    if load_tensorflow().config.list_physical_devices("GPU"):
        pytest.skip("there is a GPU")
    with pytest.raises(ConfigError, match="accelerator=cpu"):
        ready_device(ComputeSettings(accelerator="gpu"))


def test_the_gru_is_that_of_torch_in_values_and_gradients():
    tf = load_tensorflow()
    from joulelab.models.gru_tf import gru

    random = np.random.default_rng(0)
    x, upstream = (
        random.standard_normal((STEPS, BATCH, size)).astype(np.float32) for size in (INPUTS, UNITS)
    )
    shapes = ((INPUTS, 3 * UNITS), (UNITS, 3 * UNITS), (3 * UNITS,), (3 * UNITS,))
    weights = [random.standard_normal(shape).astype(np.float32) for shape in shapes]

    net = torch.nn.GRU(INPUTS, UNITS)
    with torch.no_grad():
        for parameter, weight in zip(net.parameters(), weights, strict=True):
            parameter.copy_(torch.from_numpy(weight.T))
    inputs = torch.from_numpy(x).requires_grad_()
    expected = net(inputs)[0]
    expected.backward(torch.from_numpy(upstream))

    tensors = [tf.constant(array) for array in (x, *weights)]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        found = gru(*tensors)
    gradients = tape.gradient(found, tensors, upstream)
    np.testing.assert_allclose(found, expected.detach(), atol=1e-6)
    for gradient, source in zip(gradients, (inputs, *net.parameters()), strict=True):
        same = source.grad.T if source.grad.ndim == 2 else source.grad
        np.testing.assert_allclose(gradient, same, atol=1e-5)
