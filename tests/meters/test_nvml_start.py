"""GPUs through NVML: which are taken, which of their readings, and why there may be none."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from support.fake_nvml import COMPILER, NO_PERMISSION, UNKNOWN, FakeGpu, FakeNvml

from joulelab.errors import ConfigError, MeterDenied, MeterUnavailable
from joulelab.meters.nvml import Nvml

pytestmark = pytest.mark.skipif(COMPILER is None, reason="the fake library needs a C compiler")

DRIVER_NOT_LOADED, VERSION_MISMATCH = 9, 18
ENERGY = FakeGpu()


@pytest.fixture
def started(tmp_path):
    """A started meter for these GPUs."""
    meters = []

    def make(*gpus, **options):
        meters.append(Nvml(library=FakeNvml(tmp_path, gpus).library, **options))
        meters[-1].start()
        return meters[-1]

    yield make
    for meter in meters:
        meter.stop()


def energy_names(meter):
    return [channel.name for channel in meter.channels if channel.kind != "auxiliary"]


def refused(tmp_path, *gpus, kind=MeterUnavailable, **options):
    fake = FakeNvml(tmp_path, gpus)
    with pytest.raises(kind) as caught:
        Nvml(library=fake.library, **options).start()
    assert fake.state.users == 0
    return str(caught.value)


@pytest.mark.parametrize("source", ["counter", "instant", "usage"])
def test_source_can_be_asked_for(started, source):
    meter = started(ENERGY, source=source)
    assert meter.channels[0].kind == ("counter" if source == "counter" else "power")


def test_source_that_the_card_lacks_is_a_mistake(tmp_path):
    said = refused(tmp_path, FakeGpu(counter=False), kind=ConfigError, source="counter")
    assert "meter.nvml.source" in said
    assert "no reading counter" in said


def test_unknown_source_is_a_mistake():
    with pytest.raises(ConfigError, match="one of counter, instant, usage"):
        Nvml(source="joules")


@pytest.mark.parametrize(
    ("gpus", "names"),
    [
        (None, ["gpu-0", "gpu-1", "gpu-2"]),
        ([2, 0], ["gpu-2", "gpu-0"]),
        (["1"], ["gpu-1"]),
        (1, ["gpu-1"]),
        ([0, "GPU-00000000-0000-0000-0000-000000000000"], ["gpu-0"]),
        (["GPU-00000000-0000-0000-0000-000000000002"], ["gpu-2"]),
    ],
)
def test_gpus_are_chosen_by_index_or_uuid(started, gpus, names):
    meter = started(ENERGY, ENERGY, ENERGY, gpus=gpus)
    assert energy_names(meter) == names


def test_no_gpu_at_all_is_a_mistake():
    with pytest.raises(ConfigError, match=r"meter\.nvml\.gpus: names no GPU; null takes all"):
        Nvml(gpus=[])


@pytest.mark.parametrize("unknown", [3, -1, "GPU-none"])
def test_unknown_gpu_is_a_mistake(tmp_path, unknown):
    said = refused(tmp_path, ENERGY, kind=ConfigError, gpus=[unknown])
    assert f"meter.nvml.gpus: no GPU {unknown}" in said
    assert "this machine has 1" in said


def test_mig_instance_names_its_gpu_as_the_cure(tmp_path):
    instance = FakeGpu("NVIDIA A100-SXM4-40GB MIG 1g.5gb", parent=0)
    uuid = "MIG-00000000-0000-0000-0000-000000000001"
    said = refused(tmp_path, FakeGpu("NVIDIA A100-SXM4-40GB", mig=True), instance, gpus=[uuid])
    assert "meter.nvml.gpus=[GPU-00000000-0000-0000-0000-000000000000]" in said


def test_gpu_with_mig_counts_its_instances_together(started):
    meter = started(FakeGpu("NVIDIA A100-SXM4-40GB", mig=True), FakeGpu(parent=0))
    assert energy_names(meter) == ["gpu-0"]
    assert "all its MIG instances together" in meter.note


def test_jetson_is_sent_to_its_rails(tmp_path):
    gpu = FakeGpu("Orin (nvgpu)", counter=False, instant=False, power=False)
    assert "meter=tegrastats" in refused(tmp_path, gpu)


def test_silent_gpu_among_others_is_left_out_and_said(started):
    meter = started(ENERGY, FakeGpu("Quadro K600", counter=False, instant=False, power=False))
    assert energy_names(meter) == ["gpu-0"]
    assert meter.trouble == "Quadro K600 tells neither energy nor power"
    assert "Quadro K600" in meter.note


def test_silent_gpu_that_was_asked_for_is_an_error(tmp_path):
    silent = FakeGpu(counter=False, instant=False, power=False)
    assert "neither energy nor power" in refused(tmp_path, ENERGY, silent, gpus=[0, 1])


def test_machine_without_gpu(tmp_path):
    assert "the driver sees no GPU" in refused(tmp_path)


@pytest.mark.parametrize(
    ("code", "kind", "cure"),
    [
        (DRIVER_NOT_LOADED, MeterUnavailable, "modprobe nvidia"),
        (NO_PERMISSION, MeterDenied, "usermod"),
        (VERSION_MISMATCH, MeterUnavailable, "reboot"),
        (UNKNOWN, MeterUnavailable, "nvidia-smi"),
    ],
)
def test_driver_that_refuses_is_an_error_with_its_cure(tmp_path, code, kind, cure):
    fake = FakeNvml(tmp_path)
    fake.state.init_error = code
    with pytest.raises(kind, match=cure):
        Nvml(library=fake.library).start()


def test_gpu_that_this_user_may_not_ask(tmp_path):
    fake = FakeNvml(tmp_path)
    fake.gpus[0].energy_error = NO_PERMISSION
    with pytest.raises(MeterDenied, match=r"RTX 3090.*usermod"):
        Nvml(library=fake.library).start()
    assert fake.state.users == 0


def test_library_that_is_not_there(tmp_path):
    with pytest.raises(MeterUnavailable, match=r"meter\.nvml\.library=.*no such library"):
        Nvml(library=str(tmp_path / "libnvidia-ml.so.1")).start()


def test_drivers_own_library_is_found_by_the_loader(tmp_path):
    FakeNvml(tmp_path, [FakeGpu("NVIDIA H100 80GB HBM3", 9)])
    program = (
        "from joulelab.meters.nvml import Nvml; m = Nvml(); m.start(); print(m.note); m.stop()"
    )
    environment = {**os.environ, "LD_LIBRARY_PATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment
    )
    assert done.stdout == "gpu-0: NVIDIA H100 80GB HBM3, energy counter\n", done.stderr
