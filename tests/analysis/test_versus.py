from __future__ import annotations

import io

import pytest
from rich.console import Console
from support.records import make_record
from support.study import rows, study

from joulelab.analysis import report, versus
from joulelab.analysis.configurations import compare
from joulelab.analysis.duels import pair
from joulelab.analysis.figures.spec import Bars, Figure, Missing
from joulelab.analysis.subject import Analysis
from joulelab.analysis.table import collect


def analysis_of(records, a: str, b: str) -> Analysis:
    runs = collect(rows(records))
    comparisons = compare(runs)
    return Analysis(runs, comparisons, pair(runs, [a, b], comparisons))


def told(records, a: str = "model=minirocket", b: str = "model=inception") -> str:
    found = versus.answer(analysis_of(records, a, b).pair)
    return "\n".join([found.sentence, *found.details])


def test_the_answer_has_ratio_quality_and_probabilities() -> None:
    text = told(study())
    assert text.startswith("A = model=minirocket costs 150.0 ± ")
    assert "times less than B = model=inception, at -0.060 ± 0.008 test/f1_macro." in text
    assert "that A is cheaper: > 99.9 %" in text
    assert "n = 3 and 3" in text


def test_the_other_way_round_it_is_more() -> None:
    assert "costs 150.0" in told(study(), "model=inception", "model=minirocket")
    assert "times more than B = model=minirocket" in told(
        study(), "model=inception", "model=minirocket"
    )


def test_what_cannot_be_told_apart_is_said_so() -> None:
    near = [
        make_record(f"{model}{seed}", model=model, seed=seed, energy_j=100.0 + noise,
                    metrics={"test/f1_macro": 0.8 + noise / 100})
        for model in ("minirocket", "inception")
        for seed, noise in enumerate((-1.0, 0.0, 1.0))
    ]  # fmt: skip
    text = told(near)
    assert "does not differ clearly in energy" in text
    assert "no significant difference in test/f1_macro" in text
    assert "that A is cheaper: 50.0 %" in text


def test_single_runs_are_compared_by_the_meter_alone() -> None:
    text = told(study(repeats=1))
    assert "meter alone" in text
    assert "that A is better: unknown" in text


def test_zero_joules_get_no_ratio() -> None:
    pair_ = analysis_of(study(), "model=minirocket", "model=inception").pair
    pair_.a.table["energy_j"] = 0.0
    zero = type(pair_.a.energy)(0.0, 0.1, 0.0, 3)
    object.__setattr__(pair_.a, "energy", zero)
    assert "cannot be set in joules against" in versus.answer(pair_).sentence


def test_phases_of_both_stand_side_by_side_with_their_uncertainty() -> None:
    records = study()
    for record in records:
        record.metrics |= {"energy_j/fit": record.metrics["energy_j"], "energy_j/idle": 1.0}
    figure = versus.phases(analysis_of(records, "model=minirocket", "model=inception").pair)
    assert isinstance(figure, Figure)
    (panel,) = figure.panels
    assert panel.grouped
    names = [mark.name for mark in panel.marks if isinstance(mark, Bars)]
    assert names == ["A = model=minirocket", "B = model=inception"]


def test_without_phases_there_is_a_sentence() -> None:
    analysis = analysis_of(study(), "model=minirocket", "model=inception")
    for side in (analysis.pair.a, analysis.pair.b):
        side.phases.clear()
    assert isinstance(versus.phases(analysis.pair), Missing)


@pytest.mark.parametrize("text", ["energy_j: A 12.00 ± ", "model=minirocket costs", "report: "])
def test_the_terminal_tells(text: str, tmp_path) -> None:
    console = Console(file=io.StringIO(), width=200)
    report.make(analysis_of(study(), "model=minirocket", "model=inception"), tmp_path, console)
    assert text in console.file.getvalue()
    assert "A against B" in (tmp_path / "report.html").read_text(encoding="utf-8")
