from __future__ import annotations

import pytest
from support.fake_cpufreq import FakeJetson

from joulelab.errors import HardwareError
from joulelab.hardware import knobs, survey


@pytest.fixture
def jetson(tmp_path, monkeypatch):
    jetson = FakeJetson(tmp_path)
    monkeypatch.setenv("PATH", jetson.path)
    return jetson


def turn(jetson, **settings):
    places = {"sysfs": str(jetson.sysfs.root), "nvpmodel_conf": str(jetson.conf)}
    applied = knobs({**settings, **places})
    for knob in applied:
        knob.apply()
    return applied


@pytest.mark.parametrize("mode", [1, "5W", "5w"])
def test_a_mode_has_a_number_and_a_name(jetson, mode):
    (knob,) = turn(jetson, jetson_power_mode=mode)
    assert knob.applied == "mode 1 5W"


def test_a_mode_that_needs_a_restart_is_no_success(jetson):
    jetson.mode.with_name("mode.stuck").touch()
    with pytest.raises(HardwareError, match=r"stays in mode 0 MAXN; some modes need a restart"):
        turn(jetson, jetson_power_mode=1)


@pytest.mark.parametrize(
    ("mode", "words"), [("30W", "say one of MAXN, 5W"), (7, "nvpmodel says: .*invalid mode 7")]
)
def test_a_mode_that_is_not_there(jetson, mode, words):
    with pytest.raises(HardwareError, match=words):
        turn(jetson, jetson_power_mode=mode)


def test_the_gpu_limit_is_a_share_of_the_highest_however_often_it_is_set(jetson):
    first, second = (turn(jetson, gpu_frequency_percent=60)[0] for _ in range(2))
    assert first.applied == second.applied == "0.5376 GHz of 0.9216 GHz"


def test_a_limit_below_fixed_clocks_loosens_them_and_fixes_them_again(jetson):
    before = jetson.sysfs.snapshot()
    applied = turn(jetson, jetson_clocks=True, cpu_frequency_percent=60, gpu_frequency_percent=60)
    for knob in reversed(applied):
        knob.restore()
    assert jetson.sysfs.snapshot() == before


def test_jetson_clocks_false_turns_nothing():
    assert knobs({"jetson_clocks": False}) == []


def test_a_machine_that_is_no_jetson(monkeypatch, tmp_path):
    for key, value in {"jetson_power_mode": 0, "jetson_clocks": True}.items():
        (knob,) = knobs({key: value, "sysfs": str(tmp_path)})
        with pytest.raises(HardwareError, match=f"{key}: .* is not here: it comes with a Jetson"):
            knob.apply()


def test_the_survey_tells_modes_and_range(jetson):
    places = {"sysfs": str(jetson.sysfs.root), "nvpmodel_conf": str(jetson.conf)}
    found = {name: (available, why) for name, available, why, _ in survey(places)}
    assert found["jetson_power_mode"] == (True, "mode 0 MAXN; of 0 MAXN, 1 5W")
    assert found["gpu_frequency_percent"] == (True, "0.0768 to 0.9216 GHz")
    assert found["cpu_frequency_percent"] == (True, "0.102 to 1.479 GHz on 4 cores")
