from __future__ import annotations

import os

import pytest
from support.fake_cpufreq import FakeSysfs

from joulelab.errors import HardwareError
from joulelab.hardware import knobs


@pytest.fixture
def tree(tmp_path):
    return FakeSysfs(tmp_path / "sys")


def turn(tree, **settings):
    applied = knobs({**settings, "sysfs": str(tree.root)})
    for knob in applied:
        knob.apply()
    return applied


def refusal(tree, **settings):
    before = tree.snapshot()
    with pytest.raises(HardwareError) as caught:
        turn(tree, **settings)
    assert tree.snapshot() == before
    return str(caught.value)


def test_the_nearest_frequency_of_the_table_is_chosen(tmp_path):
    nano = FakeSysfs.nano(tmp_path / "nano")
    (knob,) = turn(nano, cpu_frequency_percent=60)
    assert knob.applied == "0.9216 GHz of 1.479 GHz on 4 cores"


@pytest.mark.parametrize(
    ("settings", "khz"),
    [
        ({"cpu_frequency_percent": 1}, 800_000),
        ({"cpu_frequency_percent": 100}, 4_000_000),
        ({"cpu_frequency_hz": 1.2345e9}, 1_234_500),
        ({"cpu_boost": False, "cpu_frequency_percent": 100}, 2_400_000),
    ],
)
def test_the_limit_of_every_policy(tree, settings, khz):
    turn(tree, **settings)
    found = [int((tree.policy(core) / "scaling_max_freq").read_text()) for core in range(4)]
    assert found == [khz] * 4


def test_a_minimum_above_the_limit_comes_down_with_it_and_goes_up_again(tree):
    for core in range(4):
        (tree.policy(core) / "scaling_min_freq").write_text("3000000\n")
    before = tree.snapshot()
    (knob,) = turn(tree, cpu_frequency_percent=50)
    assert (tree.policy(2) / "scaling_min_freq").read_text() == "2000000\n"
    knob.restore()
    assert tree.snapshot() == before


def test_a_limit_that_the_kernel_lowers_is_no_success(tree):
    for core in range(4):
        (tree.policy(core) / "scaling_max_freq").write_text("2000000\n")
    tree.limit_khz = 3_000_000
    with tree:
        told = refusal(tree, cpu_frequency_percent=100)
    assert "policy0 stays at 3 GHz, not 4 GHz" in told


def test_a_limit_above_intel_pstates_own_is_no_success(tree):
    share = tree.cpu / "intel_pstate/max_perf_pct"
    share.write_text("50\n")
    told = refusal(tree, cpu_frequency_hz=3e9)
    assert "below 2 GHz" in told
    assert told.endswith(f"echo 100 | sudo tee {share}")
    turn(tree, cpu_frequency_hz=2e9)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"cpu_frequency_hz": 5e9}, ["5 GHz is outside", "say 8e+08 to 4e+09"]),
        ({"cpu_governor": "ondemnad"}, ["no 'ondemnad'", "performance, powersave, schedutil"]),
        ({"cpu_energy_preference": "low"}, ["no 'low'", "balance_performance"]),
        ({"cpu_online": 5}, ["5 cores are more than the 4", "say 1 to 4"]),
    ],
)
def test_what_the_machine_cannot_do_is_one_sentence(tree, settings, words):
    told = refusal(tree, **settings)
    assert told.startswith(f"hardware.{next(iter(settings))}: ")
    assert all(word in told for word in words), told


def test_a_machine_without_frequencies_says_what_to_do(tmp_path):
    (tmp_path / "devices/system/cpu/cpu0").mkdir(parents=True)
    with pytest.raises(HardwareError, match=r"hardware\.strict=false"):
        knobs({"cpu_frequency_percent": 60, "sysfs": str(tmp_path)})[0].apply()


def test_policies_without_a_core_online_are_left_alone(tree):
    (tree.policy(3) / "affected_cpus").write_text("\n")
    (knob,) = turn(tree, cpu_frequency_percent=60)
    assert knob.applied == "2.4 GHz of 4 GHz on 3 cores"
    assert (tree.policy(3) / "scaling_max_freq").read_text() == "4000000\n"


def test_the_preference_is_set_back_after_the_governor_that_forbids_it(tree):
    before = tree.snapshot()
    (knob,) = turn(tree, cpu_governor="performance")
    for core in range(4):  # as intel_pstate does
        (tree.policy(core) / "energy_performance_preference").write_text("performance\n")
    knob.restore()
    assert tree.snapshot() == before


@pytest.mark.parametrize("switch", ["boost", "policy"])
def test_boost_has_a_switch_of_three_kinds(tmp_path, switch):
    tree = FakeSysfs(tmp_path / "sys", boost="boost" if switch == "boost" else None)
    for core in range(4):
        if switch == "policy":
            (tree.policy(core) / "boost").write_text("1\n")
    before = tree.snapshot()
    (knob,) = turn(tree, cpu_boost=False)
    changed = {key for key, text in tree.snapshot().items() if text != before[key]}
    assert len(changed) == (1 if switch == "boost" else 4)
    knob.restore()
    assert tree.snapshot() == before


def test_knobs_that_meet_are_undone_in_reverse(tree):
    before = tree.snapshot()
    applied = turn(
        tree, cpu_online=2, cpu_governor="powersave", cpu_boost=False, cpu_frequency_percent=80
    )
    for knob in reversed(applied):
        knob.restore()
    assert tree.snapshot() == before


def test_affinity_reaches_threads_and_children(tree):
    first = min(os.sched_getaffinity(0))
    (knob,) = turn(tree, cpu_affinity=[first])
    try:
        assert os.popen("nproc").read().strip() == "1"
        assert knob.applied == f"cores {first}"
    finally:
        knob.restore()


def test_affinity_to_a_core_that_is_not_there(tree):
    with pytest.raises(HardwareError, match="core 4095 is not allowed here"):
        turn(tree, cpu_affinity=[4095])
