from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from support import programs
from support.commands import records

pytestmark = pytest.mark.slow

COMMON = [
    "-m", "hydra/sweeper=pareto", "sweep.study=try", "sweep.sampler=random", "idle_s=0.1",
    "lr=tag(log,interval(1e-4,1e-2))", "objectives=[val/f1_macro,energy_j]", "warmup_s=0",
    "idle_after_s=0", "data.length=40",
]  # fmt: skip
WORDS = [
    *COMMON, "model=minirocket,spectrogram_cnn", "model.estimator.n_kernels=choice(84)", "max_epochs=2",
]  # fmt: skip
LONG = [*COMMON, "model=spectrogram_cnn", "max_epochs=6"]


@pytest.fixture
def background(tmp_path):
    """Starts a sweep and leaves it running."""
    started = []

    def start(*words):
        process = subprocess.Popen(
            [sys.executable, "train.py", *LONG, *words],
            cwd=Path(__file__).resolve().parents[2],
            env={**os.environ, "JOULELAB_ROOT": str(tmp_path), "TMPDIR": str(tmp_path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def states(root):
    database = sqlite3.connect(root / "multirun" / "try" / "study.db")
    return Counter(state for (state,) in database.execute("select state from trials"))


def until(condition, timeout_s=120):
    end_s = time.monotonic() + timeout_s
    while time.monotonic() < end_s:
        if condition():
            return
        time.sleep(0.1)
    raise TimeoutError


def curves(root):
    return list(root.glob("multirun/try/*/*/*/curve.jsonl"))


@pytest.fixture(scope="module")
def swept(forks, tables, tmp_path_factory):
    """A study of two runs, and what the sweep said."""
    root = tmp_path_factory.mktemp("swept")
    (root / "mlruns").mkdir()
    shutil.copy(tables, root / "mlruns")
    order = ["train", *WORDS, "sweep.budget_runs=2"]
    return root, forks.run(*programs.order(root, order, TMPDIR=str(root)))


@pytest.fixture
def study(swept, command, tmp_path):
    """A copy of it for one test, where `command` looks."""
    shutil.copytree(swept[0], tmp_path, dirs_exist_ok=True)


def test_a_sweep_ends_with_its_front(swept):
    _, done = swept
    assert done.returncode == 0, done.stderr
    for words in ("front", "the search cost", "(estimated", "front.png", "goes on"):
        assert words in done.stdout


def test_a_sweep_goes_on_when_called_again(study, command, tmp_path):
    again = command("train", *WORDS, "sweep.budget_runs=3")
    assert again.returncode == 0, again.stderr
    assert states(tmp_path) == {"COMPLETE": 3}
    found = records(tmp_path)
    jobs = [record["tags"]["sweep_job"] for record in found]
    assert len(set(jobs)) == len(jobs) <= 3
    assert {record["tags"]["sweep_id"] for record in found} == {"try"}
    assert not any(key.startswith("sweep") for record in found for key in record["params"])
    shown = command("sweep", "status", "try")
    assert shown.returncode == 0, shown.stderr
    assert "3 done" in shown.stdout
    watched = command("sweep", "status", "try", "--watch")  # nothing runs, so it ends
    assert watched.returncode == 0, watched.stderr
    exported = command("sweep", "export", "try")
    assert exported.returncode == 0, exported.stderr
    points = (tmp_path / "multirun" / "try" / "points.csv").read_text(encoding="utf-8")
    assert len(points.splitlines()) >= 4
    parent, children = family(tmp_path)
    assert (parent["name"], parent["status"]) == ("try", "FINISHED")
    assert set(children) == {parent["run_uuid"]}
    assert len(children) == len(found)


def family(root):
    """The study's row in the store, and of each other run the parent."""
    database = sqlite3.connect(root / "mlruns" / "joulelab.db")
    database.row_factory = sqlite3.Row
    rows = database.execute(
        "select r.run_uuid, r.name, r.status, t.value as parent from runs r left join tags t "
        "on t.run_uuid = r.run_uuid and t.key = 'mlflow.parentRunId' where lifecycle_stage = 'active'"
    ).fetchall()
    (parent,) = [row for row in rows if row["parent"] is None]
    return parent, [row["parent"] for row in rows if row["parent"] is not None]


def test_an_earlier_study_says_what_is_tried_first(study, command, tmp_path):
    first = command("sweep", "export", "try")
    assert first.returncode == 0, first.stderr
    best = (tmp_path / "multirun" / "try" / "front.csv").read_text(encoding="utf-8").splitlines()[1]
    words = [*WORDS, "sweep.budget_runs=1", "sweep.study=next", "sweep.prior=try"]
    done = command("train", *words, "tracking=none")
    assert done.returncode == 0, done.stderr
    export = json.loads((tmp_path / "multirun" / "next" / "study" / "export.json").read_text())
    config = export["trials"][0]["config"]
    assert all(str(value) in best for value in config.values())


def test_a_killed_sweeper_loses_and_doubles_nothing(background, command, tmp_path):
    first = background("sweep.budget_runs=3")
    until(lambda: curves(tmp_path))
    first.send_signal(signal.SIGKILL)
    done = command("train", *LONG, "sweep.budget_runs=3")
    assert done.returncode == 0, done.stderr
    assert states(tmp_path) == {"COMPLETE": 3}
    jobs = Counter(record["tags"]["sweep_job"] for record in records(tmp_path))
    assert jobs == {"0": 1, "1": 1, "2": 1}


def test_a_killed_job_is_begun_again(background, tmp_path):
    sweep = background("sweep.budget_runs=1")
    until(lambda: curves(tmp_path))
    (folder,) = {path.parent for path in curves(tmp_path)}
    record = json.loads((folder / "record.json").read_text(encoding="utf-8"))
    os.kill(int(record["tags"]["pid"]), signal.SIGKILL)
    said, _ = sweep.communicate(timeout=200)
    assert sweep.returncode == 0, said
    assert "tried again" in said
    assert states(tmp_path) == {"COMPLETE": 1}


def test_two_interrupts_end_the_sweep_now_and_say_how_it_goes_on(background, tmp_path):
    sweep = background("sweep.budget_runs=9", "max_epochs=400")
    until(lambda: curves(tmp_path))
    for _ in range(2):
        sweep.send_signal(signal.SIGINT)
        time.sleep(0.5)
    said, _ = sweep.communicate(timeout=100)
    assert sweep.returncode == 130, said
    assert "the same command again goes on" in said
    assert "Traceback" not in said
    assert states(tmp_path) == {"WAITING": 1}
    (record,) = records(tmp_path)
    assert record["tags"]["checkpoint"] == "kept"
    again = background("sweep.budget_runs=1", "max_epochs=400")
    until(lambda: len(curves(tmp_path)) > 1)
    again.send_signal(signal.SIGINT)
    again.send_signal(signal.SIGINT)
    again.communicate(timeout=100)
    assert records(tmp_path)[-1]["tags"]["continues"] == record["run_uid"]


BAD = [
    (["sweep.budget_runs=2", "objectives=[val/f1_makro]"], ["val/f1_makro"]),
    (["sweep.budget_runs=2", "lr=interval(2,1)"], ["lr", "reversed"]),
    (["sweep.budget_runs=2", "lr=tag(log,interval(0,1))"], ["lr", "logarithm"]),
    (["sweep.budget_runs=2", "sweep.sampler=gpp"], ["gpp", "did you mean gp"]),
    (["sweep.budget_runs=0"], ["budget_runs", "0"]),
    (["sweep.budgt_runs=1"], ["did you mean sweep.budget_runs"]),
    ([], ["sweep.budget_j"]),
    (["sweep.budget_runs=2", "sweep.constraints=['memory < much']"], ["much"]),
    (["sweep.budget_runs=2", "sweep.constraints=['memory_byte/peak <= 5']"], ["memory_byte/peak"]),
    (["sweep.budget_runs=2", "sweep.prior=nothing"], ["sweep.prior=nothing", "no such study"]),
    (["sweep.budget_runs=2", "sweep.repeat_share=2"], ["sweep.repeat_share", "2"]),
    (["sweep.budget_j=1e-3"], ["sweep.budget_j", "do not pay for one run"]),
]


@pytest.mark.parametrize(("words", "said"), BAD)
def test_a_mistake_is_one_sentence(command, refused, words, said):
    refused(command("train", *WORDS, *words), *said)


def test_another_space_for_the_same_study_is_refused_unless_it_extends_it(study, command, refused):
    other = [*WORDS, "sweep.budget_runs=3", "lr=tag(log,interval(1e-4,1e-1))"]
    refused(command("train", *other), "lr", "sweep.extend=true")
    extended = command("train", *other, "sweep.extend=true")
    assert extended.returncode == 0, extended.stderr


def test_a_study_that_is_not_there_is_named(command, refused):
    refused(command("sweep", "front", "nothing"), "nothing", "no such study")
