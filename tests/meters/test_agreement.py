from __future__ import annotations

import numpy as np
import pytest
from energy_traces import channel, ns, trace
from hypothesis import given
from hypothesis import strategies as st

from joulelab.meters.energy.agreement import agreements, metrics

TIMES = np.arange(0, 120, 0.5)
WHOLE = [(0, ns(119.5))]


def load_w(times=TIMES):
    return 40 + 20 * np.sin(times / 7)


def both(second, times=TIMES, **more):
    return trace(
        {
            "plug.power": (channel("power", "wall", "power"), TIMES, load_w()),
            "board.total": (channel("power", "board", "total", **more), times, second),
        }
    )


def test_a_line_between_two_instruments_is_found():
    (found,) = agreements(both(0.8 * load_w() - 3), WHOLE)
    assert (found.first, found.second) == ("plug.wall", "board.board")
    assert found.slope == pytest.approx(0.8)
    assert found.offset_w == pytest.approx(-3, abs=1e-6)
    assert found.correlation == pytest.approx(1)


def test_bias_and_limits_are_those_of_bland_and_altman():
    rng = np.random.default_rng(0)
    (found,) = agreements(both(load_w() - 2 + rng.normal(0, 1, len(TIMES))), WHOLE)
    half_w = (found.upper_w - found.lower_w) / 2
    assert found.bias_w == pytest.approx(-2, abs=0.3)
    # Each window of 1.5 s holds the mean of about three samples.
    assert 0.3 < half_w / 1.96 < 1.0
    assert found.lower_w < found.bias_w < found.upper_w


def test_windows_that_one_did_not_see_do_not_count():
    times = TIMES[(TIMES < 30) | (TIMES > 90)]
    (whole,) = agreements(both(load_w()), WHOLE)
    (holed,) = agreements(both(load_w(times), times), WHOLE)
    # On both sides of the hole a window that it cuts is lost, whole or in part.
    assert whole.windows / 2 - 4 <= holed.windows <= whole.windows / 2
    assert holed.bias_w == pytest.approx(0, abs=1e-6)


def test_the_slower_instrument_sets_the_window():
    (found,) = agreements(both(load_w(TIMES[::10]), TIMES[::10]), WHOLE)
    assert found.window_s == pytest.approx(15)


def test_a_steady_load_has_a_bias_but_no_slope():
    steady = trace(
        {
            "a.power": (channel("power", "wall", "power"), TIMES, np.full(len(TIMES), 10.0)),
            "b.power": (channel("power", "wall", "power"), TIMES, np.full(len(TIMES), 11.0)),
        }
    )
    found = agreements(steady, WHOLE)
    assert found[0].bias_w == pytest.approx(1)
    assert np.isnan(found[0].slope)
    assert "agreement/a.wall/b.wall/slope" not in metrics(found)
    assert metrics(found)["agreement/a.wall/b.wall/bias_w"] == pytest.approx(1)


def test_measured_instruments_come_first():
    (found,) = agreements(both(load_w(), provenance="estimated"), WHOLE)
    assert found.first == "plug.wall"
    (found,) = agreements(
        trace(
            {
                "model.cpu": (channel(provenance="estimated"), TIMES, load_w()),
                "plug.power": (channel("power", "wall"), TIMES, load_w()),
            }
        ),
        WHOLE,
    )
    assert found.first == "plug.wall"


def test_a_short_run_says_nothing():
    assert agreements(both(load_w()), [(0, ns(4))]) == []


@given(st.floats(0.1, 5), st.floats(-30, 30))
def test_any_line_is_found(slope, offset):
    (found,) = agreements(both(slope * load_w() + offset), WHOLE)
    assert found.slope == pytest.approx(slope, rel=1e-6)
    assert found.offset_w == pytest.approx(offset, abs=1e-6)


@pytest.mark.parametrize(
    ("meter", "scope", "compared"),
    [("a", "dram", False), ("b", "dram", False), ("b", "cpu", True), ("b", "wall", True)],
)
def test_only_what_two_instruments_saw_of_the_same_is_compared(meter, scope, compared):
    recorded = trace(
        {
            "a.package": (channel("power", "cpu", "package"), TIMES, load_w()),
            f"{meter}.other": (channel("power", scope, "other"), TIMES, 2 * load_w()),
        }
    )
    assert bool(agreements(recorded, WHOLE)) == compared
