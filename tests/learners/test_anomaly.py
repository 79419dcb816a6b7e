from __future__ import annotations

import functools

import numpy as np
import pytest
from contracts.learner import ListeningObserver, StepwiseLearnerContract
from support.circles import Circles
from support.tiny_data import TinyData

from joulelab.data.telemetry import Telemetry
from joulelab.errors import ConfigError, LearnerError
from joulelab.learners.anomaly import AnomalyLearner
from joulelab.learners.anomaly_baseline import trivial
from joulelab.models import omnianomaly
from joulelab.records import ComputeSettings

SMALL = {"gru": 8, "dense": 4, "flows": 2, "z": 2}


@functools.cache
def telemetry():
    return Telemetry(servers=2, steps=(400, 400, 500), window=12)


def made(seed=0, variant="paper", net=None, compute=None, **options):
    np.random.seed(seed)
    return AnomalyLearner(
        functools.partial(omnianomaly.build, variant=variant, **{**SMALL, **(net or {})}),
        **{
            "lr": 1e-2,
            "batch_size": 16,
            "max_steps": 12,
            "validate_every": 4,
            "validate_points": 300,
            "compute": compute or ComputeSettings(),
            **options,
        },
    )


@pytest.mark.parametrize("variant", ["paper", "reference"])
class TestOmniAnomaly(StepwiseLearnerContract):
    @pytest.fixture(autouse=True)
    def _choose(self, variant):
        self.variant = variant

    def make(self, seed=0, epochs=4):
        return made(seed, self.variant, max_steps=3 * epochs, samples=self.variant == "reference")

    def data(self):
        return telemetry()

    def wrong_data(self):
        return TinyData("multiclass")

    def test_it_learns(self):
        """Classes are not its business: its loss is."""
        learner = made(variant=self.variant, max_steps=60, lr=2e-2)
        observer = ListeningObserver()
        learner.fit(self.data(), observer)
        losses = [metrics["val/loss"] for _, metrics in observer.points]
        assert losses[-1] < losses[0] - 1


def test_listed_steps_are_scored_in_full_and_the_last_by_evaluate():
    learner, observer = made(score_at=[3, 12, 100]), ListeningObserver()
    learner.fit(telemetry(), observer)
    tested = {step: metrics for step, metrics in observer.points if "test/vus_pr" in metrics}
    assert list(tested) == [3]
    assert [step for step, _ in observer.points] == [3, 4, 8, 12]
    assert observer.phases.count("score") == 1
    assert set(learner.evaluate(telemetry(), ListeningObserver())) <= set(tested[3])


def test_scores_at_a_step_are_those_of_a_fit_that_ends_there():
    long, short = ListeningObserver(), made(max_steps=3)
    made(score_at=[3]).fit(telemetry(), long)
    short.fit(telemetry(), ListeningObserver())
    found = short.evaluate(telemetry(), ListeningObserver())
    assert found == {key: x for key, x in long.points[0][1].items() if key.startswith("test/")}


def test_an_untrained_net_is_a_trivial_row_of_its_own():
    rows = made().baseline(telemetry())
    assert rows["baseline/untrained/vus_pr"] == rows["baseline/vus_pr"]
    assert made(seed=1).baseline(telemetry()) != rows
    with_it = made()
    with_it.baseline(telemetry())
    assert with_it.fit(telemetry(), ListeningObserver()) == made().fit(
        telemetry(), ListeningObserver()
    )


def test_it_finds_what_no_trivial_row_can():
    data = Circles(window=16)
    learner = made(max_steps=300, batch_size=32, validate_every=300, net={"gru": 24, "dense": 8})
    rows = {**trivial(data), **learner.baseline(data)}
    learner.fit(data, ListeningObserver())
    found = learner.evaluate(data, ListeningObserver())
    for figure in ("vus_pr", "point_f1"):
        best = max(x for key, x in rows.items() if key.endswith(f"/{figure}"))
        assert found[f"test/{figure}"] > best + 0.2


def test_training_validating_and_scoring_are_phases_of_their_own():
    observer = ListeningObserver()
    made(score_at=[4]).fit(telemetry(), observer)
    assert observer.phases == ["train", "validate", "score", *["train", "validate"] * 2]


def test_figures_of_each_entity_are_averaged_beside_the_pooled_ones():
    learner = made(max_steps=2)
    learner.fit(telemetry(), ListeningObserver())
    found = learner.evaluate(telemetry(), ListeningObserver())
    assert {"test/vus_pr", "test/vus_pr_per_entity", "test/point_f1_pot"} <= set(found)


def test_a_validation_judges_labelled_values_too():
    metrics = made(max_steps=2).fit(telemetry(), ListeningObserver())
    assert {"val/loss", "val/negative_log_likelihood", "val/vus_pr", "train/loss"} <= set(metrics)


def test_a_loss_that_is_no_number_is_one_sentence():
    with pytest.raises(LearnerError, match="lower lr"):
        made(lr=1e30).fit(telemetry(), ListeningObserver())


def test_a_fit_goes_on_at_its_own_batch_size_only(tmp_path):
    learner = made()
    learner.fit(telemetry(), ListeningObserver())
    learner.save(tmp_path)
    with pytest.raises(LearnerError, match="batch_size=16"):
        made(batch_size=8).load(tmp_path)


def test_a_saved_net_of_another_size_is_one_sentence(tmp_path):
    learner, other = made(), made(net={"flows": 3})
    learner.fit(telemetry(), ListeningObserver())
    learner.save(tmp_path)
    other.load(tmp_path)
    with pytest.raises(LearnerError, match="does not fit this net"):
        other.fit(telemetry(), ListeningObserver())


def test_windows_of_another_length_need_another_learner():
    learner = made(max_steps=1)
    learner.fit(telemetry(), ListeningObserver())
    with pytest.raises(LearnerError, match="other channels or windows"):
        learner.evaluate(
            Telemetry(servers=2, steps=(400, 400, 500), window=13), ListeningObserver()
        )


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({"lr": -1.0}, "lr"),
        ({"max_steps": None}, "max_steps"),
        ({"samples": -1}, "model.samples"),
        ({"pot": "best"}, "model.pot"),
        ({"score_at": [0]}, "model.score_at"),
    ],
)
def test_a_value_that_cannot_be_names_its_key(options, where):
    with pytest.raises(ConfigError) as caught:
        made(**options)
    assert caught.value.where == where


@pytest.mark.parametrize(
    ("options", "where"),
    [({"variant": "other"}, "variant"), ({"gru": 0}, "gru"), ({"flows": -1}, "flows")],
)
def test_a_net_that_cannot_be_names_its_key(options, where):
    with pytest.raises(ConfigError) as caught:
        omnianomaly.build(telemetry().spec, ComputeSettings(), 0, **options)
    assert caught.value.where == f"model.detector.{where}"


def test_bfloat16_computes_nearly_the_same():
    whole, half = (
        made(compute=ComputeSettings(precision=precision)).fit(telemetry(), ListeningObserver())
        for precision in ("fp32", "bf16")
    )
    assert 0 < abs(whole["val/loss"] - half["val/loss"]) < 0.1


def test_it_computes_on_the_cpu():
    with pytest.raises(ConfigError, match="CPU"):
        made(compute=ComputeSettings(accelerator="gpu")).fit(telemetry(), ListeningObserver())
