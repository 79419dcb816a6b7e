from __future__ import annotations

import io

import pytest
from rich.console import Console
from support.records import make_record
from support.study import rows, study

from joulelab.analysis.configurations import compare
from joulelab.analysis.report import answer, print_report
from joulelab.analysis.table import collect


def answer_of(records) -> str:
    (comparison,) = compare(collect(rows(records)))
    return answer(comparison)


def printed(records) -> str:
    runs = collect(rows(records))
    console = Console(file=io.StringIO(), width=120)
    print_report(console, compare(runs), runs.table)
    return console.file.getvalue()


def pair(energy_a: float, energy_b: float, quality_a: float = 0.8, quality_b: float = 0.7, **tags):
    """minirocket (a) and inception (b), three equal repeats each."""
    return [
        make_record(
            f"{model}{seed}",
            model=model,
            seed=seed,
            energy_j=energy_j,
            metrics={"test/f1_macro": quality},
            tags=tags,
        )
        for model, energy_j, quality in (
            ("minirocket", energy_a, quality_a),
            ("inception", energy_b, quality_b),
        )
        for seed in range(3)
    ]


def test_the_answer_names_the_ratio_its_uncertainty_and_the_quality() -> None:
    """Each mean has 1 % / sqrt 3 of its own; the shared 2 % cancel: 12 * 0.01 * sqrt(2 / 3)."""
    assert answer_of(pair(10.0, 120.0)) == (
        "model=minirocket costs 12.000 ± 0.098 times less than model=inception "
        "at +0.100 test/f1_macro"
    )


def test_on_a_front_of_two_the_cheaper_is_set_against_the_better() -> None:
    assert answer_of(study()).endswith("times less than model=inception at -0.060 test/f1_macro")


def test_energies_within_their_uncertainty_do_not_differ() -> None:
    assert "do not differ clearly in energy" in answer_of(pair(10.0, 10.1))


def test_estimated_and_measured_joules_get_no_ratio() -> None:
    records = pair(10.0, 120.0)
    for record in records[:3]:
        record.tags["provenance"] = "estimated"
    assert "cannot be compared" in answer_of(records)


def test_an_estimate_is_called_one() -> None:
    assert "energy estimated, not measured" in answer_of(pair(10, 120, provenance="estimated"))


def test_one_run_each_is_told() -> None:
    assert "one run alone" in answer_of(study(repeats=1))


def test_a_single_configuration_is_told_as_such() -> None:
    assert answer_of([make_record()]).startswith("model=minirocket is the only configuration")


def test_the_answer_comes_first() -> None:
    assert printed(study()).startswith("model=minirocket costs")


@pytest.mark.parametrize(
    "text",
    [
        "job_traces: 4 configurations, 12 runs",
        "● ",
        "1.800 ± 0.037 kJ",
        "0.860 ± 0.006",
        "the most frequent class alone reaches 0.03 and costs no joule",
        "energy measured",
    ],
)
def test_the_report_tells(text: str) -> None:
    assert text in printed(study())


def test_synthetic_data_are_called_so() -> None:
    assert "SYNTHETIC" in printed(study(synthetic="true"))


def test_runs_left_out_are_listed_with_the_reason() -> None:
    text = printed([*study(), make_record("bad", status="FAILED", error="disk full")])
    assert "left out: 1 of 13 runs" in text
    assert "failed: disk full" in text


def test_nothing_to_compare_is_a_sentence() -> None:
    text = printed([make_record(energy_j=None)])
    assert "there is nothing to compare" in text
    assert "nothing weighed it" in text
