"""Figures of statistics: what they tell, and a sentence wherever they cannot be drawn."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import chain

import numpy as np
import pandas as pd
import pytest
from support.runs_table import RunsTable, runs_table
from support.shared_data import change_runs, needs_shared_data

from joulelab.analysis.figures import spec
from joulelab.analysis.figures.agreement import agreements
from joulelab.analysis.figures.components import principal_components
from joulelab.analysis.figures.correlations import heat_maps
from joulelab.analysis.figures.differences import differences
from joulelab.analysis.figures.distributions import distributions
from joulelab.analysis.figures.effects import effects
from joulelab.analysis.figures.enough import good_enough
from joulelab.analysis.figures.frugality import frugality
from joulelab.analysis.figures.importance import encoded, importance
from joulelab.analysis.figures.spec import Bars, Figure, HeatMap, Line, Missing
from joulelab.analysis.figures.statistics import of_study
from joulelab.analysis.figures.study import Study, study_of

BUILDERS: dict[str, Callable] = {
    "effects": effects, "importance": importance, "differences": differences,
    "distribution": distributions, "correlations": heat_maps, "covariance": heat_maps,
    "components": principal_components, "agreement": agreements,
}  # fmt: skip


def drawn(runs: RunsTable, quality: str | None = "test/f1") -> dict[str, spec.Drawn]:
    """All figures by name."""
    return {each.name: each for each in chain(*of_study(study(runs, quality)).values())}


def study(runs: RunsTable, quality: str | None = "test/f1") -> Study:
    return study_of(runs, runs.kept, quality)  # type: ignore[arg-type]


def built(runs: RunsTable, name: str) -> spec.Drawn:
    """One figure, with those alone that its builder makes beside it."""
    found = BUILDERS[name.partition("_")[0]](study(runs))
    return found if not isinstance(found, list) else {each.name: each for each in found}[name]


def figure(runs: RunsTable, name: str) -> Figure:
    found = built(runs, name)
    assert isinstance(found, Figure), found
    return found


def one(found: Figure, kind: type, panel: int = 0):
    return next(mark for mark in found.panels[panel].marks if isinstance(mark, kind))


def bars(found: Figure, panel: int) -> dict[str, float]:
    marks = one(found, Bars, panel)
    return dict(zip(marks.labels, np.asarray(marks.heights), strict=True))


def without(column: str, value: object = math.nan) -> RunsTable:
    runs = runs_table()
    runs.table[column] = value
    return runs


def cut(rows: int) -> RunsTable:
    runs = runs_table()
    runs.table = runs.table.iloc[:: len(runs.table) // rows] if rows else runs.table.iloc[:0]
    return runs


def spoiled() -> RunsTable:
    runs = runs_table()
    runs.table.loc[[0, 7], "energy_j"] = [math.nan, math.inf]
    runs.table.loc[[1, 8], "test/f1"] = [math.nan, -math.inf]
    runs.table.loc[3, "lr"] = math.nan
    return runs


def mixed() -> RunsTable:
    runs = runs_table()
    runs.table.loc[::2, "provenance"] = "estimated"
    return runs


BAD: dict[str, Callable[[], RunsTable]] = {
    "no runs": lambda: cut(0),
    "one run": lambda: cut(1),
    "three runs": lambda: cut(3),
    "no energy": lambda: without("energy_j"),
    "no quality": lambda: without("test/f1"),
    "constant quality": lambda: without("test/f1", 0.5),
    "constant energy": lambda: without("energy_j", 5.0),
    "zero joules": lambda: without("energy_j", 0.0),
    "negative joules": lambda: without("energy_j", -3.0),
    "nan and infinite": spoiled,
    "mixed provenance": mixed,
    "no instrument": lambda: without("energy_j/run/plug"),
    "one level": lambda: without("model", "net"),
    "texts where numbers are": lambda: without("duration_s", "long"),
}


@pytest.mark.parametrize("kind", BAD)
def test_every_figure_is_drawn_or_says_in_a_sentence_why_not(kind: str) -> None:
    for name, each in drawn(BAD[kind]()).items():
        if isinstance(each, Missing):
            assert each.sentence.endswith("."), name
        else:
            assert each.panels
            assert each.n >= 1


@pytest.mark.parametrize(
    ("kind", "name", "sentence"),
    [
        ("no runs", "components", "No run has a finite figure"),
        ("three runs", "components", "3 complete runs are too few for a PCA"),
        ("three runs", "importance", "3 runs are too few"),
        ("three runs", "correlations", "3 runs are too few for a correlation"),
        ("one run", "distribution_energy", "one value alone"),
        ("one run", "effects", "no factor varies"),
        ("constant quality", "distribution_quality", "all 36 values are 0.5, no variance"),
        ("no energy", "distribution_quality", ""),
        ("no instrument", "agreement", "0 runs saw both"),
    ],
)
def test_the_sentence_names_the_reason(kind: str, name: str, sentence: str) -> None:
    found = built(BAD[kind](), name)
    if sentence:
        assert isinstance(found, Missing)
        assert sentence in found.sentence
    else:
        assert isinstance(found, Figure)


def test_the_model_drives_the_energy_and_the_rate_the_quality() -> None:
    found = figure(runs_table(), "effects")
    energy, quality = bars(found, 0), bars(found, 1)
    assert energy["model"] > 0.9
    assert quality["model"] > 0.4
    assert energy["beyond single factors"] < 0.05
    assert found.panels[0].title.startswith("energy (log): R² = ")


def test_importances_agree_with_the_shares_of_a_balanced_design() -> None:
    runs = runs_table(repeats=12)
    shares = bars(figure(runs, "effects"), 0)
    found = bars(figure(runs, "importance"), 0)
    assert found["model"] == pytest.approx(shares["model"], abs=0.1)


def test_noise_has_no_importance() -> None:
    random = np.random.default_rng(0)
    runs = runs_table()
    runs.table["test/f1"] = random.normal(size=len(runs.table))
    found = figure(runs, "importance")
    assert len(found.panels) == 1
    assert "predicts runs it has not seen no better than their mean" in found.caption


def test_levels_that_do_not_overlap_are_told_apart() -> None:
    runs = runs_table()
    runs.table["configuration"] = runs.table["model"]
    found = figure(runs, "differences")
    assert np.asarray(one(found, HeatMap).values)[1, 0] == 1.0
    assert "1 of 1 pairs differ" in found.caption


def test_a_level_without_variance_is_named() -> None:
    runs = runs_table()
    runs.table.loc[runs.table["model"] == "tree", "test/f1"] = 0.75
    assert (
        "tree (all 18 values are 0.75, no variance)" in figure(runs, "distribution_quality").caption
    )


def test_each_factor_has_its_densities() -> None:
    found = figure(runs_table(), "distribution_energy")
    assert [panel.title for panel in found.panels] == ["all runs", "by model", "by lr"]
    assert [mark.name for mark in found.panels[2].marks] == ["lr=0.0001", "lr=0.001", "lr=0.01"]


def test_correlations_come_whole_by_group_and_as_covariance() -> None:
    names = [each.name for each in heat_maps(study(runs_table()))]
    assert names == ["correlations", "correlations_by", "covariance"]
    found = one(figure(runs_table(), "correlations"), HeatMap)
    values = pd.DataFrame(found.values, found.rows, found.columns)
    assert values.at["energy", "duration"] > 0.9
    assert "n = 36" in found.text[0][1]


def test_joules_by_two_instruments_lie_on_a_line_and_one_is_a_clock() -> None:
    found = figure(runs_table(), "agreement")
    assert "codecarbon is a clock here: 40" in found.caption
    assert "plug is a clock" not in found.caption
    assert len(found.panels) == 3


def test_zeros_of_one_instrument_are_shown_although_those_runs_were_left_out() -> None:
    runs = runs_table()
    runs.table.loc[:5, "energy_j/run/plug"] = 0.0
    runs.table.loc[:5, "left_out"] = "plug saw 0 J"
    found = figure(runs, "agreement")
    assert found.n == 36
    assert "without 6 zeros" in found.caption


def test_one_instrument_under_two_names_is_one() -> None:
    runs = runs_table()
    runs.table["energy_j/run/again"] = runs.table["energy_j/run/plug"]
    runs.instruments["again"] = "energy_j/run/again"
    assert [each.name for each in agreements(study(runs))] == ["agreement"]


@needs_shared_data
def test_the_studys_agreement_is_reproduced() -> None:
    table = change_runs().rename(columns={"auc": "test/auc"})
    table["energy_j"] = table["energy_plug_kwh"] * 3.6e6
    table["plug"], table["codecarbon"] = table["energy_j"], table["energy_codecarbon_kwh"] * 3.6e6
    table["left_out"] = np.where(table["energy_j"] == 0, "0 J", "")
    runs = RunsTable(
        table, ["window", "threads", "method", "n_images"], qualities=["test/auc"],
        instruments={"plug": "plug", "codecarbon": "codecarbon"},
    )  # fmt: skip
    (found,) = agreements(study(runs, "test/auc"))
    assert isinstance(found, Figure)
    for told in ("r = 0.9829", "0.4902 ± 0.0029", "without 416 zeros", "0.8513", "75.5 ± 3.9 W"):
        assert told in found.caption


def test_level_codes_keep_the_order_of_numbers() -> None:
    codes, levels, names = encoded({"lr": [0.1, 0.01, 0.1], "one": [1, 1, 1], "m": ["b", "a", "b"]})
    assert codes.tolist() == [[1, 1], [0, 0], [1, 1]]
    assert (levels, names) == ([2, 2], ["lr", "m"])


def test_many_numbers_are_binned() -> None:
    codes, levels, _ = encoded({"lr": list(np.linspace(0, 1, 500))})
    assert levels == [32]
    assert np.bincount(codes[:, 0]).min() > 10


def test_joules_after_a_curve_was_good_enough() -> None:
    random = np.random.default_rng(0)
    steps = np.arange(1, 41)
    rows = [
        pd.DataFrame(
            {"run_id": run, "step": steps, "energy_j": 10.0 * steps,
             "val/f1": 0.9 - 0.4 * np.exp(-steps / 3) + random.normal(0, 0.005, 40)}
        )
        for run in ("a", "b")
    ]  # fmt: skip
    runs = pd.DataFrame({"run_id": ["a", "b"], "configuration": "net"})
    found = good_enough(pd.concat(rows), runs, "test/f1", "enough", "Enough")
    assert isinstance(found, Figure)
    until, after = (float(np.asarray(mark.heights)[0]) for mark in found.panels[0].marks)
    assert until + after == pytest.approx(400)
    assert until < 250


@pytest.mark.parametrize("points", [0, 3])
def test_short_curves_tell_nothing(points: int) -> None:
    curve = pd.DataFrame({"run_id": ["a"] * points, "step": range(points), "energy_j": 1.0})
    curve["val/f1"] = 0.5
    runs = pd.DataFrame({"run_id": ["a"], "configuration": "net"})
    assert isinstance(good_enough(curve, runs, "test/f1", "enough", "Enough"), Missing)


def comparison(quality: str = "test/f1", energy: float = 1.0):
    from joulelab.analysis.configurations import Comparison

    table = pd.DataFrame(
        {"configuration": ["net", "tree"], "energy_j": [0.2 * energy, 9 * energy], "n": [3, 3],
         "quality": [0.6, 0.9], "front": True, "provenance": "measured"}
    )  # fmt: skip
    return Comparison("toy", quality, "energy_j", table)


def test_the_frugality_score_names_who_wins_where() -> None:
    found = frugality(comparison(), "frugality")
    assert isinstance(found, Figure)
    assert [panel.title for panel in found.panels[:3]] == ["E in J", "E in kJ", "E in MJ"]
    assert bars(found, 3) == {"net": pytest.approx(0.3 + 0.5 * (1 - 0.2 / 9)), "tree": 0.45}
    assert "E in J: tree from 0.00 to 0.41, net from 0.41 to 1.00." in found.caption
    assert len(np.asarray(one(found, Line).x)) == 100


def test_a_loss_has_no_frugality_score() -> None:
    assert isinstance(frugality(comparison("val/loss"), "frugality"), Missing)
    assert isinstance(frugality(comparison(energy=-1.0), "frugality"), Missing)
