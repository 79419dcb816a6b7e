"""GPUs through NVML: what is read and declared, and what befalls it while it goes."""

from __future__ import annotations

import math
import time

import pytest
from contracts.meter import MeterContract
from support.fake_nvml import COMPILER, GPU_IS_LOST, NO_PERMISSION, UNKNOWN, FakeGpu, FakeNvml

from joulelab.meters.nvml import Nvml

pytestmark = pytest.mark.skipif(COMPILER is None, reason="the fake library needs a C compiler")

DRIVER_NOT_LOADED = 9
ENERGY, INSTANT, USAGE = (
    FakeGpu(),
    FakeGpu(counter=False),
    FakeGpu(counter=False, instant=False),
)


@pytest.fixture
def start(tmp_path):
    """A fake library with these GPUs, and a started meter for it."""
    meters = []

    def make(*gpus, **options):
        fake = FakeNvml(tmp_path / str(len(meters)), gpus or [ENERGY])
        meters.append(Nvml(library=fake.library, **options))
        meters[-1].start()
        return fake, meters[-1]

    yield make
    for meter in meters:
        meter.stop()


def energy(meter):
    """By GPU, of one reading."""
    return {s.channel: s.value for s in meter.read() if s.channel.startswith("gpu-")}


def first_answer(meter):
    """What comes after the silence: the driver is tried once a second."""
    until_s = time.monotonic() + 5.0
    value = math.nan
    while math.isnan(value) and time.monotonic() < until_s:
        time.sleep(0.05)
        value = energy(meter)["gpu-0"]
    return value


class TestNvml(MeterContract):
    @pytest.fixture(params=[ENERGY, INSTANT, USAGE], ids=["counter", "instant", "usage"])
    def meter(self, request, tmp_path):
        fake = FakeNvml(tmp_path, [request.param, request.param])
        fake.play(lambda seconds: 100.0 * seconds, 0.005)
        yield Nvml(library=fake.library)
        fake.stop()


def test_counter_gives_the_joules_since_the_start(start):
    fake, meter = start()
    assert energy(meter) == {"gpu-0": 0.0}
    fake.gpus[0].energy_mj += 12_345
    assert energy(meter) == {"gpu-0": 12.345}


@pytest.mark.parametrize("gpu", [INSTANT, USAGE])
def test_card_without_counter_gives_power(start, gpu):
    fake, meter = start(gpu)
    fake.gpus[0].power_mw = fake.gpus[0].average_mw = 123_456
    assert energy(meter) == {"gpu-0": 123.456}


@pytest.mark.parametrize(
    ("gpu", "kind", "update_period_s"),
    [
        (ENERGY, "counter", 0.1),
        (INSTANT, "power", 0.1),
        (USAGE, "power", 1.0),
        (FakeGpu("NVIDIA L40S", 8, counter=False, instant=False), "power", 1.0),
        (FakeGpu("NVIDIA A100-SXM4-40GB", counter=False, instant=False), "power", 0.1),
        (FakeGpu("NVIDIA RTX A3000 Laptop GPU", counter=False, instant=False), "power", 1.0),
        (FakeGpu("Tesla P100-PCIE-16GB", 4, counter=False, instant=False), "power", 0.1),
    ],
)
def test_averaging_of_the_card_is_declared(start, gpu, kind, update_period_s):
    _, meter = start(gpu)
    channel = meter.channels[0]
    assert (channel.kind, channel.update_period_s) == (kind, update_period_s)
    assert (channel.scope, channel.provenance) == ("gpu", "measured")
    assert channel.power_max_w == 400.0


def test_accuracy_is_the_constructors(start):
    _, meter = start(accuracy_absolute_w=1.5, accuracy_relative=0.02)
    channel = meter.channels[0]
    assert (channel.accuracy_absolute_w, channel.accuracy_relative) == (1.5, 0.02)


def test_counter_that_starts_again_is_said_and_counted_on(start):
    fake, meter = start()
    fake.gpus[0].energy_mj += 1_000
    assert energy(meter) == {"gpu-0": 1.0}
    fake.gpus[0].energy_mj = 300
    assert energy(meter) == {"gpu-0": math.inf}
    fake.gpus[0].energy_mj += 2_000
    assert energy(meter) == {"gpu-0": 3.0}


def test_counter_that_leaps_is_not_believed(start):
    fake, meter = start()
    fake.gpus[0].energy_mj += 10**12
    assert energy(meter) == {"gpu-0": math.inf}


