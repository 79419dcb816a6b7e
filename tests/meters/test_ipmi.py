"""IPMI by an executable that answers like ipmitool."""

from __future__ import annotations

import math
import os

import pytest
from contracts.meter import MeterContract
from hypothesis import given
from hypothesis import strategies as st
from support.fake_ipmitool import NO_DCMI, NO_SESSION, READING, REFUSED, FakeIpmitool

from joulelab.errors import ConfigError, MeterDenied, MeterUnavailable
from joulelab.meters import ipmi
from joulelab.meters.ipmi import Ipmi, parse

DCMI = "DCMI request failed because"
STAMP = "Thu Apr 20 09:14:23 2023    "


@pytest.fixture
def tool(tmp_path):
    with FakeIpmitool(tmp_path) as fake:
        yield fake


def meter_on(tool: FakeIpmitool, **options) -> Ipmi:
    return Ipmi(program=str(tool.program), device=str(tool.device), **options)


def value_of(meter: Ipmi) -> float:
    (sample,) = meter.read()
    return sample.value


class TestIpmi(MeterContract):
    @pytest.fixture
    def meter(self, tool):
        return meter_on(tool)


def test_reads_the_instantaneous_power(tool):
    meter = meter_on(tool)
    meter.start()
    assert value_of(meter) == 173.0
    assert tool.asked[-1] == "-I open dcmi power reading"


def test_program_is_found_on_the_path(tool, tmp_path):
    before = os.environ["PATH"]
    os.environ["PATH"] = f"{tmp_path}:{before}"
    try:
        meter = Ipmi(device=str(tool.device))
        meter.start()
    finally:
        os.environ["PATH"] = before
    assert meter.note == "BMC of this machine, asked by ipmitool"


def test_password_is_in_the_environment_and_not_on_the_command_line(tool):
    meter = meter_on(tool, host="bmc.example", user="operator", password="hush")
    meter.start()
    assert tool.asked[-1] == "-I lanplus -H bmc.example -L USER -U operator -E dcmi power reading"
    assert tool.password == "hush"
    assert "IPMI_PASSWORD" not in os.environ


def test_remote_bmc_needs_no_device_here(tool):
    tool.device.unlink()
    meter = meter_on(tool, host="bmc.example")
    meter.start()
    assert value_of(meter) == 173.0


def test_interface_may_be_chosen(tool):
    meter_on(tool, host="bmc.example", interface="lan").start()
    assert tool.asked[-1].startswith("-I lan -H")


def test_user_without_a_host_is_refused():
    with pytest.raises(ConfigError, match=r"meter\.ipmi\.host"):
        Ipmi(user="operator")


def test_missing_program_is_told(tmp_path):
    with pytest.raises(MeterUnavailable, match="apt install ipmitool"):
        Ipmi(program=str(tmp_path / "nothing")).probe()


def test_missing_device_is_told(tool):
    tool.device.unlink()
    with pytest.raises(MeterUnavailable, match="modprobe"):
        meter_on(tool).probe()


def test_probe_asks_nothing(tool):
    meter_on(tool).probe()
    assert tool.asked == []


@pytest.mark.parametrize(
    ("said", "kind", "cure"),
    [
        (REFUSED, MeterDenied, "udev"),
        (f"{DCMI}: Insufficient privilege level (d4)", MeterDenied, "privilege=OPERATOR"),
        (NO_SESSION, MeterUnavailable, "by hand"),
        (NO_DCMI, MeterUnavailable, "meter=redfish"),
        ("", MeterUnavailable, "without a word"),
    ],
)
def test_what_ipmitool_refuses_is_told_with_a_cure(tool, said, kind, cure):
    tool.says(refusal=said)
    with pytest.raises(kind, match=cure):
        meter_on(tool).start()


def test_noise_of_the_tool_is_left_out(tool):
    tool.says(refusal=f"IANA PEN registry open failed: No such file or directory\n{NO_SESSION}")
    with pytest.raises(MeterUnavailable, match="failed: Error: Unable to establish"):
        meter_on(tool).start()


def test_network_refusal_speaks_of_the_host(tool):
    tool.says(refusal=NO_SESSION)
    with pytest.raises(MeterUnavailable, match=r"meter\.ipmi\.host.*JOULELAB_IPMI_PASSWORD"):
        meter_on(tool, host="bmc.example").start()


def test_failing_tool_is_a_gap_with_its_reason(tool):
    meter = meter_on(tool)
    meter.start()
    tool.says(refusal=NO_SESSION)
    assert math.isnan(value_of(meter))
    assert "Unable to establish" in meter.trouble
    tool.says(refusal=None)
    assert value_of(meter) == 173.0, meter.trouble


def test_hanging_tool_is_a_gap(tool):
    meter = meter_on(tool, timeout_s=0.3)
    meter.start()
    tool.says(delay_s=2.0)
    assert math.isnan(value_of(meter))
    assert "0.3 s" in meter.trouble


def test_reading_that_is_switched_off_is_no_power(tool):
    tool.says(state="deactivated")
    with pytest.raises(MeterUnavailable, match="deactivated"):
        meter_on(tool).start()


def test_reading_whose_stamp_stands_still_is_old(tool):
    meter = meter_on(tool)
    meter.start()
    tool.says(stamp=STAMP)
    meter.read()
    tool.says(stamp=STAMP.replace("23 2023", "24 2023"))
    meter.read()
    assert value_of(meter) == 173.0
    meter._renewed_ns -= 2 * ipmi.STALE_NS
    assert math.isnan(value_of(meter))
    assert "repeats" in meter.trouble


def test_bmc_without_a_clock_is_believed(tool):
    meter = meter_on(tool)
    meter.start()
    tool.says(stamp="Thu Jan  1 00:00:00 1970")
    meter.read()
    meter._stamp, meter._moved = None, False
    meter.read()
    meter._renewed_ns -= 2 * ipmi.STALE_NS
    assert value_of(meter) == 173.0


def test_parses_what_ipmitool_prints():
    reading = parse(READING.format(watts=8, stamp=STAMP, state="activated"))
    assert (reading.power_w, reading.stamp) == (8.0, STAMP.strip())


@given(st.text(max_size=300))
def test_any_other_text_is_refused_in_one_sentence(text):
    with pytest.raises(MeterUnavailable):
        parse(text)


@given(st.integers(0, 10_000))
def test_a_reading_cut_off_anywhere_is_the_power_or_refused(cut):
    whole = READING.format(watts=173, stamp=STAMP, state="activated")
    try:
        assert parse(whole[: cut % len(whole)]).power_w == 173.0
    except MeterUnavailable:
        assert "173 Watts" not in whole[: cut % len(whole)] or "state" in whole[: cut % len(whole)]
