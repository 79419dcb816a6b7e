"""Fronts of recorded tables, as their own study prints them."""

from __future__ import annotations

import pandas as pd
import pytest
from support.shared_data import needs_shared_data, table

from joulelab.stats.front import non_dominated
from joulelab.stats.front_probability import front_probability, hypervolume_interval
from joulelab.stats.trade_off import knee, marginal_costs
from joulelab.stats.uncertain import UncertainPoints

pytestmark = needs_shared_data
MIN_MAX = ("min", "max")


def cifar100() -> pd.DataFrame:
    return table("pareto", "cifar100.csv")


def front(frame: pd.DataFrame, energy: str) -> pd.DataFrame:
    return frame[non_dominated(frame[[energy, "Accuracy test"]], MIN_MAX).members]


def groups() -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    """Means, their standard errors and numbers of runs by network and start."""
    grouped = cifar100().groupby(["Model", "Pretrained"])[["Energy train", "Accuracy test"]]
    return grouped.mean(), grouped.sem(), grouped.size()


def test_the_front_of_cifar100_is_that_of_the_study() -> None:
    means, _, _ = groups()
    assert set(front(means, "Energy train").index) == {
        ("ShuffleNet V2", True),
        ("ResNet18", True),
        ("EfficientNet B0", True),
    }


@pytest.mark.parametrize(("energy", "size"), [("Energy train", 5), ("Energy test", 8)])
def test_the_fronts_of_its_single_runs_have_the_studys_sizes(energy: str, size: int) -> None:
    assert len(front(cifar100(), energy)) == size


def test_the_front_of_imagenet_is_among_its_six_networks() -> None:
    frame = table("pareto", "imagenet.csv")
    assert len(frame) == 6
    found = front(frame, "Energy train").sort_values("Energy train")
    assert (found["Accuracy test"].diff().dropna() > 0).all()


@pytest.mark.parametrize(
    ("hardware", "size"), [("cpu1", 22), ("cpu2", 20), ("gpu1", 18), ("gpu2", 14), (None, 23)]
)
def test_the_fronts_of_buttere_have_the_studys_sizes(hardware: str | None, size: int) -> None:
    frame = table("pareto", "buttere.csv.gz")
    if hardware is not None:
        frame = frame[frame["hardware_type"] == hardware]
    assert len(front(frame, "Energy test")) == size


def test_repeats_tell_how_sure_the_front_of_cifar100_is() -> None:
    means, u, sizes = (each[groups()[2] > 2] for each in groups())
    points = UncertainPoints(means, u, degrees_of_freedom=sizes.to_numpy()[:, None] - 1)
    shares = front_probability(points, MIN_MAX)
    members = non_dominated(means, MIN_MAX).members
    assert shares[members].min() > 0.2
    assert shares[members].sum() > shares[~members].sum()
    volume = hypervolume_interval(points, (means["Energy train"].max(), 0.0), MIN_MAX)
    assert volume.low < volume.value < volume.high


def test_its_front_has_prices_and_perhaps_a_knee() -> None:
    means, u, _ = groups()
    steps = marginal_costs(
        means["Energy train"], means["Accuracy test"], u["Energy train"], u["Accuracy test"]
    )
    assert len(steps) == 2
    assert all(step.cost.low < step.cost.value < step.cost.high for step in steps)
    bend = knee(means, MIN_MAX).index
    assert bend is None or non_dominated(means, MIN_MAX).members[bend]
