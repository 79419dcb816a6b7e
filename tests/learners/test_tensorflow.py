"""All that needs TensorFlow: its import costs seconds, so one process does it once."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from contracts.learner import ListeningObserver, StepwiseLearnerContract
from support.tiny_data import TinyData

from joulelab.data.telemetry import Telemetry
from joulelab.errors import ConfigError, HardwareError
from joulelab.learners.anomaly import AnomalyLearner
from joulelab.models import omnianomaly, omnianomaly_tf
from joulelab.models.omnianomaly_spec import Sizes, draw_noise, initial_weights
from joulelab.models.tensorflow_runtime import check_compute, load_tensorflow, ready_device
from joulelab.records import ComputeSettings

MODELS = Path(__file__).parents[2] / "conf" / "model"
TWINS = ("omnianomaly_tf.yaml", "omnianomaly.yaml")
SMALL = {"gru": 8, "dense": 4, "flows": 2, "z": 2}
STEPS, BATCH, INPUTS, UNITS = 7, 3, 4, 5


@pytest.fixture(scope="module", autouse=True)
def ready():
    ready_device(ComputeSettings())


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


def test_another_number_of_threads_than_it_runs_with_is_refused(monkeypatch):
    load_tensorflow().constant(1) + 1
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    with pytest.raises(HardwareError, match="not on 7 threads"):
        ready_device(ComputeSettings())


@pytest.mark.parametrize("setting", [{"devices": 2}, {"channels_last": True}])
def test_what_it_does_not_compute_with_is_refused(setting):
    with pytest.raises(ConfigError, match=f"hardware.{next(iter(setting))}"):
        check_compute(ComputeSettings(**setting))


def test_a_gpu_that_is_not_there_is_refused():
    if load_tensorflow().config.list_physical_devices("GPU"):
        pytest.skip("there is a GPU")
    with pytest.raises(ConfigError, match="accelerator=cpu"):
        check_compute(ComputeSettings(accelerator="gpu"))


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


@functools.cache
def telemetry():
    return Telemetry(servers=2, steps=(400, 400, 500), window=12)


class TestOmniAnomalyTF(StepwiseLearnerContract):
    def make(self, seed=0, epochs=4):
        np.random.seed(seed)
        return AnomalyLearner(
            functools.partial(omnianomaly_tf.build, **SMALL),
            lr=1e-2,
            batch_size=16,
            max_steps=3 * epochs,
            validate_every=4,
            validate_points=300,
            compute=ComputeSettings(),
        )

    def data(self):
        return telemetry()

    def wrong_data(self):
        return TinyData("multiclass")

    def test_it_learns(self):
        """Classes are not its business: its loss is."""
        observer = ListeningObserver()
        self.make(epochs=20).fit(self.data(), observer)
        losses = [metrics["val/loss"] for _, metrics in observer.points]
        assert losses[-1] < losses[0] - 1


def test_its_configuration_differs_in_who_computes_only():
    ours, theirs = (yaml.safe_load((MODELS / name).read_text()) for name in TWINS)
    assert ours["detector"].pop("_target_") == "joulelab.models.omnianomaly_tf.build"
    assert theirs["detector"].pop("_target_") == "joulelab.models.omnianomaly.build"
    assert ours == theirs


@pytest.fixture(params=["paper", "reference", "paper, dense narrower than its head", "paper, bf16"])
def pair(request):
    """(torch, TensorFlow, windows, noise): the same weights, the gradients of one of them clipped."""
    variant, _, rest = request.param.partition(", ")
    sizes = Sizes(
        variant, channels=3, window=9, z=2, gru=8, dense=2 if "narrow" in rest else 7, flows=3
    )
    weights = initial_weights(sizes, seed=0)
    random = np.random.default_rng(1)
    windows = random.random((9, 5, 3), np.float32)
    windows[..., 0] *= 20
    noise = draw_noise(sizes, 9, 5, random)
    compute = ComputeSettings(precision="bf16" if rest == "bf16" else "fp32")
    theirs = omnianomaly.OmniAnomaly(sizes, weights, half=compute.precision == "bf16")
    return theirs, omnianomaly_tf.OmniAnomalyTF(sizes, weights, compute), windows, noise


def test_both_frameworks_have_the_same_loss_and_gradients(pair):
    theirs, ours, windows, noise = pair
    losses = [net.train_step(windows, noise, lr=1e-3) for net in pair[:2]]
    assert losses[1] == pytest.approx(losses[0], rel=1e-6)
    expected, found = theirs.state(), ours.state()
    assert expected.keys() == found.keys()
    clipped = []
    for name in found:
        # After one step the first moment is a tenth of the gradient.
        scale = max(np.abs(expected[name]).max(), 1e-6)
        np.testing.assert_allclose(found[name], expected[name], atol=2e-5 * scale, err_msg=name)
        if name.startswith("adam_m"):
            clipped.append(np.linalg.norm(found[name]) > 0.999)
    assert any(clipped)
    assert not all(clipped)


def test_either_framework_goes_on_from_the_other(pair):
    theirs, ours, windows, noise = pair
    for _ in range(3):
        theirs.train_step(windows, noise, lr=1e-2)
    ours.restore(theirs.state())
    losses = [[net.train_step(windows, noise, lr=1e-2) for _ in range(4)] for net in pair[:2]]
    assert losses[1] == pytest.approx(losses[0], rel=1e-3)


def test_both_frameworks_score_alike_at_any_length(pair):
    theirs, ours, _, _ = pair
    random = np.random.default_rng(2)
    for steps, batch in ((30, 2), (9, 1)):
        chunks = random.random((steps, batch, 3), np.float32)
        silence = np.zeros((steps, 1, 2), np.float32)
        np.testing.assert_allclose(
            ours.score(chunks, silence), theirs.score(chunks, silence), rtol=1e-4, atol=1e-4
        )


def test_a_second_net_of_the_same_sizes_is_not_traced_again(pair):
    _, ours, windows, noise = pair
    ours.train_step(windows, noise, lr=1e-3)
    other = omnianomaly_tf.OmniAnomalyTF(ours.sizes, initial_weights(ours.sizes, 5), ours.compute)
    train = omnianomaly_tf.graphs(ours.sizes, ours.compute.precision == "bf16")["train"]
    before = train.experimental_get_tracing_count()
    other.train_step(windows, noise, lr=1e-3)
    assert train.experimental_get_tracing_count() == before