def test_lost_permission_is_a_gap_that_the_counter_bridges(start):
    fake, meter = start()
    fake.gpus[0].error = NO_PERMISSION
    assert math.isnan(energy(meter)["gpu-0"])
    assert meter.trouble == "gpu-0: Insufficient Permissions"
    fake.gpus[0].error, fake.gpus[0].energy_mj = 0, fake.gpus[0].energy_mj + 5_000
    assert energy(meter) == {"gpu-0": 5.0}


def test_power_that_is_lost_comes_back(start):
    fake, meter = start(INSTANT)
    fake.gpus[0].field_error = UNKNOWN
    assert math.isnan(energy(meter)["gpu-0"])
    fake.gpus[0].field_error = 0
    assert energy(meter) == {"gpu-0": 100.0}


def test_one_lost_gpu_does_not_silence_the_others(start):
    fake, meter = start(ENERGY, ENERGY)
    fake.gpus[0].error = GPU_IS_LOST
    fake.gpus[1].energy_mj += 1_000
    read = energy(meter)
    assert math.isnan(read["gpu-0"])
    assert read["gpu-1"] == 1.0


def test_driver_that_went_and_came_back_counts_anew(start):
    """Even where the new counter already stands higher than the old one did."""
    fake, meter = start()
    fake.state.init_error = DRIVER_NOT_LOADED
    fake.state.users = 0
    assert math.isnan(energy(meter)["gpu-0"])
    fake.state.init_error = 0
    fake.gpus[0].energy_mj += 1_000
    assert first_answer(meter) == math.inf
    fake.gpus[0].energy_mj += 2_000
    assert energy(meter) == {"gpu-0": 2.0}
    meter.stop()
    assert fake.state.users == 0


def test_library_shut_down_by_somebody_else_is_opened_again(start):
    fake, meter = start()
    fake.state.users = 0
    assert math.isnan(energy(meter)["gpu-0"])
    fake.gpus[0].energy_mj += 2_000
    assert first_answer(meter) == 2.0


def test_counter_without_an_answer_at_the_start_is_waited_for(tmp_path):
    fake = FakeNvml(tmp_path)
    fake.gpus[0].energy_error = UNKNOWN
    meter = Nvml(library=fake.library)
    meter.start()
    assert meter.channels[0].kind == "counter"
    assert math.isnan(energy(meter)["gpu-0"])
    fake.gpus[0].energy_error = 0
    assert energy(meter) == {"gpu-0": 0.0}
    meter.stop()


def test_slow_driver_gets_a_thread_of_its_own(tmp_path):
    fake = FakeNvml(tmp_path)
    meter = Nvml(library=fake.library)
    meter.start()
    assert not meter.remote
    fake.state.delay_us = 2_000
    meter.start()
    assert meter.remote
    meter.stop()


def test_auxiliary_channels_tell_load_memory_clock_and_temperature(start):
    _, meter = start()
    read = {sample.channel: sample.value for sample in meter.read()}
    assert read == {
        "gpu-0": 0.0,
        "utilisation-0": 87.0,
        "memory_used-0": float(2 << 30),
        "sm_clock-0": 2.1e9,
        "temperature-0": 61.0,
    }
    assert set(read) == {channel.name for channel in meter.channels}


def test_auxiliary_channels_are_read_of_one_gpu_at_a_time(start):
    fake, meter = start(*[ENERGY] * 8, auxiliary_period_s=0.08)
    most = 0
    seen = set()
    for _ in range(16):
        before = fake.state.calls
        seen |= {sample.channel for sample in meter.read()}
        most = max(most, fake.state.calls - before)
        time.sleep(0.01)
    assert most == 8 + 4
    assert seen == {channel.name for channel in meter.channels}


def test_auxiliary_channels_can_be_left_out(start):
    fake, meter = start(auxiliary_period_s=None)
    before = fake.state.calls
    assert list(energy(meter)) == [channel.name for channel in meter.channels] == ["gpu-0"]
    assert fake.state.calls == before + 1


def test_driver_that_turns_slow_is_asked_for_energy_only(start):
    fake, meter = start(auxiliary_period_s=0.0)
    assert len(meter.read()) == 5
    fake.state.delay_us = 5_000
    assert list(energy(meter)) == [sample.channel for sample in meter.read()] == ["gpu-0"]
    fake.state.delay_us = 0
    assert len(meter.read()) == 5


def test_driver_that_was_slow_from_the_start_tells_its_load(start):
    fake, meter = start(auxiliary_period_s=0.0)
    fake.state.delay_us = 2_000
    meter.start()
    assert len(meter.read()) == 5


def test_stop_gives_the_library_back(start):
    fake, meter = start()
    meter.stop()
    assert fake.state.users == 0
    assert meter.read() == []
