from __future__ import annotations

import math

import pytest
from support.records import make_record
from support.study import rows, study

from joulelab.analysis.configurations import Comparison, compare, direction_of
from joulelab.analysis.table import Runs, collect
from joulelab.errors import ConfigError


def comparisons(records, **options) -> tuple[Runs, list[Comparison]]:
    runs = collect(rows(records))
    return runs, compare(runs, **options)


def test_repeats_become_one_row_with_mean_and_uncertainty() -> None:
    _, (comparison,) = comparisons(study())
    row = comparison.table.set_index("configuration").loc["model=minirocket"]
    assert row["n"] == 3
    assert row["energy_j"] == pytest.approx(12.0)
    # The scatter (0.12 J) is a little more than the meter's own 0.12 J a run.
    assert row["energy_j_u_independent"] == pytest.approx(0.12 / math.sqrt(3), rel=1e-3)
    assert row["energy_j_u_shared"] == pytest.approx(0.24)
    assert row["quality"] == pytest.approx(0.80)
    assert row["quality_u"] == pytest.approx(0.01 / math.sqrt(3))


def test_best_quality_comes_first_and_the_front_is_marked() -> None:
    _, (comparison,) = comparisons(study())
    assert comparison.table["configuration"].tolist() == [
        "model=inception",
        "model=minirocket",
        "model=spectrogram_cnn lr=0.01",
        "model=spectrogram_cnn lr=0.0001",
    ]
    assert comparison.table["front"].tolist() == [True, True, False, False]


def test_the_probability_of_the_front_is_told_where_runs_were_repeated() -> None:
    _, (comparison,) = comparisons(study())
    assert comparison.table["front_probability"].tolist() == pytest.approx([1, 1, 0, 0], abs=0.02)


def test_the_probability_is_unknown_where_a_configuration_ran_once() -> None:
    _, (comparison,) = comparisons(study(repeats=1))
    assert comparison.table["front_probability"].isna().all()
    assert any("4 of 4 configurations ran once" in note for note in comparison.notes)


def test_what_ran_once_takes_the_scatter_of_the_repeated_ones_and_that_is_told() -> None:
    records = [
        each for each in study() if "inception" not in each.name or each.run_uid.endswith("0")
    ]
    _, (comparison,) = comparisons(records)
    assert comparison.table["front_probability"].tolist() == pytest.approx([1, 1, 0, 0], abs=0.05)
    assert any("1 of 4 configurations ran once" in note for note in comparison.notes)


@pytest.mark.parametrize(("hosts", "least"), [(["one", "one"], 0.0), (["one", "two"], 0.05)])
def test_two_meters_may_change_the_order_one_cannot(hosts: list[str], least: float) -> None:
    """Beside each other by 3 %, each meter's shared error 2 %: only of two it does not cancel."""
    records = [
        make_record(
            f"{model}{seed}", model=model, seed=seed, energy_j=energy * (1 + 0.001 * noise),
            metrics={"test/f1_macro": 0.8 - shift + 0.001 * noise}, tags={"host": host},
        )
        for model, energy, shift, host in (("a", 100.0, 0.0, hosts[0]), ("b", 103.0, 0.05, hosts[1]))
        for seed, noise in enumerate((-1, 0, 1, -1, 0, 1, -1, 0, 1, 0))
    ]  # fmt: skip
    _, (comparison,) = comparisons(records)
    worse = float(comparison.table.set_index("model").loc["b", "front_probability"])
    assert worse >= least
    assert worse < 0.02 or least


def test_each_data_set_has_a_front_of_its_own() -> None:
    _, found = comparisons(study("job_traces") + study("acsf1"))
    assert [(each.data, int(each.table["front"].sum())) for each in found] == [
        ("acsf1", 2),
        ("job_traces", 2),
    ]


def test_each_data_set_is_judged_by_a_metric_that_it_has() -> None:
    records = [
        make_record("a", metrics={"test/f1_macro": 0.8}),
        make_record("b", data="prices", metrics={"test/rmse": 0.3}),
    ]
    _, found = comparisons(records)
    assert [each.quality for each in found] == ["test/f1_macro", "test/rmse"]


