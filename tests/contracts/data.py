"""What every data set must do; a data set's test class gives the fixture `make`, which pickles."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from support import data_digest

from joulelab.errors import ConfigError
from joulelab.protocols import Data
from joulelab.records import DataSpec

SPLITS = data_digest.SPLITS


def samples(dataset):
    return (dataset[index] for index in range(len(dataset)))


class DataContract:
    @pytest.fixture
    def make(self) -> Callable[[], Data]:
        raise NotImplementedError

    @pytest.fixture
    def data(self, make):
        return make()

    def test_is_a_data_set(self, data):
        assert isinstance(data, Data)
        assert isinstance(data.spec, DataSpec)

    def test_spec_has_one_entry_a_channel(self, data):
        spec = data.spec
        columns = (spec.channels, spec.units, spec.mean, spec.std)
        assert [len(column) for column in columns] == [spec.input_shape[0]] * 4
        assert len(spec.input_shape) == {"series": 2, "image": 3}[spec.form]

    def test_names_are_unique(self, data):
        assert len(set(data.spec.classes)) == len(data.spec.classes) > 1
        assert len(set(data.spec.channels)) == len(data.spec.channels)

    def test_mean_and_std_can_normalise(self, data):
        assert np.isfinite(data.spec.mean).all()
        assert np.isfinite(data.spec.std).all()
        assert min(data.spec.std) > 0

    def test_says_where_the_data_comes_from(self, data):
        assert data.spec.source

    @pytest.mark.parametrize("split", SPLITS)
    def test_inputs_fit_the_spec(self, data, split):
        dataset = data.split(split)
        assert len(dataset) > 0
        for values, _ in samples(dataset):
            assert isinstance(values, np.ndarray)
            assert values.dtype == np.float32
            assert values.shape == data.spec.input_shape
            assert np.isfinite(values).all()

    @pytest.mark.parametrize("split", SPLITS)
    def test_targets_fit_the_spec(self, data, split):
        spec = data.spec
        for _, target in samples(data.split(split)):
            if spec.task in ("multiclass", "anomaly"):
                assert type(target) is int
                assert 0 <= target < len(spec.classes)
            else:
                assert target.dtype == np.float32
                assert target.shape == (len(spec.classes),)
                assert set(np.unique(target)) <= {0.0, 1.0}

    @pytest.mark.parametrize("split", SPLITS)
    def test_all_targets_at_once_agree_with_the_samples(self, data, split):
        dataset = data.split(split)
        if not hasattr(dataset, "targets"):
            pytest.skip("this data set does not offer all targets at once")
        np.testing.assert_array_equal(dataset.targets(), [y for _, y in samples(dataset)])

    @pytest.mark.parametrize("split", SPLITS)
    def test_all_arrays_at_once_agree_with_the_samples(self, data, split):
        dataset = data.split(split)
        if not hasattr(dataset, "arrays"):
            pytest.skip("this data set does not offer everything at once")
        inputs, targets = dataset.arrays()
        np.testing.assert_array_equal(inputs, [x for x, _ in samples(dataset)])
        np.testing.assert_array_equal(targets, [y for _, y in samples(dataset)])

    def test_a_changed_sample_does_not_reach_the_next_reader(self, data):
        dataset = data.split("train")
        values, _ = dataset[0]
        before = values.copy()
        values += 1
        np.testing.assert_array_equal(dataset[0][0], before)

    def test_no_sample_is_in_two_splits(self, data):
        found = data_digest.splits(data)
        assert sum(map(len, found.values())) == len(set().union(*found.values()))

    def test_reads_the_same_samples_twice(self, make):
        assert data_digest.splits(make()) == data_digest.splits(make())

    def test_another_process_reads_the_same_samples(self, make):
        done = subprocess.run(
            [sys.executable, data_digest.__file__],
            input=pickle.dumps(make),
            capture_output=True,
            env={**os.environ, "PYTHONHASHSEED": "1"},
        )
        assert done.returncode == 0, done.stderr.decode()
        assert json.loads(done.stdout) == data_digest.splits(make())

    @pytest.mark.parametrize("split", ["validation", "Train", ""])
    def test_refuses_an_unknown_split(self, data, split):
        with pytest.raises(ConfigError, match="no split"):
            data.split(split)
