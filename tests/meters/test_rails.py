"""What the rails of each Jetson board feed, and what is summed."""

from __future__ import annotations

import pytest

from joulelab.meters.energy.scopes import choose
from joulelab.meters.rails import declare

BOARDS = {
    "Nano": (["POM_5V_IN", "POM_5V_GPU", "POM_5V_CPU"], ["POM_5V_IN"]),
    "TX1": (["VDD_IN", "VDD_CPU", "VDD_GPU"], ["VDD_IN"]),
    "TX2": (
        ["VDD_IN", "VDD_CPU", "VDD_GPU", "VDD_SOC", "VDD_WIFI", "VDD_DDR", "VDD_MUX", "VDD_1V8_IO"],
        ["VDD_IN"],
    ),
    "Xavier NX": (["VDD_IN", "VDD_CPU_GPU_CV", "VDD_SOC"], ["VDD_IN"]),
    "AGX Xavier": (
        ["GPU", "CPU", "SOC", "CV", "VDDRQ", "SYS5V"],
        ["GPU", "CPU", "SOC", "CV", "VDDRQ", "SYS5V"],
    ),
    "AGX Orin": (
        ["VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0", "NC", "VDDQ_VDD2_1V8AO", "NC"],
        ["VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0"],
    ),
    "Orin Nano": (["VDD_IN", "VDD_CPU_GPU_CV", "VDD_SOC"], ["VDD_IN"]),
    "Thor": (["VIN", "VDD_GPU", "VDD_CPU_SOC_MSS", "VIN_SYS_5V0"], ["VIN"]),
}


@pytest.mark.parametrize(("rails", "summed"), BOARDS.values(), ids=BOARDS)
def test_headline_of_a_board_counts_everything_once(rails, summed):
    channels = {f"m.{channel.name}": channel for channel in declare(rails)}
    assert choose(channels, lambda name: True) == tuple(f"m.{name}" for name in summed)


@pytest.mark.parametrize("rails", [rails for rails, _ in BOARDS.values()], ids=BOARDS)
def test_every_rail_lies_in_one_that_is_there(rails):
    channels = declare(rails)
    names = [channel.name for channel in channels]
    assert len(names) == len(set(names))
    assert "NC" not in names
    assert all(channel.inside in {None, *names} - {channel.name} for channel in channels)


@pytest.mark.parametrize(
    ("rail", "scope"),
    [
        ("POM_5V_GPU", "gpu"),
        ("VDD_CPU", "cpu"),
        ("VDD_CPU_GPU_CV", "soc"),
        ("VDD_SOC", "soc"),
        ("VDD_DDR", "dram"),
        ("VDD_WIFI", "board"),
    ],
)
def test_rail_inside_a_total_has_the_scope_of_what_it_feeds(rail, scope):
    total, part = declare(["VDD_IN", rail])
    assert (total.scope, total.inside) == ("board", None)
    assert (part.scope, part.inside) == (scope, "VDD_IN")


def test_memory_of_the_agx_orin_hangs_on_its_5_v_rail():
    channels = {channel.name: channel for channel in declare(BOARDS["AGX Orin"][0])}
    memory = channels["VDDQ_VDD2_1V8AO"]
    assert (memory.scope, memory.inside) == ("dram", "VIN_SYS_5V0")


def test_order_and_accuracy_are_as_given():
    channels = declare(
        ["B", "A"],
        accuracy_absolute_w=1.0,
        accuracy_relative=0.1,
        resolution=0.5,
        update_period_s=2.0,
    )
    assert [channel.name for channel in channels] == ["B", "A"]
    for channel in channels:
        assert (channel.accuracy_absolute_w, channel.accuracy_relative) == (1.0, 0.1)
        assert (channel.resolution, channel.update_period_s) == (0.5, 2.0)


def test_no_rail_no_channel():
    assert declare(["NC", "", "VDD_MUX"]) == []
