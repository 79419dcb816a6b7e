from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from contracts.knob import KnobContract
from support.fake_cpufreq import FakeJetson, FakeSysfs
from support.fake_nvml import COMPILER, FakeGpu, FakeNvml

from joulelab.hardware import KNOBS, knobs
from joulelab.hardware.threads import Threads

CPU = {
    "cpu_online": 2,
    "cpu_boost": False,
    "cpu_governor": "powersave",
    "cpu_energy_preference": "power",
    "cpu_frequency_percent": 60,
    "cpu_frequency_hz": 2.0e9,
}
JETSON = {"jetson_power_mode": "5W", "jetson_clocks": True, "gpu_frequency_percent": 60}
GPU = {
    "gpu_power_limit_w": 200,
    "gpu_clock_percent": 60,
    "gpu_clock_hz": 1.41e9,
    "gpu_memory_clock_hz": 9751e6,
}
APPLIED = {
    "cpu_online": "2 of 4 cores",
    "cpu_boost": "off",
    "cpu_governor": "powersave on 4 cores",
    "cpu_energy_preference": "power on 4 cores",
    "cpu_frequency_percent": "2.4 GHz of 4 GHz on 4 cores",
    "cpu_frequency_hz": "2 GHz of 4 GHz on 4 cores",
    "jetson_power_mode": "mode 1 5W",
    "jetson_clocks": "policy0 1.479 GHz, policy1 1.479 GHz, policy2 1.479 GHz, policy3 1.479 GHz, "
    "57000000.gpu 0.9216 GHz",
    "gpu_frequency_percent": "0.5376 GHz of 0.9216 GHz",
    "gpu_power_limit_w": "200 of 400 W on 2 GPUs",
    "gpu_clock_percent": "1.26 GHz of 2.1 GHz on 2 GPUs",
    "gpu_clock_hz": "1.41 GHz of 2.1 GHz on 2 GPUs",
    "gpu_memory_clock_hz": "9.751 GHz of 9.751 GHz on 2 GPUs",
}


class SystemKnobContract(KnobContract):
    def test_says_what_holds_while_it_holds(self, knob):
        knob.apply()
        assert knob.applied == APPLIED[knob.name]
        knob.restore()
        assert knob.applied is None

    def test_its_guardian_ends_with_it(self, knob):
        keeper = knob._machine.keeper
        knob.apply()
        pid = keeper.pid
        assert pid is not None
        knob.restore()
        assert keeper.pid is None
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


class TestCpu(SystemKnobContract):
    @pytest.fixture
    def tree(self, tmp_path):
        return FakeSysfs(tmp_path / "sys")

    @pytest.fixture(params=CPU.items(), ids=lambda item: item[0])
    def knob(self, request, tree):
        key, value = request.param
        (knob,) = knobs({key: value, "sysfs": str(tree.root)})
        yield knob
        knob.restore()

    @pytest.fixture
    def read(self, tree):
        return tree.snapshot


class TestJetson(SystemKnobContract):
    @pytest.fixture
    def jetson(self, tmp_path, monkeypatch):
        jetson = FakeJetson(tmp_path)
        monkeypatch.setenv("PATH", jetson.path)
        return jetson

    @pytest.fixture(params=JETSON.items(), ids=lambda item: item[0])
    def knob(self, request, jetson):
        key, value = request.param
        places = {"sysfs": str(jetson.sysfs.root), "nvpmodel_conf": str(jetson.conf)}
        (knob,) = knobs({key: value, **places})
        yield knob
        knob.restore()

    @pytest.fixture
    def read(self, jetson):
        return lambda: {**jetson.sysfs.snapshot(), "mode": jetson.mode.read_text()}


@pytest.mark.skipif(COMPILER is None, reason="no C compiler")
class TestGpu(SystemKnobContract):
    @pytest.fixture
    def nvml(self, tmp_path):
        return FakeNvml(tmp_path, [FakeGpu(), FakeGpu()])

    @pytest.fixture(params=GPU.items(), ids=lambda item: item[0])
    def knob(self, request, nvml):
        key, value = request.param
        (knob,) = knobs({key: value, "nvml_library": nvml.library})
        yield knob
        knob.restore()

    @pytest.fixture
    def read(self, nvml):
        fields = ("limit_mw", "locked_min_mhz", "locked_max_mhz", "memory_locked_max_mhz")
        return lambda: [[getattr(gpu, field) for field in fields] for gpu in nvml.gpus]


class TestThreads(KnobContract):
    @pytest.fixture
    def knob(self):
        knob = Threads(torch.get_num_threads() + 1)
        yield knob
        knob.restore()

    @pytest.fixture
    def read(self):
        return lambda: (torch.get_num_threads(), os.environ.get("OMP_NUM_THREADS"))


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one core is no choice")
@pytest.mark.parametrize("cores", [1, [max(os.sched_getaffinity(0))]], ids=["count", "list"])
class TestCpuAffinity(KnobContract):
    @pytest.fixture
    def knob(self, cores):
        (knob,) = knobs({"cpu_affinity": cores})
        yield knob
        knob.restore()

    @pytest.fixture
    def read(self, cores):
        threads = Path("/proc/self/task")
        return lambda: {t.name: os.sched_getaffinity(int(t.name)) for t in threads.iterdir()}


def test_every_knob_stands_here():
    assert set(KNOBS) == {*CPU, *JETSON, *GPU, "cpu_affinity", "threads"}
