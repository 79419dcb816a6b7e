"""Which channels the headline is the sum of."""

from __future__ import annotations

from joulelab.meters.energy.scopes import choose
from joulelab.records import Channel


def channel(scope, provenance="measured", kind="counter", inside=None):
    return Channel("any", kind, "J", scope, provenance, inside=inside)


def chosen(channels, missing=()):
    return choose(channels, lambda name: name not in missing)


def test_widest_measured_scope_wins():
    channels = {"rapl.cpu": channel("cpu"), "plug.power": channel("wall"), "bmc.p": channel("node")}
    assert chosen(channels) == ("plug.power",)


def test_incomplete_scope_gives_way_to_the_next():
    channels = {"rapl.cpu": channel("cpu"), "plug.power": channel("wall")}
    assert chosen(channels, missing=["plug.power"]) == ("rapl.cpu",)


def test_cpu_dram_and_gpu_are_summed():
    channels = {"rapl.cpu": channel("cpu"), "rapl.dram": channel("dram"), "n.gpu": channel("gpu")}
    assert chosen(channels) == ("rapl.cpu", "rapl.dram", "n.gpu")


def test_sum_that_would_lack_a_scope_is_no_headline():
    channels = {
        "rapl.cpu": channel("cpu"),
        "nvml.gpu": channel("gpu"),
        "guess.cpu": channel("cpu", "estimated"),
    }
    assert chosen(channels, missing=["nvml.gpu"]) == ("guess.cpu",)


def test_part_inside_another_channel_is_not_summed():
    channels = {"r.package": channel("cpu"), "r.core": channel("cpu", inside="package")}
    assert chosen(channels) == ("r.package",)


def test_all_packages_of_one_meter_are_summed():
    channels = {"r.package-0": channel("cpu"), "r.package-1": channel("cpu")}
    assert chosen(channels) == ("r.package-0", "r.package-1")


def test_two_meters_of_one_scope_count_once_in_the_order_given():
    channels = {"a.cpu": channel("cpu"), "b.cpu": channel("cpu")}
    assert chosen(channels) == ("a.cpu",)
    assert chosen(channels, missing=["a.cpu"]) == ("b.cpu",)


def test_narrow_measurement_goes_before_wide_estimate():
    channels = {"guess.wall": channel("wall", "estimated"), "rapl.cpu": channel("cpu")}
    assert chosen(channels) == ("rapl.cpu",)


def test_auxiliary_channels_are_no_energy():
    assert chosen({"e.user_s": channel("cpu", kind="auxiliary")}) == ()


def test_nothing_complete_is_nothing():
    assert chosen({"rapl.cpu": channel("cpu")}, missing=["rapl.cpu"]) == ()
