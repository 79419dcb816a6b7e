"""Which series are one instrument's, each counted once."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.loopback import Answer, Loopback

from joulelab.errors import ConfigError, MeterUnavailable
from joulelab.meters.databases.prometheus_api import selector
from joulelab.meters.databases.prometheus_presets import PRESETS
from joulelab.meters.prometheus import Prometheus


def answering(*labels_and_values):
    result = [{"metric": m, "value": [0, str(v)]} for m, v in labels_and_values]
    body = json.dumps({"status": "success", "data": {"result": result}}).encode()
    return Loopback(lambda request: Answer(body))


SERIES = st.recursive(
    st.none() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["metric", "value", "__name__", "index"]), inner)
    ),
    max_leaves=8,
)


@given(SERIES)
@settings(deadline=None, max_examples=50)
def test_any_answer_is_understood_or_refused(result):
    body = json.dumps({"status": "success", "data": {"result": [result]}}).encode()
    refused = pytest.raises((MeterUnavailable, ConfigError))
    with Loopback(lambda request: Answer(body)) as server, refused:
        Prometheus(server.url, "rapl").start()


def test_one_machine_must_be_chosen():
    name = "node_rapl_package_joules_total"
    series = [({"__name__": name, "index": "0", "instance": f"n{n}:9100"}, 5.0) for n in (1, 2)]
    refused = pytest.raises(ConfigError, match="n1:9100, n2:9100")
    with answering(*series) as server, refused as refusal:
        Prometheus(server.url, "rapl").start()
    assert "meter.prometheus.labels.instance=" in str(refusal.value)


def test_dies_that_mirror_one_counter_count_once():
    names = [f"node_rapl_package_0_die_{die}_joules_total" for die in range(4)]
    values = [1000.0, 1000.2, 2000.0, 1000.1]
    series = [({"__name__": n, "index": "0"}, v) for n, v in zip(names, values, strict=True)]
    with answering(*series) as server:
        meter = Prometheus(server.url, "rapl", clock_offset_s=0.0)
        meter.start()
    assert [each.name for each in meter.channels] == ["package-0-die-0", "package-0-die-2"]


def test_two_counters_of_one_name_are_not_mixed():
    labels = {"__name__": "node_rapl_package_joules_total", "index": "0"}
    refused = pytest.raises(ConfigError, match=r'2 series of package-0 match.*job="a".*job="b"')
    with answering(({**labels, "job": "a"}, 5.0), ({**labels, "job": "b"}, 9.0)) as server, refused:
        Prometheus(server.url, "rapl").start()


@pytest.mark.parametrize(
    ("preset", "metric", "labels", "means"),
    [
        ("rapl", "node_rapl_joules_total", {"rapl_zone": "dram", "index": "1"}, ("dram-1", "dram")),
        ("rapl", "node_rapl_psys_joules_total", {"index": "0"}, ("psys", "node")),
        ("dcgm", "DCGM_FI_DEV_POWER_USAGE", {"gpu": "3"}, ("gpu-3", "gpu")),
        (
            "kepler",
            "kepler_node_package_joules_total",
            {"package": "0", "mode": "idle"},
            ("package-0-idle", "cpu"),
        ),
    ],
)
def test_labels_name_the_channel(preset, metric, labels, means):
    channel = PRESETS[preset].quantity({"__name__": metric, **labels}).channel()
    assert (channel.name, channel.scope) == means
    assert channel.provenance == "measured"


def test_a_power_model_is_an_estimate():
    labels = {"__name__": "kepler_node_platform_joules_total", "source": "trained_power_model"}
    assert PRESETS["kepler"].quantity(labels).channel().provenance == "estimated"


def test_a_mirror_of_the_packages_is_left_out():
    path = "/sys/class/powercap/intel-rapl-mmio:0"
    assert (
        PRESETS["rapl"].quantity({"__name__": "node_rapl_package_joules_total", "path": path})
        is None
    )


def test_a_selector_is_quoted():
    assert selector({"a": 'x"\\\n'}, "b") == '{b, a="x\\"\\\\\\n"}'
