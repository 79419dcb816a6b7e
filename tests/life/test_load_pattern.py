from __future__ import annotations

import os

import pytest
from support.meters import ConstantMeter

from joulelab.load_pattern import load_pattern
from joulelab.meters.cpu_estimate import CpuEstimate
from joulelab.meters.energy.alignment import ON, PATTERN
from joulelab.meters.energy.ledger import settle
from joulelab.meters.tracing import trace
from joulelab.meters.tracing.recorder import Recorder

HALF_S = 0.6


def recorded(folder, meters):
    recorder = Recorder(meters, folder, period_s=0.05)
    recorder.start()
    load_pattern(recorder.phase, 2, HALF_S)
    recorder.stop()
    return trace.load(trace.seal(folder).parent)


def test_the_pattern_is_in_the_trace_as_phases(tmp_path):
    phases = recorded(tmp_path, {"constant": ConstantMeter()}).phases
    (whole,) = [each for each in phases if each.name == PATTERN]
    on = [each for each in phases if each.name == ON]
    assert len(on) == 2
    for each in on:
        assert (each.stop_ns - each.start_ns) / 1e9 == pytest.approx(HALF_S, abs=0.2)
    assert (whole.stop_ns - whole.start_ns) / 1e9 == pytest.approx(4 * HALF_S, abs=0.4)


def test_every_core_works_while_the_load_is_on(tmp_path):
    settled = settle(recorded(tmp_path, {"cpu_estimate": CpuEstimate(watts_per_core=1.0)}))
    on, whole = (settled.headline[name] for name in (ON, PATTERN))
    cores = os.cpu_count()
    assert on.value_j == pytest.approx(cores * on.duration_s, rel=0.5)
    assert whole.value_j - on.value_j < 0.2 * on.value_j
