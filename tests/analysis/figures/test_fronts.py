from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from support.records import make_record
from support.study import rows, study

from joulelab.analysis.configurations import Comparison, compare
from joulelab.analysis.figures.fronts import front, fronts, search, triple
from joulelab.analysis.figures.objectives import objective_of, objectives_of
from joulelab.analysis.figures.spec import Figure, Line, Missing, Points, Reference
from joulelab.analysis.table import collect


def compared(records) -> Comparison:
    (comparison,) = compare(collect(rows(records)))
    return comparison


def drawn(records) -> Figure:
    (figure,) = fronts(compared(records), "front", {})
    assert isinstance(figure, Figure)
    return figure


def marks(figure: Figure, kind: type) -> list:
    return [mark for mark in figure.panels[0].marks if isinstance(mark, kind)]


def test_every_configuration_is_a_point_in_the_colour_of_its_model() -> None:
    points = marks(drawn(study()), Points)
    assert {mark.name: len(mark.x) for mark in points} == {
        "minirocket": 1, "spectrogram_cnn": 2, "inception": 1,
    }  # fmt: skip
    assert len({mark.colour for mark in points}) == 3


def test_the_front_joins_those_that_nobody_beats() -> None:
    (line,) = marks(drawn(study()), Line)
    assert list(line.x) == pytest.approx([12.0, 1800.0])
    assert line.step


def test_the_figure_has_n_provenance_bars_and_baseline() -> None:
    figure = drawn(study())
    assert "n = 12 runs; energy measured." in figure.legend
    assert "± one standard uncertainty" in figure.legend
    (baseline,) = marks(figure, Reference)
    assert baseline.value == pytest.approx(0.03)
    points = marks(figure, Points)[0]
    assert np.isfinite(points.x_u).all()


def test_hovering_tells_configuration_and_uncertainty() -> None:
    (text,) = next(m.text for m in marks(drawn(study()), Points) if m.name == "inception")
    assert "<b>model=inception</b>" in text
    assert "1.800 ± 0.037 kJ" in text
    assert "n = 3, measured by rapl.package-0" in text


def test_energies_over_decades_are_on_a_logarithmic_axis_and_near_ones_are_not() -> None:
    assert drawn(study()).panels[0].x.scale == "log"
    near = [make_record(str(i), lr=0.1 * i, energy_j=10.0 + i) for i in range(1, 4)]
    assert drawn(near).panels[0].x.scale == "linear"


def test_an_energy_below_zero_is_on_a_linear_axis() -> None:
    records = [make_record(str(i), lr=0.1 * i, energy_j=e) for i, e in ((1, -5.0), (2, 900.0))]
    assert drawn(records).panels[0].x.scale == "linear"


def test_what_was_estimated_is_hollow_and_called_so() -> None:
    points = marks(drawn(study(provenance="estimated")), Points)
    assert all(mark.hollow for mark in points)
    assert all(mark.name.endswith("(estimated)") for mark in points)


def test_of_many_configurations_the_front_alone_is_named_and_has_bars() -> None:
    records = [
        make_record(f"{i}", lr=0.001 * (i + 1), energy_j=10.0 + i, metrics={"test/f1_macro": 0.5})
        for i in range(200)
    ]
    points = marks(drawn(records), Points)
    assert sum(bool(label) for mark in points for label in mark.labels) == 1
    assert sum(int(np.isfinite(mark.x_u).sum()) for mark in points) <= 1


def test_a_click_goes_to_the_run() -> None:
    comparison = compared(study())
    (figure,) = fronts(comparison, "front", {"model=inception": "http://h/#/run"})
    assert isinstance(figure, Figure)
    links = [link for mark in marks(figure, Points) for link in mark.links]
    assert links.count("http://h/#/run") == 1


def test_any_objective_may_lie_across() -> None:
    comparison = compared(study())
    x, y = objective_of(comparison, "duration_s"), objective_of(comparison, "quality")
    figure = front(comparison, x, y, "front_2", {})
    assert isinstance(figure, Figure)
    assert figure.panels[0].x.title == "duration of a run (s)  · less is better"


def test_three_objectives_are_a_colour() -> None:
    comparison = compared(study())
    comparison.table["duration_s"] = [4.0, 3.0, 2.0, 1.0]
    energy, quality = objectives_of(comparison)
    figure = triple(comparison, energy, quality, objective_of(comparison, "duration_s"), "t", {})
    assert isinstance(figure, Figure)
    (points,) = marks(figure, Points)
    assert list(points.values) == [4.0, 3.0, 2.0, 1.0]


def test_one_configuration_has_no_front_line() -> None:
    assert marks(drawn([make_record()]), Line) == []


def test_a_quality_that_is_nowhere_is_a_sentence() -> None:
    comparison = compared(study())
    comparison.table["quality"] = np.nan
    (missing,) = fronts(comparison, "front", {})
    assert isinstance(missing, Missing)
    assert "No configuration has both" in missing.sentence


def runs_of(comparison: Comparison, records) -> pd.DataFrame:
    table = collect(rows(records)).table
    table["start"] = pd.date_range("2026-01-01", periods=len(table), freq="min")
    return table


def test_the_search_ends_at_all_that_was_reached_and_spent() -> None:
    comparison = compared(study())
    figure = search(comparison, runs_of(comparison, study()), "search")
    assert isinstance(figure, Figure)
    (line,) = marks(figure, Line)
    assert line.y[-1] == pytest.approx(1.0)
    whole = sum(record.metrics["energy_j/run"] for record in study())
    assert line.x[-1] == pytest.approx(whole)
    assert whole > 3 * (12 + 140 + 170 + 1800)
    assert (np.diff(line.y) >= 0).all()


def test_a_search_without_times_or_with_one_run_is_a_sentence() -> None:
    comparison = compared(study())
    runs = runs_of(comparison, study())
    assert isinstance(search(comparison, runs.iloc[:1], "search"), Missing)
    runs["start"] = pd.NaT
    assert isinstance(search(comparison, runs, "search"), Missing)


def test_a_baseline_far_below_is_told_and_does_not_press_the_points_together() -> None:
    records = study()
    for record in records:
        record.metrics["test/f1_macro"] = 0.9 + record.metrics["test/f1_macro"] / 100
    figure = drawn(records)
    assert marks(figure, Reference) == []
    assert "Outside the axis: trivial baseline, no joule: 0.03." in figure.legend


def test_levels_that_are_numbers_are_told_as_people_write_them() -> None:
    records = [make_record(str(i), lr=lr, energy_j=10.0 * i) for i, lr in ((1, 1.0), (2, 10.0))]
    comparison = compared(records)
    comparison.factors = ["lr"]
    (figure,) = fronts(comparison, "front", {})
    assert [mark.name for mark in marks(figure, Points)] == ["lr=1", "lr=10"]
