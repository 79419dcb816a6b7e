from __future__ import annotations

import os

import pytest
import torch
from contracts.knob import KnobContract

from joulelab.errors import ConfigError
from joulelab.hardware import knobs
from joulelab.hardware.threads import Threads


class TestThreads(KnobContract):
    @pytest.fixture
    def knob(self):
        knob = Threads(torch.get_num_threads() + 1)
        yield knob
        knob.restore()

    @pytest.fixture
    def read(self):
        return lambda: (torch.get_num_threads(), os.environ.get("OMP_NUM_THREADS"))


def test_zero_threads_is_a_config_error():
    with pytest.raises(ConfigError, match=r"hardware\.threads"):
        Threads(0)


def test_only_keys_that_are_set_turn_a_knob():
    assert knobs({"threads": None, "precision": "fp32"}) == []
    assert [knob.name for knob in knobs({"threads": 1})] == ["threads"]
