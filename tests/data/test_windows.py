"""What becomes of entities on their way to windows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulelab.data.anomaly import AnomalyData, bare_spec
from joulelab.data.entities import Anomaly, Entity, Series, series
from joulelab.data.windows import WindowedSplit
from joulelab.errors import DataError


class Made(AnomalyData):
    """Entities whose value is their step, the second one 100 times as large, test beyond train."""

    def __init__(self, lengths=((40, 30), (20, 30)), own_val=False, **preparation):
        super().__init__(**preparation)
        self._lengths = lengths
        self._own_val = own_val

    def _read(self, chosen):
        val = series(np.ones((9, 2))) if self._own_val else None
        return [
            Entity(str(place), *(ramp(steps, 100**place) for steps in both), val)
            for place, both in enumerate(self._lengths)
        ]

    def _describe(self):
        return bare_spec("made", ("step", "constant"), "made", units=("W", "V"))


def ramp(steps, scale):
    values = np.stack([np.arange(steps) * scale, np.full(steps, 7.0)], axis=1)
    return series(values, np.arange(steps) % 5 == 0)


@given(
    lengths=st.lists(st.integers(1, 30), min_size=1, max_size=5),
    window=st.integers(1, 12),
    joined=st.booleans(),
)
def test_windows_are_the_slices_that_end_at_each_step(lengths, window, joined):
    parts = [ramp(length, 1 + place) for place, length in enumerate(lengths)]
    names = [str(place) for place in range(len(parts))]
    split = WindowedSplit(names, parts, window, joined)
    pieces = [np.concatenate([p.values for p in parts])] if joined else [p.values for p in parts]
    slices = [
        piece[stop - window : stop].T for piece in pieces for stop in range(window, len(piece) + 1)
    ]
    assert len(split) == len(slices)
    for index, expected in enumerate(slices):
        np.testing.assert_array_equal(split[index][0], expected)
    if slices:
        np.testing.assert_array_equal(split.batch(np.arange(len(split))), slices)
        np.testing.assert_array_equal(
            split.targets(), [y for _, y in map(split.__getitem__, range(len(split)))]
        )
    if not joined:
        assert split.without_windows == tuple(
            n for n, p in zip(names, lengths, strict=True) if p < window
        )


def test_windows_are_not_copied():
    split = WindowedSplit("a", [ramp(1000, 1)], 100)
    assert np.shares_memory(split.windows, split.values)


def test_each_window_knows_its_entity():
    split = WindowedSplit(["a", "b"], [ramp(5, 1), ramp(4, 1)], 3)
    assert split.entity_of().tolist() == [0, 0, 0, 1, 1]


def test_scales_by_the_training_split_alone():
    split = {n: Made(window=5).split(n).values[:, 0] for n in ("train", "val", "test")}
    # train: steps 0 to 27, and 0 to 13 times 100
    assert split["train"].max() == 1
    assert split["val"].max() == pytest.approx(1900 / 1300)
    assert split["test"].max() == pytest.approx(2900 / 1300)


def test_scales_each_entity_by_its_own_range():
    values = Made(window=5, per_entity=True).split("test").values[:, 0]
    assert values[29] == pytest.approx(29 / 27)
    assert values[-1] == pytest.approx(29 / 13)


def test_per_split_scales_test_by_itself_and_val_with_train():
    data = Made(window=5, normalisation="per_split")
    assert data.split("test").values[:, 0].max() == 1
    assert data.split("val").values[:, 0].max() == 1


def test_a_constant_channel_is_shifted_to_zero():
    assert not Made(window=5).split("test").values[:, 1].any()


def test_none_leaves_values_and_units():
    data = Made(window=5, normalisation="none")
    assert data.split("test").values[3].tolist() == [3, 7]
    assert data.spec.units == ("W", "V")
    assert Made(window=5).spec.units == ("1", "1")


def test_a_limit_cuts_what_lies_far_outside():
    assert Made(window=5, limit=0.5).split("test").values.max() == 1.5


def test_the_tail_of_each_training_series_is_held_out():
    assert np.diff(Made(window=5).split("val").bounds).tolist() == [12, 6]


def test_the_tail_of_all_is_held_out_where_they_are_joined():
    data = Made(window=5, joined=True)
    assert np.diff(data.split("train").bounds).tolist() == [40, 2]
    assert np.diff(data.split("val").bounds).tolist() == [0, 18]
    assert data.split("test").stretches() == [(0, 60)]


def test_a_val_of_its_own_is_used():
    data = Made(window=5, own_val=True)
    assert len(data.split("val").values) == 18
    assert len(data.split("train").values) == 60


def test_an_entity_without_a_window_is_named():
    assert Made(window=10).split("val").without_windows == ("1",)


def test_a_window_longer_than_everything_is_refused():
    with pytest.raises(DataError, match="no series of val has 13 steps, the longest has 12"):
        Made(window=13).split("train")


def test_a_part_of_a_series_keeps_its_anomalies():
    whole = Series(np.zeros((20, 1)), np.zeros(20), (Anomaly(2, 8, "x"), Anomaly(15, 18)))
    assert whole.part(5, 15).anomalies == (Anomaly(0, 3, "x"),)
