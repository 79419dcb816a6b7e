from __future__ import annotations

import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from support import job_traces_file

from joulelab.data.job_traces import SHIPPED, UNITS, JobTraces
from joulelab.errors import ConfigError, DataError

SPLITS = ("train", "val", "test")


def write(tmp_path, listed=None, without=None):
    return job_traces_file.write(tmp_path / "traces.parquet", listed, without)


def test_rounds_never_cross_splits(tmp_path):
    listed = job_traces_file.rows(rounds=10)
    for row in listed:
        row["power_w"] = [float(row["round"])] * 50
    data = JobTraces(write(tmp_path, listed), length=50, channels=["power_w"])
    rounds = [set(data.split(name).arrays()[0][:, 0, 0]) for name in SPLITS]
    assert [len(found) for found in rounds] == [6, 2, 2]
    assert set.union(*rounds) == set(range(10))


def test_every_class_is_in_every_split(tmp_path):
    data = JobTraces(write(tmp_path))
    for name in SPLITS:
        assert set(data.split(name).targets()) == {0, 1, 2}


def test_the_end_of_a_short_trace_is_zero(tmp_path):
    data = JobTraces(write(tmp_path), length=80)
    for inputs, _ in [data.split("train")[i] for i in range(3)]:
        filled = np.count_nonzero(inputs, axis=1)
        assert set(filled) <= {60, 61, 62}
        assert (inputs[:, : filled[0]] > 0).all()
        assert (inputs[:, filled[0] :] == 0).all()


def test_a_long_trace_keeps_its_beginning(tmp_path):
    path = write(tmp_path)
    long, short = JobTraces(path, length=60).split("val"), JobTraces(path, length=20).split("val")
    assert short[0][0].shape == (6, 20)
    np.testing.assert_array_equal(short[0][0], long[0][0][:, :20])


def test_targets_name_the_kind_of_the_row(tmp_path):
    listed = job_traces_file.rows(rounds=10)
    for row in listed:
        row["power_w"] = [float(job_traces_file.KINDS.index(row["kind"]))] * 50
    data = JobTraces(write(tmp_path, listed), channels=["power_w"])
    assert data.spec.classes == job_traces_file.KINDS
    for inputs, target in [data.split("train")[i] for i in range(6)]:
        assert inputs[0, 0] == target


def test_channels_come_in_the_order_asked_for(tmp_path):
    path = write(tmp_path)
    everything = JobTraces(path)
    chosen = JobTraces(path, channels=["resident_bytes", "power_w"])
    places = [everything.spec.channels.index(name) for name in chosen.spec.channels]
    assert chosen.spec.channels == ("resident_bytes", "power_w")
    assert chosen.spec.units == ("B", "W")
    np.testing.assert_array_equal(
        chosen.split("test")[0][0], everything.split("test")[0][0][places]
    )


def test_mean_and_std_are_those_of_the_training_split(tmp_path):
    data = JobTraces(write(tmp_path))
    inputs, _ = data.split("train").arrays()
    np.testing.assert_allclose(data.spec.mean, inputs.mean(axis=(0, 2)), rtol=1e-5)
    np.testing.assert_allclose(data.spec.std, inputs.std(axis=(0, 2)), rtol=1e-5)


def test_a_constant_channel_can_be_normalised(tmp_path):
    listed = job_traces_file.rows()
    for row in listed:
        row["read_bytes_s"] = [0.0] * 60
    data = JobTraces(write(tmp_path, listed), channels=["read_bytes_s"])
    assert data.spec.std == (1.0,)


@pytest.mark.parametrize("channels", [["watts"], []])
def test_refuses_unknown_and_no_channels(tmp_path, channels):
    with pytest.raises(ConfigError, match=r"data\.channels: .*known are power_w, "):
        JobTraces(write(tmp_path), channels=channels)


def test_refuses_a_length_below_one(tmp_path):
    with pytest.raises(ConfigError, match=r"data\.length: 0 is not a number of samples"):
        JobTraces(write(tmp_path), length=0)


