"""The picture of one run as its instruments saw it."""

from __future__ import annotations

import numpy as np
import pytest

from joulelab.analysis.figures.powers import power
from joulelab.analysis.figures.spec import Figure, Line, Missing, Spans
from joulelab.analysis.traces import energies, instruments, span
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


def test_figure_shows_every_instrument_and_dashes_what_nobody_measured(read):
    figure = power(read, "power", "a run")
    assert isinstance(figure, Figure)
    lines = [mark for mark in figure.panels[0].marks if isinstance(mark, Line)]
    assert [(line.name, line.dash) for line in lines] == [
        ("plug wall", "solid"),
        ("rapl cpu", "solid"),
        ("guess node (estimated)", "dash"),
    ]
    assert np.nanmean(lines[0].y) == pytest.approx(6.0)
    assert "plug wall: 600" in figure.caption


def test_figure_shades_the_phases(read):
    figure = power(read, "power", "a run")
    (spans,) = [mark for mark in figure.panels[0].marks if isinstance(mark, Spans)]
    assert list(spans.labels) == ["idle", "fit"]
    assert list(spans.stops) == [20.0, 100.0]


def test_trace_without_samples_has_no_span_and_a_sentence():
    empty = Trace({"plug.power": PLUG}, {"plug.power": np.empty(0, np.int64)}, {"plug.power": []})
    assert span(empty) == []
    assert isinstance(power(empty, "power", "nothing"), Missing)
