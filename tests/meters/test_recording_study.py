"""times.txt and Flux rows of the performance-tracking study."""

from __future__ import annotations

import pytest
from support import recorded
from support.recorded import whole

from joulelab.errors import DataError
from joulelab.meters.energy.integration import channel_energy
from joulelab.meters.recordings import common_span, load


def test_study_tells_phases_and_the_plugs_energy(tmp_path):
    read = load(recorded.study(tmp_path, [0, 180, 300, 600, 900]))
    assert [(phase.name, phase.duration_s) for phase in read.phases] == [
        ("idle", 180),
        ("warmup", 120),
        ("fit", 600),
        ("fit/repetition_1", 300),
        ("fit/repetition_2", 300),
    ]
    repetition = read.phases[-1]
    interval = [(repetition.start_ns, repetition.stop_ns)]
    energy = channel_energy(read, "influxdb.plug", interval)
    assert (energy.value_j, energy.coverage) == (pytest.approx(50 * 300), 1.0)
    assert set(read.values["influxdb.cpu"]) == {25.0}
    assert read.channels["influxdb.cpu"].kind == "auxiliary"


def test_repetition_shorter_than_the_plugs_rhythm_has_its_energy_all_the_same(tmp_path):
    read = load(recorded.study(tmp_path, [0, 180, 300, 312, 324]))
    repetition = read.phases[-1]
    energy = channel_energy(read, "influxdb.plug", [(repetition.start_ns, repetition.stop_ns)])
    assert energy.value_j == pytest.approx(50 * 12)


def test_annotated_replies_in_files_of_their_own_are_one_meter(tmp_path):
    header = "\n".join(
        [
            "#group,false,false,true,true,false,false,true,true,true",
            "#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,double,string,string,string",
            "#default,_result,,,,,,,,",
            ",result,table,_start,_stop,_time,_value,_field,_measurement,{tag}",
        ]
    )
    series = {
        "cpu": ("cpu", "usage_user", "cpu", "cpu-total"),
        "plug": ("topic", "value", "mqtt_consumer", "zwave/Switch/50/0/value/66049"),
    }
    for name, (tag, *rest) in series.items():
        rows = [recorded.flux_row(at_s, 20, *rest) for at_s in range(0, 100, 10)]
        (tmp_path / f"{name}.csv").write_text("\r\n".join([header.format(tag=tag), *rows]) + "\r\n")
    read = load(tmp_path)
    assert set(read.channels) == {"influxdb.cpu", "influxdb.plug"}
    assert whole(read, "influxdb.plug").value_j == pytest.approx(20 * 90)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["2023-11-14T22:13:20Z", "2023-11-14T22:13:10Z"], ["line 2", "earlier"]),
        (["2023-11-14T22:13:20Z"] * 3, ["3 times"]),
        (["2023-11-14T22:13:20Z"] * 3 + ["later"], ["line 4", "'later'"]),
        (["2023-11-14T22:13:20Z"] * 4, ["no sample"]),
    ],
)
def test_broken_times_are_told_with_their_line(tmp_path, lines, words):
    (tmp_path / "times.txt").write_text("\n".join(lines))
    with pytest.raises(DataError) as told:
        load(tmp_path / "times.txt")
    assert all(word in str(told.value) for word in words), told.value


def test_unknown_flux_series_is_auxiliary_under_its_own_name(tmp_path):
    rows = [recorded.flux_row(at_s, 3, "load1", "system", "host") for at_s in range(0, 50, 10)]
    (tmp_path / "rows.csv").write_text("\n".join(rows))
    read = load(tmp_path / "rows.csv")
    assert list(read.channels) == ["influxdb.system_load1"]
    with pytest.raises(DataError, match="no energy or power"):
        common_span(read)


@pytest.mark.parametrize(
    ("measurement", "field", "tags", "channel"),
    [
        ("mqtt_consumer", "value", ["host", "shellies/desk/relay/0/power"], "plug"),
        ("mqtt_consumer", "ENERGY_Power", ["host", "tele/desk/SENSOR"], "plug"),
        ("W", "value", ["plug_power"], "plug"),
        ("upsd", "real_power", ["ups"], "plug"),
        ("nvidia_smi", "power_draw", ["0", "host"], "gpu_power"),
        ("ipmi_sensor", "value", ["host", "pwr_consumption", "watts"], "node_power"),
    ],
)
def test_a_power_has_the_scope_of_what_shows_it(tmp_path, measurement, field, tags, channel):
    rows = [recorded.flux_row(at_s, 60, field, measurement, *tags) for at_s in range(0, 50, 10)]
    (tmp_path / "rows.csv").write_text("\n".join(rows))
    (found,) = load(tmp_path / "rows.csv").channels.values()
    scopes = {"plug": "wall", "gpu_power": "gpu", "node_power": "node"}
    assert (found.name, found.kind, found.scope) == (channel, "power", scopes[channel])


@pytest.mark.parametrize(
    ("measurement", "field"),
    [
        ("mqtt_consumer", "power_factor"),
        ("mqtt_consumer", "power_state"),
        ("mqtt_consumer", "ENERGY_ApparentPower"),
        ("powerstat_package", "current_power_consumption_watts"),
        ("nvidia_smi", "power_limit"),
    ],
)
def test_what_is_no_power_of_a_plug_is_none(tmp_path, measurement, field):
    rows = [recorded.flux_row(at_s, 1, field, measurement, "host") for at_s in range(0, 50, 10)]
    (tmp_path / "rows.csv").write_text("\n".join(rows))
    (found,) = load(tmp_path / "rows.csv").channels.values()
    assert found.kind == "auxiliary"
