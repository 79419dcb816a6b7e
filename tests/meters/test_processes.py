"""CPU time of a process tree while its processes come and go, against what they really used."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from joulelab.errors import MeterUnavailable
from joulelab.meters.cpu_estimate import WATTS_PER_THREAD, CpuEstimate, thermal_watts
from joulelab.meters.processes import ProcessTree

BURN = "import time\nwhile time.process_time() < {seconds}: pass\n"


def burn(seconds):
    return subprocess.Popen([sys.executable, "-c", BURN.format(seconds=seconds)])


TWO_TICKS_S = 2.5 / os.sysconf("SC_CLK_TCK")
"""User and system time of a reaped child are cut to whole clock ticks each; and rounding."""


def lives(pid):
    """A zombie does not; an init that reaps late may leave one for long."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def burn_here(seconds):
    until_s = time.process_time() + seconds
    while time.process_time() < until_s:
        pass


@pytest.fixture
def tree():
    tree = ProcessTree(os.getpid(), search_period_s=0.0)
    yield tree
    tree.close()


def test_counts_this_process(tree):
    start_s, before_s = tree.usage().cpu_s, time.process_time()
    burn_here(0.2)
    used_s = time.process_time() - before_s
    assert tree.usage().cpu_s - start_s == pytest.approx(used_s, abs=0.02)


def test_counts_a_running_child(tree):
    child = burn(30)
    used_s = 0.0
    while used_s < 0.3:
        used_s = tree.usage().cpu_s
        time.sleep(0.01)
    assert child.pid in tree.pids
    child.kill()
    child.wait()


def test_counts_a_child_once_before_and_after_it_is_reaped(tree):
    child = burn(0.3)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    ended = tree.usage().cpu_s
    child.wait()
    reaped = tree.usage().cpu_s
    assert ended > 0.29
    assert ended <= reaped < ended + 0.05


def test_counts_a_child_that_was_never_seen_alive():
    tree = ProcessTree(os.getpid(), search_period_s=1e6)
    burn(0.2).wait()
    assert tree.usage().cpu_s > 0.2 - TWO_TICKS_S
    tree.close()


def test_counts_a_grandchild_whose_parent_ended(tree):
    """Nobody of the tree waits for it: init does."""
    program = (
        "import subprocess, sys, time\n"
        f"subprocess.Popen([sys.executable, '-c', {BURN.format(seconds=30)!r}])\n"
        "time.sleep(0.5)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program])
    while len(tree.pids) < 3:
        tree.usage()
    parent.wait()
    orphan = next(pid for pid in tree.pids if pid not in (os.getpid(), parent.pid))
    before_s = tree.usage().cpu_s
    while tree.usage().cpu_s < before_s + 0.2:
        time.sleep(0.01)
    after_s = tree.usage().cpu_s
    os.kill(orphan, 9)
    while lives(orphan):
        tree.usage()
    assert tree.usage().cpu_s >= after_s


def test_never_falls_while_children_come_and_go(tree):
    children = [burn(0.05) for _ in range(6)]
    last_s = 0.0
    while children:
        usage = tree.usage()
        assert usage.cpu_s >= last_s
        last_s = usage.cpu_s
        children = [child for child in children if child.poll() is None]
    assert last_s < 6 * 0.05 + 5.0
    assert tree.usage().cpu_s > 6 * 0.05


def test_many_short_children_add_up_to_what_the_system_says(tree):
    before = os.times()
    start_s = tree.usage().cpu_s
    for _ in range(15):
        child = burn(0.02)
        while child.poll() is None:
            tree.usage()
    used_s = tree.usage().cpu_s - start_s
    after = os.times()
    assert used_s == pytest.approx(sum(after[:4]) - sum(before[:4]), abs=0.06)


def test_name_with_brackets_and_spaces_is_read(tmp_path):
    program = tmp_path / "a) b (c 1 2"
    program.symlink_to(sys.executable)
    child = subprocess.Popen([str(program), "-c", "print(1, flush=True); input()"],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip
    child.stdout.readline()
    tree = ProcessTree(child.pid)
    assert 0 < tree.usage().resident_bytes < 10**12
    tree.close()
    child.communicate(b"\n")


def test_without_its_root_only_descendants_count():
    tree = ProcessTree(os.getpid(), root=False, search_period_s=0.0)
    burn_here(0.3)
    assert tree.usage().cpu_s < 0.05
    burn(0.2).wait()
    assert tree.usage().cpu_s > 0.2 - TWO_TICKS_S
    tree.close()


def test_written_bytes_are_counted(tree):
    before = tree.usage().written_bytes
    # Not below the tests' own root, which may be memory: that counts as no disk.
    with tempfile.TemporaryFile(dir="/var/tmp") as file:
        file.write(os.urandom(2**20))
        file.flush()
        os.fsync(file.fileno())
    if not tree.disk:
        pytest.skip("this kernel tells no disk bytes")
    assert tree.usage().written_bytes - before >= 2**20


def test_estimate_is_cpu_time_by_the_declared_watts():
    meter = CpuEstimate(watts_per_core=7.0)
    meter.start()
    first = {sample.channel: sample.value for sample in meter.read()}
    before_s = time.process_time()
    burn_here(0.2)
    used_s = time.process_time() - before_s
    last = {sample.channel: sample.value for sample in meter.read()}
    meter.stop()
    assert last["cpu"] - first["cpu"] == pytest.approx(7.0 * used_s, rel=0.1)


def test_idle_watts_count_all_the_time():
    meter = CpuEstimate(watts_per_core=0.0, idle_w=20.0, auxiliary=False)
    meter.start()
    (first,) = meter.read()
    time.sleep(0.1)
    (last,) = meter.read()
    meter.stop()
    assert last.value - first.value == pytest.approx(20 * (last.time_ns - first.time_ns) / 1e9)


def test_estimate_of_a_process_that_is_gone_is_refused():
    child = burn(0)
    child.wait()
    with pytest.raises(MeterUnavailable, match="no process"):
        CpuEstimate(pid=child.pid).start()


def test_declared_thermal_power_is_shared_among_the_threads(tmp_path):
    for index in range(2):
        zone = tmp_path / f"intel-rapl:{index}"
        zone.mkdir()
        (zone / "name").write_text(f"package-{index}\n")
        (zone / "constraint_0_max_power_uw").write_text("120000000\n")
    assert thermal_watts(tmp_path) == 240.0 / os.cpu_count()


def test_unknown_cpu_takes_the_default(tmp_path):
    assert thermal_watts(tmp_path) == WATTS_PER_THREAD
