"""Phases, shares at rest, curves: figures of single runs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from joulelab.analysis.figures import curves, phases
from joulelab.analysis.figures.spec import Axis, Bars, Figure, Line, Missing, Points

PHASES = ["energy_j/idle", "energy_j/fit"]


def runs(**columns) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "run_id": ["a", "b", "c"], "configuration": ["x", "x", "y"],
            "provenance": "measured", "model": ["m", "m", "n"],
            "energy_j/idle": [1.0, 3.0, 10.0], "energy_j/fit": [6.0, 8.0, 40.0],
            "energy_j": [10.0, 10.0, 50.0], "energy_dynamic_j": [8.0, 6.0, 45.0],
        }
    )  # fmt: skip
    return table.assign(**columns)


def points(**columns) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "run_id": ["a", "a", "b", "b", "c"], "step": [1, 2, 1, 2, 1],
            "energy_j": [1.0, 2.0, 1.5, 3.0, 400.0], "val/f1": [0.1, 0.5, 0.2, 0.6, 0.9],
        }
    )  # fmt: skip
    return table.assign(**columns)


def bars(figure: Figure, panel: int) -> dict[str, list[float]]:
    found = [mark for mark in figure.panels[panel].marks if isinstance(mark, Bars)]
    return {mark.name: np.round(mark.heights, 6).tolist() for mark in found}


def test_phases_are_means_over_the_runs_of_a_configuration_and_shares() -> None:
    figure = phases.by_phase(runs(), PHASES, "phases", "Phases")
    assert isinstance(figure, Figure)
    assert bars(figure, 0) == {"idle": [2.0, 10.0], "fit": [7.0, 40.0]}
    assert bars(figure, 1) == {"idle": [0.222222, 0.2], "fit": [0.777778, 0.8]}
    assert figure.n == 3


def test_the_share_at_rest_has_the_scatter_of_its_runs() -> None:
    figure = phases.idle_share(runs(), "idle_share", "Share")
    assert isinstance(figure, Figure)
    (bar,) = figure.panels[0].marks
    assert isinstance(bar, Bars)
    assert dict(zip(bar.labels, bar.heights, strict=True)) == pytest.approx({"y": 0.1, "x": 0.3})
    # Shares 0.2 and 0.4: standard deviation 0.1414 over sqrt 2.
    assert bar.u[list(bar.labels).index("x")] == pytest.approx(0.1)
    assert np.isnan(bar.u[list(bar.labels).index("y")])


@pytest.mark.parametrize(
    "table",
    [
        runs().iloc[:0],
        runs(**{"energy_j/idle": np.nan, "energy_j/fit": np.nan, "energy_dynamic_j": np.nan}),
        runs().drop(columns=["energy_dynamic_j"]).assign(**dict.fromkeys(PHASES, np.nan)),
    ],
    ids=["no runs", "no energy", "no column"],
)
def test_what_is_not_there_is_a_sentence(table: pd.DataFrame) -> None:
    assert isinstance(phases.by_phase(table, PHASES, "p", "P"), Missing)
    assert isinstance(phases.by_phase(table, [], "p", "P"), Missing)
    assert isinstance(phases.idle_share(table, "i", "I"), Missing)
    empty = points().iloc[:0]
    assert isinstance(curves.curves(empty, table, "val/f1", None, "c", "C"), Missing)


def test_of_many_configurations_the_least_are_drawn_and_the_caption_says_so() -> None:
    n = 60
    table = pd.DataFrame(
        {
            "configuration": [f"c{i}" for i in range(n)], "provenance": "measured",
            "energy_j/fit": np.arange(n, dtype=float) + 1,
        }
    )  # fmt: skip
    figure = phases.by_phase(table, ["energy_j/fit"], "p", "P")
    assert isinstance(figure, Figure)
    assert len(figure.panels[0].marks[0].labels) == phases.MOST_BARS
    assert "The 24 least of 60 configurations" in figure.legend


def test_one_bar_a_configuration_in_other_units() -> None:
    table = pd.DataFrame(
        {
            "configuration": ["x", "y"], "emissions_kg": [2.0, 1.0], "emissions_kg_u": [0.1, np.nan],
            "n": [3, 1], "provenance": "measured",
        }
    )  # fmt: skip
    axis = Axis("emissions", "g")
    figure = phases.per_configuration(table, "emissions_kg", axis, 1000.0, "e", "E", "Seen.")
    assert isinstance(figure, Figure)
    (bar,) = figure.panels[0].marks
    assert list(bar.labels) == ["y", "x"]
    assert list(bar.heights) == [1000.0, 2000.0]
    missing = phases.per_configuration(table, "cost", axis, 1.0, "e", "E", "Seen.")
    assert isinstance(missing, Missing)


def test_every_run_is_a_curve_and_its_end_is_marked() -> None:
    figure = curves.curves(points(), runs(), "val/f1", "model", "curves", "Curves")
    assert isinstance(figure, Figure)
    lines = [mark for mark in figure.panels[0].marks if isinstance(mark, Line)]
    ends = [mark for mark in figure.panels[0].marks if isinstance(mark, Points)]
    assert [line.name for line in lines] == ["m", "n"]
    assert np.isnan(lines[0].y).sum() == 2
    assert [list(mark.y) for mark in ends] == [[0.5, 0.6], [0.9]]
    assert figure.panels[0].x.scale == "log"


def test_points_without_energy_or_metric_are_not_drawn() -> None:
    broken = points(energy_j=[1.0, np.nan, 1.5, 3.0, np.nan])
    figure = curves.curves(broken, runs(), "val/f1", None, "curves", "Curves")
    assert isinstance(figure, Figure)
    (line,) = [mark for mark in figure.panels[0].marks if isinstance(mark, Line)]
    assert np.isfinite(line.y).sum() == 3
    assert figure.n == 2


def test_of_very_many_runs_an_even_choice_is_drawn() -> None:
    n = 1000
    table = pd.DataFrame(
        {"run_id": [str(i) for i in range(n)], "configuration": "x", "provenance": "measured"}
    )
    many = pd.DataFrame({"run_id": table["run_id"], "step": 1, "energy_j": 1.0, "val/f1": 0.5})
    figure = curves.curves(many, table, "val/f1", None, "curves", "Curves")
    assert isinstance(figure, Figure)
    assert "240 of 1,000 runs are drawn" in figure.legend
    lines = [mark for mark in figure.panels[0].marks if isinstance(mark, Line)]
    ends = [mark for mark in figure.panels[0].marks if isinstance(mark, Points)]
    assert all(len(line.text) == 0 for line in lines)
    assert sum(len(mark.text) for mark in ends) == 240


def test_the_curve_speaks_of_the_quality_where_it_can() -> None:
    table = points(**{"val/loss": 1.0})
    assert curves.metric_of(table, "test/f1") == "val/f1"
    assert curves.metric_of(table, "test/other") in ("val/f1", "val/loss")
    assert curves.metric_of(pd.DataFrame(columns=["run_id", "step", "energy_j"]), "x") is None


def test_configurations_are_told_without_the_word_model() -> None:
    table = runs(configuration=["model=x", "model=x", "model=y"])
    figure = phases.idle_share(table, "i", "I")
    assert isinstance(figure, Figure)
    assert list(figure.panels[0].marks[0].labels) == ["y", "x"]
    assert isinstance(phases.by_phase(table, PHASES, "p", "P"), Figure)
