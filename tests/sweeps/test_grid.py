from __future__ import annotations

import pytest

from joulelab.errors import ConfigError
from joulelab.sweeps.grid import configurations
from joulelab.sweeps.history import History, Objective, Trial
from joulelab.sweeps.samplers import strategy
from joulelab.sweeps.space import Choice, Float, Integer, Space

SPACE = Space(
    {
        "model": Choice(("a", "b")),
        "lr": Float(1e-5, 1e-1, log=True, when={"model": ("b",)}),
        "depth": Integer(1, 3, when={"model": ("b",)}),
    }
)


def test_every_choice_meets_every_other_where_both_count():
    found = list(configurations(SPACE))
    assert len(found) == 1 + 5 * 3
    assert {"model": "a"} in found
    lrs = sorted({config["lr"] for config in found if "lr" in config})
    assert lrs == pytest.approx([1e-5, 1e-4, 1e-3, 1e-2, 1e-1])


def test_a_grid_is_run_once_and_whole():
    grid, trials = strategy("grid", SPACE, 7, seed=1), {}
    for number in range(16):
        proposal = grid.propose(History((Objective("x", "minimize"),), trials))
        assert proposal.until_step == 7
        trials[number] = Trial(number, proposal.config, (), state="done")
    assert len({SPACE.key(trial.config) for trial in trials.values()}) == 16


def test_a_grid_without_end_is_refused():
    space = Space({f"x{index}": Float(0, 1) for index in range(9)})
    with pytest.raises(ConfigError, match="1953125 configurations"):
        strategy("grid", space, 1)
