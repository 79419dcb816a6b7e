from __future__ import annotations

import random
import signal
import time
from pathlib import Path

import pytest
from support.studies import answer, config, curve, finish, go, opened, started

from joulelab.sweeps import workers
from joulelab.sweeps.history import Proposal
from joulelab.sweeps.study import Study


@pytest.fixture
def worker(url):
    """Starts workers on the study, and ends them."""
    begun = []

    def start(*task):
        begun.append(started(url, *task))
        return begun[-1]

    yield start
    for each in begun:
        each.kill()
        each.wait()
        each.stdin.close()
        each.stdout.close()


def killed(process):
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_a_worker_killed_between_begin_and_end_is_noticed_at_once(url, worker):
    holder = worker("hold")
    number = int(answer(holder))
    study = opened(url)
    assert study.recover() == ()
    killed(holder)
    assert study.recover() == (number,)
    assert study.take() == number


def test_of_two_that_adopt_at_once_one_gets_each_trial(url, worker):
    holders = [worker("hold") for _ in range(3)]
    numbers = {int(answer(holder)) for holder in holders}
    assert numbers == {0, 1, 2}
    adopters = [worker("adopt") for _ in range(2)]
    assert [answer(adopter) for adopter in adopters] == ["ready", "ready"]
    for holder in holders:
        killed(holder)
    for adopter in adopters:
        go(adopter)
    shares = [[int(word) for word in answer(adopter).split()] for adopter in adopters]
    assert sorted(shares[0] + shares[1]) == sorted(numbers)


def test_of_two_that_take_up_a_paused_trial_one_gets_it(url, worker):
    study = opened(url)
    for seed in range(5):
        number = study.begin(Proposal(5, config(seed)))
        study.report(number, curve(5))
        finish(study, number, "paused")
        claimers = [worker("claim", number) for _ in range(2)]
        assert [answer(claimer) for claimer in claimers] == ["ready", "ready"]
        for claimer in claimers:
            go(claimer)
        assert sorted(answer(claimer) for claimer in claimers) == [str(number), "taken"]


def test_a_remote_worker_is_dead_after_its_silence():
    row = {**workers.this_worker(), "place": "elsewhere", "beat": time.time() - 100}
    assert workers.lives(row, silence_s=120)
    assert not workers.lives(row, silence_s=90)


def test_a_process_that_got_a_dead_ones_number_is_not_it():
    row = workers.this_worker()
    assert workers.lives(row)
    assert not workers.lives({**row, "started": "1"})
    assert not workers.lives(None)


@pytest.mark.slow
def test_no_trial_is_lost_or_doubled_when_workers_are_killed_at_any_moment(url, worker, tmp_path):
    folder = tmp_path / "runs"
    folder.mkdir()
    moments = random.Random(7)
    count = 10_000
    for _ in range(10):
        pair = [worker("run", count, folder) for _ in range(2)]
        assert [answer(each) for each in pair] == ["ready", "ready"]
        time.sleep(1.0 * moments.random())
        for each in pair:
            killed(each)
            assert "doubled" not in each.stdout.read()
    study = opened(url, retries=1000)
    study.recover()
    while (number := study.take()) is not None:
        study.report(number, curve(5))
        finish(study, number)
    history = study.history()
    assert sorted(history.trials) == list(range(len(history.trials)))
    assert len(history.trials) >= 5
    assert {trial.state for trial in history.trials.values()} == {"done"}
    assert {trial.points for trial in history.trials.values()} == {tuple(curve(5))}


@pytest.mark.parametrize("kind", ["sqlite", "journal"])
def test_a_full_disk_is_told_and_the_study_goes_on_once_there_is_room(tmp_path, kind):
    path = tmp_path / ("study.db" if kind == "sqlite" else "study.journal")
    url = f"{kind}:///{path}"
    opened(url).close()
    process = started(url, "fill", path.stat().st_size + 300_000)
    told = answer(process)
    process.wait()
    process.stdin.close()
    process.stdout.close()
    assert told.endswith(
        "the disk of the study is full; make room and give the same command again: it goes on"
    )
    study = opened(url)
    study.recover()
    while study.take() is not None:
        pass
    trials = study.history().trials
    assert sorted(trials) == list(range(len(trials)))
    finished = [trial for trial in trials.values() if trial.state == "done"]
    assert len(finished) >= len(trials) - 1 > 3
    assert {trial.points for trial in finished} == {tuple(curve(5))}
    assert study.begin(Proposal(5, config(-1))) == len(trials)


def test_a_line_that_a_dead_writer_left_half_done_is_cut(tmp_path):
    path = Path(tmp_path / "study.journal")
    url = f"journal:///{path}"
    first = opened(url)
    first.begin(Proposal(5, config(1)))
    with path.open("a") as file:
        file.write('{"op_code": 8, "worker')
    second = opened(url)
    assert second.begin(Proposal(5, config(2))) == 1
    assert isinstance(first, Study)
    assert len(first.history().trials) == 2
