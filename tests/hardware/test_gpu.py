from __future__ import annotations

import pytest
from support.fake_nvml import COMPILER, NO_PERMISSION, NOT_SUPPORTED, FakeGpu, FakeNvml

from joulelab.errors import HardwareDenied, HardwareError
from joulelab.hardware import knobs, survey

pytestmark = pytest.mark.skipif(COMPILER is None, reason="no C compiler")
EVERY = {
    "gpu_power_limit_w": 200,
    "gpu_clock_percent": 60,
    "gpu_clock_hz": 1.4e9,
    "gpu_memory_clock_hz": 9751e6,
}


@pytest.fixture
def nvml(tmp_path):
    return FakeNvml(tmp_path, [FakeGpu(), FakeGpu()])


def turn(nvml, **settings):
    (knob,) = knobs({**settings, "nvml_library": nvml.library})
    knob.apply()
    return knob


@pytest.mark.parametrize("key", EVERY)
def test_without_the_right_its_command_is_said(nvml, key):
    for gpu in nvml.gpus:
        gpu.set_error = NO_PERMISSION
    with pytest.raises(
        HardwareDenied, match=rf"hardware\.{key}: .*sudo setcap cap_sys_admin\+ep /"
    ):
        turn(nvml, **{key: EVERY[key]})


@pytest.mark.parametrize("key", EVERY)
def test_a_gpu_that_cannot_is_one_sentence(nvml, key):
    for gpu in nvml.gpus:
        gpu.set_error = NOT_SUPPORTED
    with pytest.raises(HardwareError, match="Not Supported"):
        turn(nvml, **{key: EVERY[key]})


def test_a_second_gpu_that_refuses_leaves_the_first_as_found(nvml):
    nvml.gpus[1].set_error = NOT_SUPPORTED
    with pytest.raises(HardwareError):
        turn(nvml, gpu_power_limit_w=200)
    assert nvml.gpus[0].limit_mw == 350_000


def test_only_the_gpus_that_are_named_are_turned(nvml):
    turn(nvml, gpu_power_limit_w=200, gpus=[1])
    assert [gpu.limit_mw for gpu in nvml.gpus] == [350_000, 200_000]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"gpu_power_limit_w": 500}, "say 100 to 400"),
        ({"gpu_clock_hz": 9e9}, r"say 2\.1e\+08 to 2\.1e\+09"),
        ({"gpu_clock_hz": 1e9, "gpus": [2]}, "hardware.gpus: this machine has 2 GPUs"),
    ],
)
def test_what_the_gpu_cannot_do_names_what_it_can(nvml, settings, words):
    with pytest.raises(HardwareError, match=words):
        turn(nvml, **settings)


def test_the_nearest_supported_clock_is_locked(nvml):
    knob = turn(nvml, gpu_clock_percent=50, gpus=[0])
    gpu = nvml.gpus[0]
    assert (gpu.locked_min_mhz, gpu.locked_max_mhz) == (1050, 1050)
    assert knob.applied == "1.05 GHz of 2.1 GHz on 1 GPU"
    assert turn(nvml, gpu_clock_hz=1.044e9, gpus=[1]).applied == "1.05 GHz of 2.1 GHz on 1 GPU"


def test_without_the_library_the_driver_is_asked_for():
    (knob,) = knobs({"gpu_clock_percent": 60, "nvml_library": "libnowhere.so.1"})
    with pytest.raises(HardwareError, match="install the NVIDIA driver"):
        knob.apply()


def test_the_survey_tells_the_ranges(nvml):
    found = {name: why for name, _, why, _ in survey({"nvml_library": nvml.library, "gpus": [0]})}
    assert found["gpu_clock_percent"] == "0.21 to 2.1 GHz on 1 GPU"
    assert found["gpu_power_limit_w"] == "350 W, from 100 to 400 W on 1 GPU"
