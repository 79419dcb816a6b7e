from __future__ import annotations

import pytest

from joulelab.errors import ConfigError
from joulelab.sweeps.first import Repeats, TriedFirst
from joulelab.sweeps.history import History, Objective, Point, Proposal, Trial, Verdict
from joulelab.sweeps.space import Choice, Float, Space

OBJECTIVES = (Objective("val/f1", "maximize"), Objective("energy_j", "minimize", cost=True))
SPACE = Space({"model": Choice(("a", "b")), "lr": Float(0.0, 1.0, when={"model": ("b",)})})
NEXT = Proposal(9, config={"model": "a"})


class Asks:
    def propose(self, history):
        return NEXT

    def assess(self, history, number):
        return Verdict("stop")


def trial(number, lr, *points, state="done"):
    """Points of (quality, joules), one a step."""
    config = {"model": "b", "lr": lr}
    made = tuple(Point(step, j, (-quality, j)) for step, (quality, j) in enumerate(points, 1))
    return Trial(number, config, SPACE.to_unit(config), made, state, len(points))


def history(*trials, spent=1e4):
    return History(OBJECTIVES, {each.number: each for each in trials}, spent)


def test_what_is_expected_much_of_comes_first_and_once():
    first = TriedFirst(Asks(), SPACE, [{"model": "b", "lr": 0.5}, {"model": "a"}], 3)
    assert first.propose(history()) == Proposal(3, config={"model": "b", "lr": 0.5})
    ran = history(trial(0, 0.5, (0.5, 10)))
    assert first.propose(ran).config == {"model": "a"}
    other = Trial(1, {"model": "a", "lr": 0.9}, (), state="running")
    assert first.propose(history(*ran.trials.values(), other)) is NEXT


def five(*first):
    """Five trials, the later ones far from the front."""
    rest = [trial(n, n / 10, (0.01, 5000 + n)) for n in range(len(first), 5)]
    return history(*first, *rest)


def test_the_first_repeat_tells_the_noise():
    found = Repeats(Asks(), SPACE, 0.1).propose(five(trial(0, 0.5, (0.5, 10), (0.8, 20))))
    assert found == Proposal(2, config={"model": "b", "lr": 0.5}, repeat=True)


def test_an_unsure_point_is_run_again_and_a_sure_one_is_not():
    noisy = [trial(0, 0.5, (0.80, 20)), trial(1, 0.5, (0.70, 20.1))]
    close = trial(2, 0.7, (0.74, 20.0))
    found = Repeats(Asks(), SPACE, 0.1).propose(five(*noisy, close))
    assert (found.repeat, found.config["lr"] in (0.5, 0.7)) == (True, True)
    quiet = [trial(0, 0.5, (0.80, 20)), trial(1, 0.5, (0.8001, 20.001))]
    clear = trial(2, 0.7, (0.2, 2))
    assert Repeats(Asks(), SPACE, 0.1).propose(five(*quiet, clear)) is NEXT


def test_repeats_keep_to_their_share_of_the_money():
    seen = five(trial(0, 0.5, (0.05, 2000), (0.8, 3000)))
    assert Repeats(Asks(), SPACE, 0.1).propose(seen) is NEXT
    assert Repeats(Asks(), SPACE, 0.5).propose(seen).repeat
    assert Repeats(Asks(), SPACE, 0.0).propose(seen) is NEXT


def test_nothing_is_run_a_fourth_time_or_twice_at_once():
    thrice = [trial(n, 0.5, (0.8 - n / 20, 20 + n / 10)) for n in range(3)]
    assert Repeats(Asks(), SPACE, 0.1).propose(five(*thrice)) is NEXT
    running = [trial(0, 0.5, (0.8, 20)), trial(1, 0.5, state="running")]
    assert Repeats(Asks(), SPACE, 0.1).propose(five(*running)) is NEXT


@pytest.mark.parametrize("share", [-0.1, 1.0, 7, True])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(ConfigError, match=r"sweep\.repeat_share"):
        Repeats(Asks(), SPACE, share)
