"""The picture of one run as its instruments saw it."""

from __future__ import annotations

import matplotlib.image
import numpy as np
import pytest

from joulelab.analysis.trace_plot import energies, instruments, power, span
from joulelab.meters.energy.curves import curves_of
from joulelab.records import Channel, Phase, Trace

SECOND = 10**9
PLUG = Channel("power", "power", "W", "wall", "measured")
PART = Channel("part", "power", "W", "cpu", "measured", inside="power")
PACKAGES = [Channel(f"package-{n}", "counter", "J", "cpu", "measured") for n in (0, 1)]
GUESS = Channel("machine", "counter", "J", "node", "estimated")


@pytest.fixture
def read():
    """A plug at 6 W with a part inside, two packages of 1 W each, and an estimate of 40 W."""
    times_ns = np.arange(0, 101, dtype=np.int64) * SECOND
    channels = {
        "guess.machine": GUESS,
        "rapl.package-0": PACKAGES[0],
        "rapl.package-1": PACKAGES[1],
        "plug.power": PLUG,
        "plug.part": PART,
    }
    seconds = times_ns / SECOND
    values = dict(
        zip(
            channels,
            [seconds * 40, seconds, seconds, seconds * 0 + 6, seconds * 0 + 2],
            strict=True,
        )
    )
    phases = [Phase("idle", 0, 20 * SECOND), Phase("fit", 20 * SECOND, 100 * SECOND)]
    return Trace(channels, dict.fromkeys(channels, times_ns), values, phases)


def test_an_instrument_is_what_a_meter_sums_up_at_a_scope_measured_and_widest_first(read):
    assert instruments(curves_of(read)) == {
        "plug wall": ["plug.power"],
        "rapl cpu": ["rapl.package-0", "rapl.package-1"],
        "guess node": ["guess.machine"],
    }


def test_energies_are_of_the_whole_trace(read):
    found = energies(read, span(read))
    assert {name: each.value_j for name, each in found.items()} == pytest.approx(
        {"plug wall": 600, "rapl cpu": 200, "guess node": 4000}
    )


def test_figure_shows_every_instrument_in_a_colour_of_its_own(read, tmp_path):
    pixels = matplotlib.image.imread(power(read, tmp_path / "power.png", "a run"))[..., :3]
    for colour in ("0072B2", "D55E00", "009E73"):
        wanted = np.array([int(colour[i : i + 2], 16) for i in (0, 2, 4)]) / 255
        assert (np.abs(pixels - wanted).max(axis=2) < 0.02).sum() > 200


def test_trace_without_samples_has_no_span_and_still_a_figure(tmp_path):
    empty = Trace({"plug.power": PLUG}, {"plug.power": np.empty(0, np.int64)}, {"plug.power": []})
    assert span(empty) == []
    assert power(empty, tmp_path / "power.png", "nothing").exists()
