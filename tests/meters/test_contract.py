"""Every meter under the one contract."""

from __future__ import annotations

import pytest
from contracts.meter import BufferedMeterContract, MeterContract
from support.fake_powercap import FakePowercap, FakeZone
from support.traces import counter_trace

from joulelab.meters.codecarbon import CodeCarbon
from joulelab.meters.cpu_estimate import CpuEstimate
from joulelab.meters.rapl import Rapl
from joulelab.meters.replay import Replay
from joulelab.meters.tracing import trace


class TestRapl(MeterContract):
    @pytest.fixture
    def meter(self, tmp_path):
        zones = [
            FakeZone("package-0", 60.0),
            FakeZone("core", 40.0, parent="package-0"),
            FakeZone("dram", 8.0, parent="package-0"),
        ]
        with FakePowercap(tmp_path / "powercap", zones) as tree:
            yield Rapl(str(tree.root))


class TestCpuEstimate(MeterContract):
    @pytest.fixture(params=[True, False], ids=["auxiliary", "plain"])
    def meter(self, request):
        return CpuEstimate(watts_per_core=5.0, auxiliary=request.param)


class TestCodeCarbon(MeterContract):
    @pytest.fixture
    def meter(self):
        return CodeCarbon(period_s=0.1)


class TestReplay(BufferedMeterContract):
    @pytest.fixture(params=[False, True], ids=["once", "loop"])
    def meter(self, request, tmp_path):
        path = tmp_path / "trace.parquet"
        trace.write(counter_trace(watts=25.0, seconds=0.7 if request.param else 30.0), path)
        return Replay(path, loop=request.param)
