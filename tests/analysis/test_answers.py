from __future__ import annotations

import pytest
from support.records import make_record
from support.study import rows, study

from joulelab.analysis.answers import answer_of as whole_answer
from joulelab.analysis.answers import sentence
from joulelab.analysis.configurations import compare
from joulelab.analysis.table import collect


def answer_of(records) -> str:
    (comparison,) = compare(collect(rows(records)))
    return sentence(comparison)


def details_of(records) -> str:
    runs = collect(rows(records))
    (comparison,) = compare(runs)
    return "\n".join(whole_answer(comparison, runs.table, False).details)


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
        "model=minirocket is 12.000 ± 0.098 times cheaper than model=inception "
        "at +0.100 ± 0.000 test/f1_macro"
    )


def test_on_a_front_of_two_the_cheaper_is_set_against_the_better() -> None:
    assert answer_of(study()).endswith(
        "times cheaper than model=inception at -0.060 ± 0.008 test/f1_macro"
    )


def test_energies_within_their_uncertainty_do_not_differ() -> None:
    assert "do not differ clearly in energy" in answer_of(pair(10.0, 10.1))


def test_estimated_and_measured_joules_get_no_ratio() -> None:
    records = pair(10.0, 120.0)
    for record in records[:3]:
        record.tags["provenance"] = "estimated"
    assert "cannot be compared" in answer_of(records)


def test_an_estimate_is_called_one() -> None:
    assert "energy estimated, not measured" in details_of(pair(10, 120, provenance="estimated"))


def test_one_run_each_is_told() -> None:
    assert "one run alone" in details_of(study(repeats=1))
    assert answer_of(study(repeats=1)).endswith("how they scatter is unknown)")


def test_a_single_configuration_is_told_as_such() -> None:
    assert answer_of([make_record()]).startswith("model=minirocket is the only configuration")


def test_qualities_within_their_scatter_do_not_differ() -> None:
    """Repeats at 0.7, 0.8, 0.9 have a standard error of 0.058: +0.01 is nothing."""
    records = pair(10.0, 120.0)
    for record, quality in zip(records, (0.7, 0.8, 0.9, 0.69, 0.79, 0.89), strict=True):
        record.metrics["test/f1_macro"] = quality
    assert answer_of(records).endswith(
        "with no significant difference in test/f1_macro (+0.010 ± 0.082)"
    )


def test_joules_below_zero_get_no_ratio() -> None:
    assert "no ratio" in answer_of(pair(-1.0, 120.0))


def test_zero_joules_are_not_the_cheapest() -> None:
    assert answer_of(pair(0.0, 120.0)).startswith("model=inception is the only configuration")


@pytest.mark.parametrize(
    "text",
    [
        "energy measured by rapl.package-0",
        "2 of 4 configurations are on the front; 3 runs of each",
        "the trivial baseline reaches 0.03 test/f1_macro for no joule",
        "finding this out cost 7.64 kJ in 12 runs",
    ],
)
def test_the_details_tell(text: str) -> None:
    assert text in details_of(study())


def test_a_baseline_that_nothing_beats_is_told() -> None:
    records = study()
    for record in records:
        record.metrics["baseline/f1_macro"] = 0.95
    assert "none of these configurations beats it" in details_of(records)


def test_synthetic_data_are_called_so() -> None:
    assert "SYNTHETIC" in details_of(study(synthetic="true"))


def test_failed_runs_cost_joules_too() -> None:
    failed = make_record("bad", status="FAILED", error="disk full", energy_j=1000.0)
    assert "finding this out cost 8.84 kJ in 13 runs" in details_of([*study(), failed])
