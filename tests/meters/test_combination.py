from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulelab.meters.energy.uncertainty import combine, difference
from joulelab.records import Energy

SQRT3 = math.sqrt(3)


def joules(value: float, independent: float, shared: float, duration_s: float = 10) -> Energy:
    return Energy(value, independent, shared, 1.0, duration_s, "cpu", "measured")


def test_shared_parts_add_linearly_within_a_meter_and_in_quadrature_between() -> None:
    part = joules(10, 3, 2)
    same = combine({"rapl.package-0": part, "rapl.dram": part})
    other = combine({"rapl.package-0": part, "nvml.gpu": part})
    assert (same.value_j, same.u_independent_j) == (20, pytest.approx(3 * math.sqrt(2)))
    assert same.u_shared_j == pytest.approx(4)
    assert other.u_shared_j == pytest.approx(2 * math.sqrt(2))


def test_a_sum_is_as_complete_and_as_measured_as_its_worst_part() -> None:
    worse = replace(joules(1, 0, 0), coverage=0.4, provenance="estimated", bridged=True)
    total = combine({"a.x": joules(1, 0, 0), "b.y": worse})
    assert (total.coverage, total.provenance, total.bridged) == (0.4, "estimated", True)


def test_the_sum_of_nothing_is_no_energy() -> None:
    with pytest.raises(ValueError, match="no channels"):
        combine({})


def biased(power: float, seconds: float, offset: float, gain: float) -> Energy:
    u_shared = (offset * seconds + gain * power * seconds) / SQRT3
    return joules(power * seconds, 0, u_shared, seconds)


levels, lengths = st.floats(10, 500), st.floats(1, 500)


@given(levels, lengths, levels, lengths, st.floats(0, 5), st.floats(0, 0.1))
def test_on_one_instrument_offset_acts_on_time_and_gain_on_energy(
    p: float, t: float, q: float, s: float, offset: float, gain: float
) -> None:
    a, b = biased(p, t, offset, gain), biased(q, s, offset, gain)
    value, u = difference(a, b)
    expected = (offset * abs(t - s) + gain * abs(value)) / SQRT3
    tolerance = 1e-3 * max(a.u_shared_j, b.u_shared_j) + 1e-9
    if abs(p - q) > 1e-3 * p:
        assert u == pytest.approx(expected, rel=1e-3, abs=tolerance)
    else:
        assert u <= expected + tolerance


def test_two_instruments_do_not_cancel() -> None:
    a, b = joules(100, 3, 30), joules(90, 4, 40)
    assert difference(a, b, same_instrument=False) == (10, pytest.approx(math.hypot(5, 50)))
    assert difference(a, a) == (0, pytest.approx(3 * math.sqrt(2)))
