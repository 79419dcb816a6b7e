"""Runs whose curve stays behind the front are stopped, at a stated risk."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from joulelab.errors import ConfigError
from joulelab.sweeps.history import History, Objective, Point, Proposal, Trial, Verdict
from joulelab.sweeps.pruning import StopsDominated, chance

TWO = (Objective("energy_j", "minimize", cost=True), Objective("error", "minimize"))
STEPS = 16


class Patient:
    """Never stops anything of its own accord."""

    def propose(self, history: History) -> Proposal:
        return Proposal(STEPS, config={})

    def assess(self, history: History, number: int) -> Verdict:
        return Verdict("go on", STEPS)


def run(
    number: int, floor: float, steps: int = STEPS, price: float = 1.0, state: str = "done"
) -> Trial:
    points = tuple(
        Point(step, step * price, (step * price, floor + 1 / step)) for step in range(1, steps + 1)
    )
    return Trial(number, {}, (), points, state, STEPS)  # type: ignore[arg-type]


def history(
    others: Sequence[Trial], trial: Trial, objectives: tuple[Objective, ...] = TWO
) -> History:
    return History(objectives, {each.number: each for each in (*others, trial)})


FINISHED = [run(number, 0.1 + 0.01 * number) for number in range(20)]
HOPELESS = run(20, 5.0, steps=4, state="running")
GOOD = run(20, 0.0, steps=4, state="running")
CHEAP = run(20, 5.0, steps=4, price=0.01, state="running")


def decided(trial: Trial, others: Sequence[Trial] = FINISHED, **options: float) -> str:
    rule = StopsDominated(Patient(), **{"kept": 0.0, **options})  # type: ignore[arg-type]
    return rule.assess(history(others, trial), trial.number).decision


def test_a_dominated_curve_is_stopped() -> None:
    assert decided(HOPELESS) == "stop"


def test_a_curve_on_its_way_to_the_front_goes_on() -> None:
    assert decided(GOOD) == "go on"


def test_a_poor_but_cheap_curve_goes_on() -> None:
    """It lies on the front, at the cheap end."""
    assert decided(CHEAP) == "go on"


def test_too_few_futures_stop_nothing() -> None:
    assert decided(HOPELESS, FINISHED[:8]) == "go on"
    assert decided(HOPELESS, FINISHED[:9]) == "stop"


def test_no_risk_stops_nothing() -> None:
    assert decided(HOPELESS, risk=0.0) == "go on"


def test_everything_kept_stops_nothing() -> None:
    assert decided(HOPELESS, kept=1.0) == "go on"


def test_the_share_that_is_kept() -> None:
    kept = [
        decided(run(number, 5.0, steps=4, state="running"), kept=0.25) == "go on"
        for number in range(100, 500)
    ]
    assert 0.18 < sum(kept) / len(kept) < 0.32


def test_it_looks_at_three_places_only() -> None:
    looks = [
        steps
        for steps in range(1, STEPS + 1)
        if decided(run(20, 5.0, steps=steps, state="running")) == "stop"
    ]
    assert looks == [2, 4, 8]


def test_what_the_other_strategy_stops_stays_stopped() -> None:
    class Hasty(Patient):
        def assess(self, history: History, number: int) -> Verdict:
            return Verdict("pause")

    assert StopsDominated(Hasty()).assess(history(FINISHED, GOOD), 20).decision == "pause"


def test_runs_that_ended_before_give_no_future() -> None:
    short = [run(number, 0.1, steps=6) for number in range(20)]
    assert chance(history(short, HOPELESS), 20, 0.1) == 1.0


def test_the_reference_bounds_what_counts() -> None:
    """Cheap, yet beyond the error that matters."""
    bounded = History(TWO, history(FINISHED, CHEAP).trials, reference=(100.0, 2.0))
    assert chance(bounded, 20, 0.1) < 0.1


def test_three_objectives_and_none_of_them_a_cost() -> None:
    """The error alone: stopped where it can no longer become the best."""
    objectives = (Objective("error", "minimize"), Objective("loss", "minimize"))
    assert StopsDominated(Patient(), kept=0).assess(
        history(FINISHED, run(20, 5.0, 4, price=9.0), objectives), 20
    ) == Verdict("stop")


@pytest.mark.parametrize("wrong", [{"risk": -0.1}, {"kept": 2.0}])
def test_what_is_no_probability(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="not between 0 and 1"):
        StopsDominated(Patient(), **wrong)  # type: ignore[arg-type]
