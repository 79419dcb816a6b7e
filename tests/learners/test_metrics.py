from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.tiny_data import TinyData
from torchmetrics.functional import classification as tm

from joulelab.errors import LearnerError
from joulelab.learners.baseline import majority, targets
from joulelab.learners.metrics import classification_metrics, logit_loss

MULTICLASS, MULTILABEL = TinyData("multiclass").spec, TinyData("multilabel").spec
SEEDS = st.integers(0, 10_000)


@given(seed=SEEDS, n=st.integers(1, 60))
def test_multiclass_metrics_and_loss_agree_with_torchmetrics_and_torch(seed, n):
    random = np.random.default_rng(seed)
    logits, truth = random.normal(0, 2, (n, 3)), random.integers(0, 3, n)
    found = classification_metrics(MULTICLASS, logits, truth, "val")
    x, y = torch.tensor(logits), torch.tensor(truth)
    predicted = x.argmax(dim=1)
    assert found["val/accuracy"] == pytest.approx(float((predicted == y).double().mean()))
    f1 = float(tm.multiclass_f1_score(x, y, 3, average="macro"))
    assert found["val/f1_macro"] == pytest.approx(f1, abs=1e-6)
    loss = float(torch.nn.functional.cross_entropy(x, y))
    assert logit_loss(MULTICLASS, logits, truth) == pytest.approx(loss)


@given(seed=SEEDS, n=st.integers(2, 60))
def test_multilabel_metrics_and_loss_agree_with_torchmetrics_and_torch(seed, n):
    random = np.random.default_rng(seed)
    logits = random.normal(0, 2, (n, 3))
    truth = (random.random((n, 3)) < 0.5).astype(np.float32)
    truth[0], truth[1] = 0, 1  # every label occurs
    found = classification_metrics(MULTILABEL, logits, truth, "test")
    x, y = torch.tensor(logits).sigmoid(), torch.tensor(truth).long()
    expected = {
        "test/f1_macro": tm.multilabel_f1_score(x, y, 3, average="macro"),
        "test/f1_micro": tm.multilabel_f1_score(x, y, 3, average="micro"),
        "test/hamming": (x.round() == y).double().mean(),
        "test/ap_macro": tm.multilabel_average_precision(x, y, 3, average="macro"),
        "test/ap_micro": tm.multilabel_average_precision(x, y, 3, average="micro"),
    }
    assert found == pytest.approx({key: float(value) for key, value in expected.items()}, abs=1e-5)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(torch.tensor(logits), y.double())
    assert logit_loss(MULTILABEL, logits, truth) == pytest.approx(float(loss))


def test_a_metric_that_is_undefined_is_a_missing_key():
    found = classification_metrics(MULTILABEL, np.full((4, 3), -1.0), np.zeros((4, 3)), "val")
    assert found == {"val/hamming": 1.0}


def test_labels_that_never_occur_are_left_out_of_the_macro_means():
    truth = np.array([[1, 0, 0], [0, 1, 0]])
    found = classification_metrics(MULTILABEL, truth - 0.5, truth, "val")
    assert found["val/f1_macro"] == found["val/ap_macro"] == 1.0


def test_no_samples_have_no_metrics():
    assert classification_metrics(MULTICLASS, np.zeros((0, 3)), np.zeros(0), "val") == {}


def test_a_task_that_is_no_classification_is_one_sentence():
    spec = dataclasses.replace(MULTICLASS, task="regression")
    with pytest.raises(LearnerError, match="regression"):
        classification_metrics(spec, np.zeros((1, 3)), np.zeros(1), "val")


class Targets:
    """Offers targets and would fail if its inputs were read."""

    def __init__(self, values):
        self._values = np.asarray(values)

    def __len__(self):
        return len(self._values)

    def __getitem__(self, index):
        raise AssertionError("the baseline read an input")

    def targets(self):
        return self._values


class TargetData:
    def __init__(self, spec, train, test):
        self.spec, self._splits = spec, {"train": Targets(train), "test": Targets(test)}

    def split(self, name):
        return self._splits[name]


def test_the_majority_is_that_of_training_judged_on_test():
    found = majority(TargetData(MULTICLASS, [2, 2, 2, 1, 0], [2, 1, 1, 0]))
    assert found["baseline/accuracy"] == 0.25
    assert found["baseline/f1_macro"] == pytest.approx(0.4 / 3)


def test_labels_in_half_of_training_or_more_are_predicted():
    train = [[1, 0, 0], [1, 1, 0], [1, 0, 0], [0, 1, 1]]
    found = majority(TargetData(MULTILABEL, train, [[1, 0, 0], [1, 1, 1]]))
    assert found["baseline/f1_micro"] == pytest.approx(2 * 3 / (2 * 3 + 1 + 1))
    assert found["baseline/ap_macro"] == pytest.approx((1 + 0.5 + 0.5) / 3)
    assert found["baseline/hamming"] == pytest.approx(4 / 6)


def test_targets_of_a_plain_data_set_are_read_one_by_one():
    plain = TinyData("multilabel").split("train")
    assert (targets(plain) == np.stack([plain[i][1] for i in range(len(plain))])).all()


def test_there_is_no_baseline_without_classes():
    spec = dataclasses.replace(MULTICLASS, task="anomaly")
    assert majority(TargetData(spec, [0], [0])) == {}
