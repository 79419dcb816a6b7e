"""Redfish on a loopback BMC."""

from __future__ import annotations

import math
import time

import pytest
from contracts.meter import MeterContract
from support.fake_redfish import SESSIONS, FakeRedfish, self_signed

from joulelab.errors import MeterDenied, MeterUnavailable
from joulelab.meters.redfish import Redfish


@pytest.fixture
def bmc():
    with FakeRedfish() as fake:
        yield fake


def meter_on(bmc: FakeRedfish, **options) -> Redfish:
    return Redfish(bmc.url, **{"user": bmc.user, "password": bmc.password, **options})


class TestRedfish(MeterContract):
    @pytest.fixture(params=[False, True], ids=["basic", "session"])
    def meter(self, request, bmc):
        return meter_on(bmc, session=request.param)


def value_of(meter: Redfish) -> float:
    (sample,) = meter.read()
    return sample.value


def test_reads_the_whole_power_of_the_chassis_that_shows_one(bmc):
    """Not the enclosure without a figure, and not the part beside the whole."""
    bmc.watts = lambda: 173.2
    meter = meter_on(bmc)
    meter.start()
    assert value_of(meter) == 173.0
    assert meter.note.endswith("/redfish/v1/Chassis/1/Power")
    meter.stop()


def test_one_request_a_reading(bmc):
    meter = meter_on(bmc)
    meter.start()
    before = len(bmc.asked)
    meter.read()
    assert bmc.asked[before:] == [("GET", "/redfish/v1/Chassis/1/Power")]
    meter.stop()


def test_newer_resource_is_preferred(bmc):
    bmc.environment = True
    bmc.watts = lambda: 173.25
    meter = meter_on(bmc)
    meter.start()
    assert value_of(meter) == 173.25
    meter.stop()


def test_unknown_chassis_names_those_there_are(bmc):
    with pytest.raises(MeterUnavailable, match="choose one of enclosure, 1"):
        meter_on(bmc, chassis="2").start()


def test_chosen_chassis_must_show_its_power(bmc):
    with pytest.raises(MeterUnavailable, match="no chassis of this BMC shows its power"):
        meter_on(bmc, chassis="enclosure").start()


def test_bmc_without_a_figure_is_told(bmc):
    bmc.shows_power = False
    with pytest.raises(MeterUnavailable, match="meter=ipmi"):
        meter_on(bmc).start()


@pytest.mark.parametrize("session", [False, True])
def test_wrong_password_is_denied(bmc, session):
    with pytest.raises(MeterDenied, match="password"):
        meter_on(bmc, password="wrong", session=session).start()


def test_session_is_closed_at_the_stop(bmc):
    meter = meter_on(bmc, session=True)
    meter.start()
    assert len(bmc.sessions) == 1
    meter.stop()
    assert not bmc.sessions
    assert [path for verb, path in bmc.asked if verb == "DELETE"] == [f"{SESSIONS}/1"]


def test_start_that_fails_leaves_no_session(bmc):
    bmc.shows_power = False
    with pytest.raises(MeterUnavailable):
        meter_on(bmc, session=True).start()
    assert not bmc.sessions


def test_session_that_the_bmc_forgot_is_opened_again(bmc):
    meter = meter_on(bmc, session=True)
    meter.start()
    bmc.sessions.clear()
    assert math.isnan(value_of(meter))
    assert value_of(meter) == 200.0
    meter.stop()


@pytest.mark.parametrize("status", [401, 500, 503])
def test_failing_bmc_is_a_gap_with_its_reason(bmc, status):
    meter = meter_on(bmc)
    meter.start()
    bmc.status = status
    assert math.isnan(value_of(meter))
    assert str(status) in meter.trouble
    bmc.status = 200
    assert value_of(meter) == 200.0
    meter.stop()


def test_figure_that_goes_missing_is_a_gap(bmc):
    meter = meter_on(bmc)
    meter.start()
    bmc.shows_power = False
    assert math.isnan(value_of(meter))
    meter.stop()


def test_sample_lies_in_the_middle_of_question_and_answer(bmc):
    meter = meter_on(bmc)
    meter.start()
    bmc.delay_s = 0.2
    before_ns = time.monotonic_ns()
    (sample,) = meter.read()
    after_ns = time.monotonic_ns()
    middle_ns = (before_ns + after_ns) // 2
    assert abs(sample.time_ns - middle_ns) < (after_ns - before_ns) / 4
    meter.stop()


def test_hanging_bmc_is_a_gap(bmc):
    meter = meter_on(bmc, timeout_s=0.1)
    meter.start()
    bmc.delay_s = 1.0
    assert math.isnan(value_of(meter))
    assert "0.1 s" in meter.trouble
    bmc.delay_s = 0.0
    meter.stop()


def test_self_signed_certificate_is_told_and_may_be_accepted(tmp_path):
    certificate = self_signed(tmp_path)
    if certificate is None:
        pytest.skip("no openssl here")
    with FakeRedfish(certificate=certificate) as bmc:
        with pytest.raises(MeterUnavailable, match="verify=false"):
            meter_on(bmc).start()
        meter = meter_on(bmc, verify=False)
        meter.start()
        assert value_of(meter) == 200.0
        meter.stop()


def test_address_without_a_scheme_is_https():
    assert Redfish("bmc.example").note == ""
    with pytest.raises(MeterUnavailable, match=r"https://127\.0\.0\.1:9"):
        Redfish("127.0.0.1:9", timeout_s=0.5).start()


def test_web_server_that_is_no_bmc_is_told(bmc):
    with pytest.raises(MeterUnavailable, match="404"):
        meter_on(bmc)._bmc.get("/redfish/v1/Nothing")
