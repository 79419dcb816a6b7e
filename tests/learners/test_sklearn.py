from __future__ import annotations

import numpy as np
import pytest
from contracts.learner import ListeningObserver
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import RidgeClassifierCV
from support.tiny_data import TinyData

from joulelab.errors import ConfigError, LearnerError
from joulelab.learners.sklearn import SklearnLearner, decision
from joulelab.models import minirocket
from joulelab.records import ComputeSettings


@pytest.mark.parametrize("task", ["multiclass", "multilabel"])
@pytest.mark.parametrize("estimator", [RandomForestClassifier(50), RidgeClassifierCV()])
def test_an_instance_of_any_classifier_learns_on_flat_inputs(task, estimator):
    data = TinyData(task, form="image", channels=1, size=16)
    learner = SklearnLearner(estimator, ComputeSettings())
    metrics = learner.fit(data, ListeningObserver())
    assert metrics["val/f1_macro"] > 0.6
    assert not hasattr(estimator, "classes_")


def test_open_random_states_follow_the_seed():
    def fit(seed):
        np.random.seed(seed)
        learner = SklearnLearner(RandomForestClassifier(3, max_depth=1), ComputeSettings())
        learner.fit(TinyData(), ListeningObserver())
        return learner._fitted.random_state

    assert fit(0) == fit(0) != fit(1)


@pytest.mark.parametrize(
    ("compute", "key"),
    [
        (ComputeSettings(accelerator="gpu"), "hardware.accelerator"),
        (ComputeSettings(precision="bf16"), "hardware.precision"),
    ],
)
def test_compute_settings_that_it_cannot_follow_are_refused(compute, key):
    with pytest.raises(ConfigError) as caught:
        SklearnLearner(RidgeClassifierCV(), compute)
    assert caught.value.where == key


def test_unknown_inputs_are_refused():
    with pytest.raises(ConfigError, match=r"model\.inputs"):
        SklearnLearner(RidgeClassifierCV(), ComputeSettings(), inputs="tables")


def test_series_that_are_too_short_for_minirocket_are_one_sentence():
    learner = SklearnLearner(minirocket.build, ComputeSettings(), inputs="series")
    with pytest.raises(LearnerError, match="refuses tiny series"):
        learner.fit(TinyData(size=8), ListeningObserver())


@pytest.mark.parametrize("estimator", [RandomForestClassifier(20), RidgeClassifierCV()])
@pytest.mark.parametrize("known", [(0, 2), (0, 1, 3)])
def test_a_class_that_training_never_showed_is_never_predicted(estimator, known):
    targets = np.repeat(known, 8)
    inputs = np.eye(4)[targets]
    scores = decision(estimator.fit(inputs, targets), inputs, classes=4)
    assert scores.shape == (len(targets), 4)
    assert (scores.argmax(axis=1) == targets).all()


def test_a_label_that_training_always_or_never_showed_keeps_its_column():
    varied = np.tile([0.0, 1.0], 8)
    targets = np.stack((np.ones(16), varied, np.zeros(16)), axis=1)
    forest = RandomForestClassifier(20).fit(varied[:, None], targets)
    scores = decision(forest, varied[:, None], classes=3)
    assert ((scores >= 0) == targets.astype(bool)).all()
