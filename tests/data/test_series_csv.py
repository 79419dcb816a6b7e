from __future__ import annotations

import functools

import numpy as np
import pytest
from contracts.data import DataContract

from joulelab.data.series_csv import SeriesCsv
from joulelab.errors import ConfigError, DataError


def table(seed, steps, labels=None):
    random = np.random.default_rng(seed)
    lines = ["time,power,speed" + ("" if labels is None else ",bad")]
    for step in range(steps):
        row = f"2026-01-01T{step:05d},{random.normal(50, 5):.3f},{random.normal(1, 0.1):.3f}"
        lines.append(row if labels is None else f"{row},{labels[step]}")
    return "\n".join(lines) + "\n"


BITS = [int(10 <= step < 15) for step in range(60)]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "train.csv").write_text(table(0, 80))
    (tmp_path / "test.csv").write_text(table(1, 60))
    (tmp_path / "labelled.csv").write_text(table(1, 60, BITS))
    (tmp_path / "bits.csv").write_text("\n".join(["bad", *map(str, BITS)]))
    (tmp_path / "spans.csv").write_text("start,stop,kind\n10,15,jam\n")
    return tmp_path


def make(folder, test="test.csv", labels=None, **options):
    path = None if labels is None else folder / labels
    options = {"window": 10, "ignored": ["time"], **options}
    return SeriesCsv(folder / "train.csv", folder / test, path, **options)


class TestSeriesCsv(DataContract):
    @pytest.fixture
    def make(self, folder):
        paths = (folder / name for name in ("train.csv", "test.csv", "bits.csv"))
        return functools.partial(SeriesCsv, *paths, window=10, ignored=["time"])


@pytest.mark.parametrize(
    "options",
    [
        {"labels": "bits.csv"},
        {"labels": "spans.csv"},
        {"test": "labelled.csv", "label_column": "bad"},
    ],
)
def test_labels_may_come_from_three_places(folder, options):
    data = make(folder, **options)
    np.testing.assert_array_equal(data.split("test").labels, np.array(BITS, bool))
    assert data.spec.channels == ("power", "speed")


def test_spans_keep_their_kind(folder):
    (entity,) = make(folder, labels="spans.csv").entities
    assert entity.test.anomalies == ((10, 15, "jam", ()),)


def test_units_stay_where_nothing_is_scaled(folder):
    units = ["W", "m/s"]
    assert make(folder, labels="bits.csv", units=units).spec.units == ("1", "1")
    plain = make(folder, labels="bits.csv", units=units, normalisation="none")
    assert plain.spec.units == ("W", "m/s")


@pytest.mark.parametrize(
    ("options", "error", "reason"),
    [
        ({}, ConfigError, "one place"),
        ({"labels": "bits.csv", "label_column": "bad"}, ConfigError, "one place"),
        ({"labels": "none.csv"}, DataError, "No such file"),
        ({"labels": "train.csv"}, DataError, "neither one column"),
        ({"label_column": "bad"}, DataError, "no column bad"),
        ({"labels": "bits.csv", "ignored": []}, DataError, "is no number"),
        ({"labels": "bits.csv", "units": ["W"]}, ConfigError, "1 units do not fit 2"),
        ({"labels": "bits.csv", "ignored": ["time", "power", "speed"]}, DataError, "no channel"),
        ({"labels": "bits.csv", "window": 50}, DataError, "the longest has"),
    ],
)
def test_a_mistake_is_one_sentence(folder, options, error, reason):
    with pytest.raises(error, match=reason) as caught:
        make(folder, **options).spec
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("bad\n2\n", "neither 0 nor 1"),
        ("bad\n1\n", "1 labels do not fit 60 steps"),
        ("start,stop\n50,61\n", "does not lie in 60 steps"),
        ("start,stop\n5,5\n", "does not lie"),
    ],
)
def test_labels_that_cannot_be(folder, content, reason):
    (folder / "wrong.csv").write_text(content)
    with pytest.raises(DataError, match=reason):
        make(folder, labels="wrong.csv").split("test")


def test_a_gap_is_not_filled(folder):
    text = table(1, 60).splitlines()
    text[5] = "2026,,1.0"
    (folder / "test.csv").write_text("\n".join(text))
    with pytest.raises(DataError, match="no numbers"):
        make(folder, labels="bits.csv").split("test")
