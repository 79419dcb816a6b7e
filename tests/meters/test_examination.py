"""What doctor and `meter=auto` learn of a meter by asking it once."""

from __future__ import annotations

import threading

from support.fake_powercap import FakePowercap, FakeZone
from support.meters import BrokenMeter, ConstantMeter

from joulelab.meters.cpu_estimate import CpuEstimate
from joulelab.meters.examination import examine, examine_all
from joulelab.meters.rapl import Rapl


class HangingStart(ConstantMeter):
    release = threading.Event()

    def start(self):
        self.release.wait()


class Probed(ConstantMeter):
    note = "a tool that must not run"

    def probe(self):
        return

    def start(self):
        raise AssertionError("started")


def test_a_ready_instrument_names_its_channels(tmp_path):
    FakePowercap(tmp_path, [FakeZone("package-0", 50.0)])
    status = examine("rapl", lambda: Rapl(str(tmp_path)))
    assert (status.ready, status.measured, status.channels) == (True, True, ("package-0",))


def test_a_missing_instrument_says_where_and_what_cures_it(tmp_path):
    status = examine("rapl", lambda: Rapl(str(tmp_path)))
    assert not status.ready
    assert str(tmp_path) in status.why
    assert "modprobe" in status.cure


def test_an_estimate_is_ready_and_not_measured():
    status = examine("cpu_estimate", lambda: CpuEstimate(watts_per_core=5.0))
    assert (status.ready, status.measured) == (True, False)
    assert "5 W" in status.why


def test_the_meter_is_stopped_again():
    meter = ConstantMeter()
    assert examine("a", lambda: meter).ready
    assert meter.stopped


def test_a_meter_with_a_probe_is_not_started():
    status = examine("a", Probed)
    assert (status.ready, status.why) == (True, "a tool that must not run")


def test_a_meter_that_hangs_holds_up_nobody():
    try:
        found = examine_all({"slow": HangingStart, "a": ConstantMeter, "b": BrokenMeter}, 0.3)
    finally:
        HangingStart.release.set()
    assert [(each.name, each.ready) for each in found] == [
        ("slow", False),
        ("a", True),
        ("b", False),
    ]
    assert "0.3 s" in found[0].why
    assert found[2].cure == "plug it in"


def test_a_constructor_that_raises_is_a_line_too():
    status = examine("a", lambda: 1 / 0)
    assert not status.ready
    assert "ZeroDivisionError" in status.why
