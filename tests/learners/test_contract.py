from __future__ import annotations

import functools

import numpy as np
import pytest
import torch
from contracts.learner import LearnerContract, StepwiseLearnerContract
from support.tiny_data import TinyData

from joulelab.learners.lightning import LightningLearner
from joulelab.learners.sklearn import SklearnLearner
from joulelab.models import minirocket, scnn, spectrogram_cnn
from joulelab.records import ComputeSettings


@pytest.mark.parametrize("task", ["multiclass", "multilabel"])
class TestSpectrogramCNN(StepwiseLearnerContract):
    @pytest.fixture(autouse=True)
    def _choose(self, task):
        self.task = task

    def make(self, seed=0, epochs=4):
        torch.manual_seed(seed)
        return LightningLearner(
            functools.partial(spectrogram_cnn.build, widths=(16, 32), dropout=0.1),
            functools.partial(torch.optim.AdamW, weight_decay=0.0),
            lr=2e-2,
            batch_size=5,  # 24 training samples: the last batch is a short one
            max_epochs=2 * epochs,
            validate_every=4,
            compute=ComputeSettings(),
        )

    def data(self):
        return TinyData(self.task)

    def wrong_data(self):
        return TinyData(self.task, form="image", channels=3, size=16)


class TestSCNN(StepwiseLearnerContract):
    def make(self, seed=0, epochs=4):
        torch.manual_seed(seed)
        return LightningLearner(
            scnn.build_rgb,
            torch.optim.AdamW,
            lr=1e-3,
            batch_size=8,
            max_epochs=epochs,
            compute=ComputeSettings(channels_last=True),
        )

    def data(self):
        return TinyData("multiclass", form="image", channels=3, size=32)

    def wrong_data(self):
        return TinyData("multiclass", form="image", channels=12, size=32)


@pytest.mark.parametrize("task", ["multiclass", "multilabel"])
class TestMiniRocket(LearnerContract):
    @pytest.fixture(autouse=True)
    def _choose(self, task):
        self.task = task

    def make(self, seed=0, epochs=4):
        np.random.seed(seed)
        build = functools.partial(minirocket.build, n_kernels=168)
        return SklearnLearner(build, ComputeSettings(), inputs="series")

    def data(self):
        return TinyData(self.task)

    def wrong_data(self):
        return TinyData(self.task, form="image", channels=3, size=16)
