from __future__ import annotations

import functools
import os
import signal
import sys
import time

import cloudpickle

from joulelab import jobs
from joulelab.errors import DataError

# This file is no module that a job's process could import by name.
cloudpickle.register_pickle_by_value(sys.modules[__name__])


def pid(number):
    return number, os.getpid()


def bad():
    raise DataError("is broken", where="file", cure="mend it")


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def nap(seconds):
    start_s = time.monotonic()
    time.sleep(seconds)
    return start_s, time.monotonic()


def outcomes(calls, n_jobs=1):
    return dict(jobs.run_jobs(calls, n_jobs))


def test_each_job_has_a_process_of_its_own():
    done = outcomes([functools.partial(pid, number) for number in range(3)])
    pids = {outcome.value[1] for outcome in done.values()}
    assert len(pids) == 3
    assert os.getpid() not in pids


def test_outcomes_keep_their_numbers():
    done = outcomes([functools.partial(pid, number) for number in range(4)], n_jobs=2)
    assert [done[number].value[0] for number in range(4)] == [0, 1, 2, 3]


def test_an_error_is_a_sentence_and_the_others_go_on():
    done = outcomes([bad, functools.partial(pid, 1)])
    assert done[0].failure == "file: is broken; mend it"
    assert done[1].value[0] == 1


def test_a_killed_job_says_by_what():
    assert "SIGKILL" in outcomes([die])[0].failure


def test_no_job_inherits_tensorflow():
    done = outcomes([lambda: "tensorflow" in sys.modules])
    assert done[0].value is False


def test_one_at_a_time_means_no_overlap():
    done = outcomes([functools.partial(nap, 0.2)] * 2)
    first, second = sorted(outcome.value for outcome in done.values())
    assert second[0] >= first[1]
