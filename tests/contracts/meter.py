"""What every meter must do; a meter's test class gives the fixture `meter`, ready to start."""

from __future__ import annotations

import math
import time

import pytest

from joulelab.protocols import BufferedMeter, Meter
from joulelab.records import Instant


def now() -> Instant:
    return Instant(time.monotonic_ns(), time.time_ns())


class MeterContract:
    @pytest.fixture
    def meter(self) -> Meter:
        raise NotImplementedError

    @pytest.fixture
    def running(self, meter):
        meter.start()
        yield meter
        meter.stop()

    def test_is_a_meter(self, meter):
        assert isinstance(meter, Meter)

    def test_declares_at_least_one_energy_channel(self, running):
        assert any(channel.kind in ("counter", "power") for channel in running.channels)

    def test_channel_names_are_unique(self, running):
        names = [channel.name for channel in running.channels]
        assert len(names) == len(set(names))

    def test_channel_units_fit_their_kind(self, running):
        units = {"counter": "J", "power": "W"}
        for channel in running.channels:
            assert channel.unit == units.get(channel.kind, channel.unit)

    def test_inside_names_a_channel_of_the_same_meter(self, running):
        names = {channel.name for channel in running.channels}
        for channel in running.channels:
            assert channel.inside is None or channel.inside in names - {channel.name}

    def test_channels_do_not_change_after_start(self, running):
        before = list(running.channels)
        running.read()
        assert list(running.channels) == before

    def test_reads_at_most_one_sample_a_channel_and_only_declared_ones(self, running):
        names = [sample.channel for sample in running.read()]
        assert len(names) == len(set(names))
        assert set(names) <= {channel.name for channel in running.channels}

    def test_stamps_samples_with_the_time_of_the_reading(self, running):
        before_ns = time.monotonic_ns()
        samples = running.read()
        after_ns = time.monotonic_ns()
        assert samples
        assert all(before_ns <= sample.time_ns <= after_ns for sample in samples)

    def test_counters_never_fall(self, running):
        counters = {channel.name for channel in running.channels if channel.kind == "counter"}
        last: dict[str, float] = {}
        for _ in range(5):
            for sample in running.read():
                if sample.channel in counters and math.isfinite(sample.value):
                    assert sample.value >= last.get(sample.channel, 0.0)
                    last[sample.channel] = sample.value
            time.sleep(0.02)

    def test_starts_afresh_after_stop(self, meter):
        meter.start()
        first = {channel.name for channel in meter.channels}
        meter.stop()
        meter.start()
        try:
            assert {channel.name for channel in meter.channels} == first
            assert meter.read()
        finally:
            meter.stop()

    def test_stop_may_be_called_before_start_and_twice(self, meter):
        meter.stop()
        meter.start()
        meter.stop()
        meter.stop()


class BufferedMeterContract(MeterContract):
    def test_is_a_buffered_meter(self, meter):
        assert isinstance(meter, BufferedMeter)

    def test_collects_known_channels_of_the_asked_interval(self, running):
        start = now()
        time.sleep(0.3)
        stop = now()
        running.stop()
        samples = running.collect(start, stop)
        names = {channel.name for channel in running.channels}
        assert {sample.channel for sample in samples} <= names
        inside = [s for s in samples if start.monotonic_ns <= s.time_ns <= stop.monotonic_ns]
        assert inside
        for name in names:
            before = [s for s in samples if s.channel == name and s.time_ns < start.monotonic_ns]
            after = [s for s in samples if s.channel == name and s.time_ns > stop.monotonic_ns]
            assert len(before) <= 1
            assert len(after) <= 1
