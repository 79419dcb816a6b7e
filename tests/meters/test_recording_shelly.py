"""A plug's log: power over its own stamps, whatever else it says."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import recorded
from support.recorded import START_S, whole

from joulelab.errors import DataError
from joulelab.meters.recordings import load

PLUG = "shelly.power"
FUZZ = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def test_plug_log_is_a_trapezoid_over_its_own_stamps(tmp_path):
    entries = recorded.readings([0, 2, 4, 9, 11], 5.0)
    entries[3]["power"] = 8.0
    read = load(recorded.shelly_json(tmp_path / "log.json", entries))
    assert whole(read, PLUG).value_j == pytest.approx(5 * 2 + 5 * 2 + 6.5 * 5 + 6.5 * 2)
    assert read.anchor.wall_ns == START_S * 10**9


@pytest.mark.parametrize("scale", [1.0, 1e3])
def test_csv_is_told_watts_from_milliwatts_by_its_apparent_power(tmp_path, scale):
    entries = recorded.readings(range(0, 100, 2), 6.0)
    read = load(recorded.shelly_csv(tmp_path / "shelly.csv", entries, scale))
    assert whole(read, PLUG).power_w == pytest.approx(6.0)


def test_impossible_voltages_are_left_out_and_do_not_touch_the_power(tmp_path):
    entries = recorded.readings(range(0, 100, 2), 6.0)
    for entry in entries[10:40]:
        entry["voltage"] = 74.3
    read = load(recorded.shelly_json(tmp_path / "log.json", entries))
    assert np.isnan(read.values["shelly.voltage"]).sum() == 30
    assert whole(read, PLUG).value_j == pytest.approx(6.0 * 98)


def test_long_silence_of_a_plug_is_a_gap(tmp_path):
    times_s = [*range(0, 200, 2), *range(400, 600, 2)]
    read = load(recorded.shelly_json(tmp_path / "log.json", recorded.readings(times_s)))
    assert whole(read, PLUG).coverage == pytest.approx((198 * 2) / 598)


def test_uneven_rhythm_is_no_gap(tmp_path):
    times_s = np.cumsum([2, 2, 2, 7] * 50).tolist()
    read = load(recorded.shelly_json(tmp_path / "log.json", recorded.readings(times_s)))
    assert whole(read, PLUG).coverage == 1.0


def test_doubled_and_disordered_readings_count_once(tmp_path):
    entries = recorded.readings(range(0, 100, 2), 6.0)
    mixed = [*entries[1::2], *entries[::2], *entries[:20]]
    read = load(recorded.shelly_json(tmp_path / "log.json", mixed))
    assert len(read.times_ns[PLUG]) == 50
    assert whole(read, PLUG).value_j == pytest.approx(6.0 * 98)


def test_reading_without_power_begins_a_gap(tmp_path):
    entries = recorded.readings(range(0, 100, 2), 6.0)
    entries[10]["power"] = None
    del entries[20]["power"]
    read = load(recorded.shelly_json(tmp_path / "log.json", entries))
    assert whole(read, PLUG).coverage == pytest.approx((98 - 8) / 98)


def test_an_object_a_line_and_the_names_of_the_second_generation_are_read(tmp_path):
    lines = [
        json.dumps({"apower": each["power"], "ts": each["timestamp"]})
        for each in recorded.readings(range(0, 100, 2), 6.0)
    ]
    (tmp_path / "log.json").write_text("\n".join(lines))
    assert whole(load(tmp_path / "log.json"), PLUG).value_j == pytest.approx(6.0 * 98)
    (tmp_path / "log.json").write_text("\n".join([*lines, '{"apower": 1, "ts"']))
    with pytest.raises(DataError, match="line 51: no JSON"):
        load(tmp_path / "log.json")


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("log.json", '[\n{"power": 1,\n"timestamp": }]', ["log.json, line 3", "no JSON"]),
        ("log.json", '[{"power": "much", "timestamp": 1700000000}]', ["entry 1", "'much'"]),
        ("log.json", '[{"power": 1, "timestamp": 12}]', ["no reading has a time", "time server"]),
        ("s.csv", "power,timestamp\n1,1700000000\n1\n1,1700000002\n", ["s.csv, line 3", "1 cells"]),
        ("s.csv", "timestamp,power\n1700000000,12", ["no reading"]),
        ("s.csv", "power,timestamp\n1,1700000000\nx,1700000002\n", ["s.csv, line 3", "'x'"]),
    ],
)
def test_broken_plug_log_is_told_with_its_place(tmp_path, name, text, words):
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError) as told:
        load(tmp_path / name)
    assert all(word in str(told.value) for word in words), told.value


@FUZZ
@given(st.data())
def test_damaged_plug_log_is_told_or_right(tmp_path, data):
    entries = recorded.readings(range(0, 40, 2), 6.0)
    write = data.draw(st.sampled_from([recorded.shelly_json, recorded.shelly_csv]))
    path = write(tmp_path / "log.json", data.draw(st.permutations(entries)))
    text = path.read_text()
    path.write_text(text[: data.draw(st.integers(0, len(text)))], newline="\r\n")
    try:
        shown = load(path).values[PLUG]
    except DataError:
        return
    assert set(shown[np.isfinite(shown)]) <= {6.0}
