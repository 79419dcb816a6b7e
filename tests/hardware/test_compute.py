"""The compute settings of `hardware` really reach what a learner computes."""

from __future__ import annotations

from typing import ClassVar

import pytest
import torch
from contracts.learner import ListeningObserver
from hydra import compose, initialize_config_dir
from support.tiny_data import TinyData

from joulelab import build, config
from joulelab.learners.lightning import LightningLearner

config.register_schemas()
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


class Net(torch.nn.Module):
    """Notes in which type and memory order it computes, apart for fit and evaluate."""

    seen: ClassVar[list[tuple[bool, torch.dtype, bool, bool]]] = []

    def __init__(self, spec):
        super().__init__()
        self.convolution = torch.nn.Conv2d(spec.input_shape[0], 4, 3)
        self.head = torch.nn.Linear(4, len(spec.classes))

    def forward(self, x):
        order = {"memory_format": torch.channels_last}
        y = self.convolution(x)
        weight = self.convolution.weight
        orders = x.is_contiguous(**order), weight.is_contiguous(**order)
        self.seen.append((self.training, y.dtype, *orders))
        return self.head(y.mean((2, 3)))


def computed(*overrides):
    """What the net saw under these overrides of the train configuration: {(dtype, order of the
    input, order of the weights)} of fit and of evaluate."""
    with initialize_config_dir(str(config.conf_folder()), version_base="1.3"):
        hardware = compose("train", list(overrides)).hardware
    Net.seen = []
    learner = LightningLearner(
        Net, torch.optim.SGD, 1e-3, 8, build.build_compute(hardware), max_steps=2
    )
    data = TinyData(form="image", channels=3, size=8)
    learner.fit(data, ListeningObserver())
    learner.evaluate(data, ListeningObserver())
    return [{seen[1:] for seen in Net.seen if seen[0] is training} for training in (True, False)]


@pytest.mark.parametrize(
    "precision",
    [each for each in build.PRECISIONS if each != "fp16" or torch.cuda.is_available()],
)
def test_precision_arrives_in_fit_and_in_evaluate(precision):
    accelerator = "gpu" if precision == "fp16" else "cpu"
    for seen in computed(f"hardware.precision={precision}", f"hardware.accelerator={accelerator}"):
        assert {dtype for dtype, *_ in seen} == {DTYPES[precision]}


@pytest.mark.parametrize("wanted", [False, True])
def test_channels_last_arrives_in_fit_and_in_evaluate(wanted):
    for seen in computed(f"hardware.channels_last={wanted}"):
        assert seen == {(torch.float32, wanted, wanted)}