def test_less_is_better_for_an_error() -> None:
    records = [
        make_record("a", model="good", energy_j=10, metrics={"test/rmse": 0.1}),
        make_record("b", model="bad", energy_j=20, metrics={"test/rmse": 0.9}),
    ]
    _, (comparison,) = comparisons(records)
    assert comparison.table["configuration"].tolist() == ["model=good", "model=bad"]
    assert comparison.table["front"].tolist() == [True, False]


@pytest.mark.parametrize(
    ("metric", "direction"),
    [("test/f1_macro", "max"), ("val/loss", "min"), ("test/mae", "min"), ("test/r2", "max")],
)
def test_the_better_direction_of_a_metric(metric: str, direction: str) -> None:
    assert direction_of(metric) == direction


def test_runs_without_the_metric_are_left_out_and_say_so() -> None:
    runs, (comparison,) = comparisons(
        [make_record("a"), make_record("b", metrics={"test/accuracy": 0.5})]
    )
    assert runs.table["left_out"].tolist() == ["", "no test/f1_macro"]
    assert comparison.table["n"].tolist() == [1]


def test_left_out_runs_enter_no_mean() -> None:
    _, (comparison,) = comparisons(
        [make_record("a", energy_j=10.0), make_record("b", energy_j=99.0, status="FAILED")]
    )
    assert comparison.table["energy_j"].tolist() == [10.0]


def test_measured_and_estimated_joules_are_never_averaged() -> None:
    records = [make_record("a"), make_record("b", tags={"provenance": "estimated"})]
    _, (comparison,) = comparisons(records)
    assert sorted(comparison.table["provenance"]) == ["estimated", "measured"]
    assert any("estimated and measured" in note for note in comparison.notes)
    assert sorted(comparison.table["configuration"]) == [
        "model=minirocket provenance=estimated",
        "model=minirocket provenance=measured",
    ]


def test_kinds_of_machine_are_never_averaged() -> None:
    records = [
        make_record("a", tags={"hardware_fingerprint": "aa", "host": "one"}),
        make_record("b", tags={"hardware_fingerprint": "bb", "host": "two"}),
    ]
    _, (comparison,) = comparisons(records)
    assert len(comparison.table) == 2
    assert any("2 kinds of machine" in note for note in comparison.notes)


def test_runs_beside_others_are_told() -> None:
    _, (comparison,) = comparisons([make_record(tags={"concurrent": "true"})])
    assert any("1 runs shared their machine" in note for note in comparison.notes)


def test_by_names_what_makes_a_configuration() -> None:
    _, (comparison,) = comparisons(study(), by=["model"])
    assert sorted(comparison.table["configuration"]) == [
        "model=inception",
        "model=minirocket",
        "model=spectrogram_cnn",
    ]
    assert comparison.table.set_index("model").loc["spectrogram_cnn", "n"] == 6


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"quality": "test/f1"}, r"quality: .*did you mean test/f1_macro\?"),
        ({"by": ["modle"]}, r"by: .*did you mean model\?"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(options: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        comparisons(study(), **options)


def test_every_run_knows_its_configuration() -> None:
    runs, _ = comparisons(study())
    assert set(runs.table["configuration"]) == {
        "model=inception",
        "model=minirocket",
        "model=spectrogram_cnn lr=0.01",
        "model=spectrogram_cnn lr=0.0001",
    }


def test_a_configuration_of_which_some_runs_saw_nothing_is_told_to_be_too_high() -> None:
    records = study()
    records[0].metrics["energy_j"] = 0.0
    _, (comparison,) = comparisons(records)
    (note,) = [each for each in comparison.notes if "too high" in each]
    assert note.startswith("1 runs that saw exactly 0 J are left out of 1 configurations")


def test_no_mean_is_too_high_where_a_whole_configuration_saw_nothing() -> None:
    records = study()
    nothing = [record for record in records if record.name.startswith("minirocket")]
    assert len(nothing) == 3
    for record in nothing:
        record.metrics["energy_j"] = 0.0
    _, (comparison,) = comparisons(records)
    assert not [each for each in comparison.notes if "too high" in each]