def test_names_the_file_that_is_not_there(tmp_path):
    path = tmp_path / "nothing.parquet"
    with pytest.raises(DataError) as error:
        JobTraces(path)
    assert str(error.value) == f"{path}: no such file; check data.path"


@pytest.mark.parametrize("column", ["kind", "round", "written_bytes_s"])
def test_names_the_missing_column(tmp_path, column):
    path = write(tmp_path, without=column)
    with pytest.raises(DataError, match=column) as error:
        JobTraces(path).split("train")
    assert error.value.where == str(path)


def test_a_file_that_is_no_parquet_is_one_sentence(tmp_path):
    path = tmp_path / "traces.parquet"
    path.write_bytes(b"nothing of the sort" * 10)
    with pytest.raises(DataError, match="cannot be read as Parquet") as error:
        JobTraces(path).split("train")
    assert "\n" not in str(error.value)
    assert error.value.where == str(path)


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_half_a_file_is_one_sentence(tmp_path, share):
    path = write(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        JobTraces(path).split("train")


def test_refuses_values_that_are_no_numbers(tmp_path):
    listed = job_traces_file.rows()
    listed[4]["user_s"][7] = float("nan")
    with pytest.raises(DataError, match="no numbers"):
        JobTraces(write(tmp_path, listed)).split("train")


def test_two_rounds_cannot_fill_three_splits(tmp_path):
    with pytest.raises(DataError, match="2 groups cannot fill train, val and test"):
        JobTraces(write(tmp_path, job_traces_file.rows(rounds=2))).split("train")


@pytest.fixture(scope="module")
def columns():
    return pq.read_table(SHIPPED).to_pydict()


class TestShipped:
    def test_is_at_most_a_megabyte(self):
        assert SHIPPED.stat().st_size <= 1_000_000

    def test_has_thirty_traces_of_at_least_eight_kinds(self, columns):
        kinds, counts = np.unique(columns["kind"], return_counts=True)
        assert len(kinds) >= 8
        assert counts.min() >= 30

    def test_every_trace_has_its_own_name(self, columns):
        assert len(set(columns["trace_id"])) == len(columns["trace_id"])

    def test_traces_last_5_to_20_seconds_at_10_hz(self, columns):
        for name in UNITS:
            seconds = np.array([len(values) for values in columns[name]]) / 10
            assert seconds.min() >= 5
            assert seconds.max() <= 20
            np.testing.assert_allclose(seconds, columns["duration_s"], rtol=1e-6)

    def test_values_are_finite_and_not_negative(self, columns):
        for name in UNITS:
            values = np.concatenate(columns[name])
            assert np.isfinite(values).all()
            assert values.min() >= 0

    def test_no_power_is_above_what_the_cores_can_draw(self, columns):
        card = json.loads(pq.read_schema(SHIPPED).metadata[b"card"])
        cores = int(card["machine"].split(" cores")[0].rpartition(" ")[2])
        watts = float(card["power"].partition(" W")[0].rpartition(" ")[2])
        assert max(map(max, columns["power_w"])) <= 1.1 * cores * watts

    def test_every_trace_shows_its_program_from_the_start(self, columns):
        assert all(max(power[:2]) > 0 for power in columns["power_w"])

    def test_every_trace_used_the_processor(self, columns):
        assert min(map(sum, columns["power_w"])) > 0

    @pytest.mark.parametrize("split", SPLITS)
    def test_every_class_is_in_every_split(self, split):
        data = JobTraces()
        assert set(data.split(split).targets()) == set(range(len(data.spec.classes)))

    def test_its_card_says_machine_licence_and_that_power_is_estimated(self):
        card = json.loads(pq.read_schema(SHIPPED).metadata[b"card"])
        assert "cores" in card["machine"]
        assert card["licence"] == "Apache-2.0"
        assert card["power"].startswith("estimated, not measured")
        assert card["sample_hz"] == "10"

    def test_its_page_says_the_same_as_its_card(self):
        card = json.loads(pq.read_schema(SHIPPED).metadata[b"card"])
        page = SHIPPED.with_suffix(".md").read_text(encoding="utf-8")
        for value in card.values():
            assert value in page
