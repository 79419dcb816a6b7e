"""What every meter must do that says nothing while the run goes and is asked after it."""

from __future__ import annotations

from contracts.meter import BufferedMeterContract


class DatabaseContract(BufferedMeterContract):
    """The record holds what was measured: there is nothing to read live."""

    test_stamps_samples_with_the_time_of_the_reading = None

    def test_says_nothing_while_the_run_goes(self, running):
        assert list(running.read()) == []

    def test_starts_afresh_after_stop(self, meter):
        meter.start()
        first = [channel.name for channel in meter.channels]
        meter.stop()
        meter.start()
        try:
            assert [channel.name for channel in meter.channels] == first
        finally:
            meter.stop()

    def test_states_how_well_the_clock_of_its_stamps_is_known(self, running):
        assert all(channel.u_clock_s > 0 for channel in running.channels)

    def test_a_probe_asks_as_a_start_does(self, meter):
        meter.probe()
