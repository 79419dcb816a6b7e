from __future__ import annotations

import itertools
import math
from typing import get_args

import numpy as np
import pytest
from energy_traces import channel, ns, trace
from hypothesis import given
from hypothesis import strategies as st

from joulelab.meters.energy.headline import headline
from joulelab.meters.energy.scopes import LEVELS
from joulelab.records import Channel, Provenance, Scope, Trace

TIMES = np.arange(0, 10.05, 0.1)
WORK = [(ns(0), ns(10))]
SILENT = np.where((TIMES > 4) & (TIMES < 5), math.nan, 0.0)


def steady(what: Channel, watts: float, noise: object = 0.0) -> tuple[Channel, object, object]:
    values = TIMES * watts if what.kind == "counter" else np.full(len(TIMES), watts)
    return what, TIMES, values + noise


def test_the_widest_complete_scope_speaks() -> None:
    of = trace(
        {
            "rapl.package-0": steady(channel("counter", "cpu"), 50),
            "shelly.power": steady(channel("power", "wall"), 90),
        }
    )
    found = headline(of, WORK)
    assert found is not None
    assert (found[0], found[1].value_j) == (("shelly.power",), pytest.approx(900))


def test_processor_memory_and_accelerator_are_summed() -> None:
    of = trace(
        {
            "rapl.package-0": steady(channel("counter", "cpu"), 50),
            "rapl.dram": steady(channel("counter", "dram"), 5),
            "nvml.gpu": steady(channel("counter", "gpu"), 100),
            "estimate.cpu": steady(channel("counter", "cpu", provenance="estimated"), 70),
        }
    )
    found = headline(of, WORK)
    assert found is not None
    assert found[0] == ("rapl.package-0", "rapl.dram", "nvml.gpu")
    assert found[1].value_j == pytest.approx(1550)


def test_a_gap_in_power_hands_over_to_the_next_scope() -> None:
    of = trace(
        {
            "shelly.power": steady(channel("power", "wall"), 90, SILENT),
            "rapl.package-0": steady(channel("counter", "cpu"), 50),
        }
    )
    found = headline(of, WORK)
    assert found is not None
    assert found[0] == ("rapl.package-0",)


def test_a_gap_that_the_counter_bridges_does_not_and_stays_visible() -> None:
    of = trace(
        {
            "shelly.energy": steady(channel("counter", "wall"), 90, SILENT),
            "rapl.package-0": steady(channel("counter", "cpu"), 50),
        }
    )
    found = headline(of, WORK)
    assert found is not None
    assert (found[0], found[1].bridged) == (("shelly.energy",), True)
    assert found[1].value_j == pytest.approx(900)
    assert found[1].coverage < 0.99


def test_the_estimate_speaks_where_nothing_measured_and_says_so() -> None:
    of = trace(
        {
            "rapl.package-0": steady(channel("power", "cpu"), 50, SILENT),
            "estimate.cpu": steady(channel("counter", "cpu", provenance="estimated"), 70),
        }
    )
    found = headline(of, WORK)
    assert found is not None
    assert (found[0], found[1].provenance) == (("estimate.cpu",), "estimated")


def test_nothing_weighed_is_none() -> None:
    memory = channel("auxiliary", "node", unit="B", name="resident_bytes")
    assert headline(trace({}), WORK) is None
    assert headline(trace({"host.resident_bytes": (memory, TIMES, TIMES)}), WORK) is None
    assert headline(trace({"a.b": steady(channel(), 5, math.nan)}), WORK) is None
    assert headline(trace({"a.b": steady(channel(), 5)}), []) is None


@st.composite
def many_meters(draw: st.DrawFn) -> Trace:
    channels = {}
    for index in range(draw(st.integers(0, 6))):
        what = channel(
            draw(st.sampled_from(["counter", "power"])),
            draw(st.sampled_from(get_args(Scope))),
            provenance=draw(st.sampled_from(get_args(Provenance))),
        )
        meter = draw(st.sampled_from("pqr"))
        noise = draw(st.sampled_from([0.0, SILENT, math.nan]))
        channels[f"{meter}.{index}"] = steady(what, 10.0 * 2**index, noise)
    return trace(channels)


@given(many_meters())
def test_scopes_that_contain_each_other_are_never_mixed(of: Trace) -> None:
    found = headline(of, WORK)
    if found is None:
        return
    chosen = [of.channels[channel_id] for channel_id in found[0]]
    assert any({each.scope for each in chosen} <= set(level) for level in LEVELS)
    assert {each.provenance for each in chosen} == {found[1].provenance}
    for one, other in itertools.combinations(found[0], 2):
        if of.channels[one].scope == of.channels[other].scope:
            assert one[0] == other[0]
    watts = sum(10.0 * 2 ** int(channel_id[2:]) for channel_id in found[0])
    assert found[1].value_j == pytest.approx(10 * watts)
