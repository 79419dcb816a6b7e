from __future__ import annotations

import subprocess
import sys

import pytest
from support import scripts

job_workloads = scripts.load("job_workloads")
PROGRAM = [sys.executable, str(scripts.FOLDER / "job_workloads.py")]


def run(*arguments, folder):
    return subprocess.run(
        [*PROGRAM, *arguments],
        capture_output=True,
        text=True,
        timeout=100,
        env={"PATH": "/usr/bin:/bin", "TMPDIR": str(folder)},
    )


@pytest.mark.parametrize("kind", sorted(job_workloads.KINDS))
def test_every_kind_ends_by_itself_and_cleans_up(kind, tmp_path):
    done = run(kind, "--seconds", "0.5", "--seed", "3", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_there_are_at_least_eight_kinds():
    assert len(job_workloads.KINDS) >= 8


def test_an_unknown_kind_is_refused_with_the_known_ones(tmp_path):
    done = run("mining", folder=tmp_path)
    assert done.returncode == 2
    assert "polling_service" in done.stderr


def test_text_to_compress_is_compressible_but_not_trivial(tmp_path):
    import zlib

    text = job_workloads.Work(1, 0, tmp_path).words(200_000)
    share = len(zlib.compress(text)) / len(text)
    assert 0.05 < share < 0.6


@pytest.mark.parametrize("size", [1000, 200_000, 2_000_000])
def test_text_has_about_the_size_asked_for(size, tmp_path):
    text = job_workloads.Work(1, 0, tmp_path).words(size)
    assert 0.8 * size <= len(text) <= size


def test_equal_seeds_draw_equal_work(tmp_path):
    texts = [job_workloads.Work(1, seed, tmp_path).words(5000) for seed in (4, 4, 5)]
    assert texts[0] == texts[1] != texts[2]


def test_no_time_left_means_no_step(tmp_path):
    steps = []
    job_workloads.Work(0, 0, tmp_path).repeat(lambda: steps.append(1))
    assert steps == []
