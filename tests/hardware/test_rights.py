"""What a user without rights is told. root may write everything, so these run as nobody."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from support.fake_cpufreq import FakeJetson, FakeSysfs

NOBODY = 65534
PROGRAM = f"""
import json, os, sys
from joulelab.errors import HardwareError
from joulelab.hardware import knobs, survey
os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})
settings = json.loads(sys.argv[1])
try:
    knobs(settings)[0].apply()
except HardwareError as error:
    print(error)
for name, available, why, cure in survey({{"sysfs": settings["sysfs"]}}):
    print(name, available, cure)
"""


@pytest.fixture
def folder():
    """One that others may enter, which tmp_path is not."""
    with tempfile.TemporaryDirectory() as path:
        Path(path).chmod(0o755)
        yield Path(path)


@pytest.fixture
def as_nobody():
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")

    def run(**settings):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, json.dumps(settings)], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.mark.parametrize(
    ("key", "value", "files"),
    [
        ("cpu_frequency_percent", 60, "cpufreq/policy*/scaling_max_freq"),
        ("cpu_governor", "powersave", "cpufreq/policy*/scaling_governor"),
        ("cpu_boost", False, "intel_pstate/no_turbo"),
        ("cpu_online", 2, "cpu*/online"),
    ],
)
def test_the_command_that_grants_the_right(as_nobody, folder, key, value, files):
    tree = FakeSysfs(folder / "sys")
    before = tree.snapshot()
    told = as_nobody(sysfs=str(tree.root), **{key: value})
    path = f"{tree.root}/devices/system/cpu/{files}"
    sentence = told.splitlines()[0]
    assert sentence.startswith(f"hardware.{key}: this user may not write {path}")
    assert sentence.endswith(f"sudo sh -c 'chgrp {NOBODY} {path} && chmod g+w {path}'")
    assert tree.snapshot() == before
    assert f"{key} False sudo sh -c" in told


def test_the_command_really_grants_it(as_nobody, folder):
    tree = FakeSysfs(folder / "sys")
    settings = {"sysfs": str(tree.root), "cpu_frequency_percent": 60}
    grant = as_nobody(**settings).splitlines()[0].partition("; ")[2].removeprefix("sudo ")
    subprocess.run(grant, shell=True, check=True)
    assert "cpu_frequency_percent True None" in as_nobody(**settings)


def test_a_jetson_wants_a_rule_for_sudo(as_nobody, folder, monkeypatch):
    jetson = FakeJetson(folder)
    sudo = jetson.bin / "sudo"
    sudo.write_text("#!/bin/sh\necho 'sudo: a password is required' >&2\nexit 1\n")
    sudo.chmod(0o755)
    monkeypatch.setenv("PATH", jetson.path)
    told = as_nobody(sysfs=str(jetson.sysfs.root), jetson_power_mode=1).splitlines()[0]
    rule = f"nobody ALL=(root) NOPASSWD: {jetson.bin}/nvpmodel"
    assert told.endswith(f"echo '{rule}' | sudo tee /etc/sudoers.d/joulelab-nvpmodel")
