from __future__ import annotations

import functools

import numpy as np
import pytest
from contracts.data import DataContract

from joulelab.data import telemetry_faults
from joulelab.data.telemetry import Telemetry, simulate
from joulelab.errors import ConfigError


class TestTelemetry(DataContract):
    @pytest.fixture
    def make(self):
        return functools.partial(Telemetry, servers=2, steps=(500, 400, 600), window=30)


def test_says_that_it_is_synthetic():
    spec = Telemetry().spec
    assert spec.synthetic
    assert "synthetic" in spec.name


def test_training_is_normal_and_the_rest_is_not():
    data = Telemetry()
    assert not data.split("train").labels.any()
    for name in ("val", "test"):
        assert 0.03 < data.split(name).labels.mean() < 0.2


def test_labels_are_the_declared_anomalies():
    for entity in Telemetry().entities:
        for part in (entity.val, entity.test):
            told = np.zeros(len(part), bool)
            for anomaly in part.anomalies:
                assert anomaly.kind in telemetry_faults.KINDS
                told[anomaly.start : anomaly.stop] = True
            np.testing.assert_array_equal(part.labels, told)


@pytest.mark.parametrize("kind", telemetry_faults.KINDS)
def test_a_fault_changes_the_channels_that_it_names_and_no_others(kind):
    fault, _, longest = telemetry_faults.KINDS[kind]
    before = simulate(longest, np.random.default_rng(1))
    after = before.copy()
    named = fault(after, np.random.default_rng(2))
    changed = np.flatnonzero((before != after).any(axis=0))
    assert sorted(named) == changed.tolist()


def test_another_seed_is_another_series():
    one, other = (Telemetry(seed=seed).split("test").values for seed in (0, 1))
    assert not np.array_equal(one, other)


def test_a_server_is_the_same_alone_as_among_others():
    alone = Telemetry(entities=["server-2"], normalisation="none").split("test")
    all_of_them = Telemetry(normalisation="none").split("test")
    start, stop = all_of_them.bounds[1:3]
    np.testing.assert_array_equal(alone.values, all_of_them.values[start:stop])


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({"servers": 0}, "data.servers"),
        ({"steps": (500, 500)}, "data.steps"),
        ({"steps": (500, 100, 500)}, "data.steps"),
        ({"seed": -1}, "data.seed"),
        ({"window": 0}, "data.window"),
        ({"normalisation": "minmax"}, "data.normalisation"),
        ({"val_fraction": 1.0}, "data.val_fraction"),
        ({"joined": True, "per_entity": True}, "data.per_entity"),
    ],
)
def test_refuses_what_cannot_be(options, where):
    with pytest.raises(ConfigError) as error:
        Telemetry(**options)
    assert error.value.where == where


@pytest.mark.parametrize("entities", [["server-9"], ["server-1", "server-1"]])
def test_refuses_an_entity_that_is_not_there_or_twice(entities):
    with pytest.raises(ConfigError, match="server-"):
        Telemetry(entities=entities).split("train")
