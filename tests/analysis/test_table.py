from __future__ import annotations

import math

import pytest
from support.records import make_record
from support.study import rows, study

from joulelab.analysis.names import short_names
from joulelab.analysis.table import collect
from joulelab.errors import ConfigError, DataError


def test_one_row_a_run_with_what_was_chosen_and_what_it_cost() -> None:
    (run,) = collect(rows([make_record()])).table.to_dict("records")
    expected = {
        "run_id": "0a1b2c3d",
        "status": "FINISHED",
        "model": "minirocket",
        "data": "job_traces",
        "hardware": "default",
        "energy_j": 50.0,
        "provenance": "measured",
        "test/f1_macro": 0.8,
        "baseline/f1_macro": 0.03,
        "duration_s": 10.0,
        "seed": "0",
        "left_out": "",
    }
    assert {key: run[key] for key in expected} == expected


def test_the_two_parts_of_the_uncertainty_are_combined() -> None:
    (u,) = collect(rows([make_record(energy_j=100.0)])).table["energy_j_u"]
    assert u == pytest.approx(math.hypot(1.0, 2.0))


def test_an_energy_without_uncertainty_has_none() -> None:
    (u,) = collect(rows([make_record()]), "energy_j/run").table["energy_j/run_u"]
    assert math.isnan(u)


def test_params_that_vary_are_columns_and_numbers() -> None:
    runs = collect(rows(study()))
    assert "lr" in runs.varying
    assert sorted(runs.table["lr"].dropna().unique()) == [1e-4, 1e-3, 1e-2]


def test_params_that_do_not_change_the_work_are_no_columns() -> None:
    records = [make_record("a", seed=0), make_record("b", seed=1, params={"paths.root": "/x"})]
    assert collect(rows(records)).varying == []


def test_a_deep_param_that_only_repeats_another_is_no_column() -> None:
    records = [make_record("a", lr=0.1), make_record("b", lr=0.2)]
    assert collect(rows(records)).varying == ["lr"]


def test_a_root_key_that_the_model_does_not_read_is_missing() -> None:
    table = collect(rows(study())).table
    assert table.loc[table["model"] == "minirocket", "lr"].isna().all()


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (make_record(status="FAILED", error="disk full"), "failed: disk full"),
        (make_record(status="KILLED"), "killed before its end"),
        (make_record(status="RUNNING"), "still running, or its process died"),
        (make_record(energy_j=None), "no energy_j: nothing weighed it"),
    ],
)
def test_a_run_that_cannot_be_compared_says_why(record, reason: str) -> None:
    table = collect(rows([make_record("good"), record])).table
    assert table["left_out"].tolist() == ["", reason]


def test_no_runs_are_a_data_error() -> None:
    with pytest.raises(DataError, match=r"train\.py"):
        collect([])


def test_an_unknown_energy_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"energy: .*did you mean energy_j\?"):
        collect(rows(study()), "energy")


def names_of(records) -> list[str]:
    table = collect(rows(records)).table
    keys = ["model", "lr", "hardware"]
    return short_names(table, [key for key in keys if key in table])


def test_a_name_tells_only_what_differs() -> None:
    records = [
        make_record("a", model="inception", lr=1e-3),
        make_record("b", model="inception", lr=1e-4),
        make_record("c", model="minirocket", lr=1e-3),
    ]
    assert names_of(records) == [
        "model=inception lr=0.001",
        "model=inception lr=0.0001",
        "model=minirocket",
    ]


def test_one_configuration_is_named_by_its_model() -> None:
    assert names_of([make_record()]) == ["model=minirocket"]


def test_numbers_are_as_short_as_they_stay_apart() -> None:
    records = [make_record("a", lr=0.00123456), make_record("b", lr=0.00123457)]
    assert names_of(records) == [
        "model=minirocket lr=0.00123456",
        "model=minirocket lr=0.00123457",
    ]
    records = [make_record("a", lr=0.00123456), make_record("b", lr=0.1)]
    assert names_of(records) == ["model=minirocket lr=0.00123", "model=minirocket lr=0.1"]


def test_a_paused_piece_is_left_out_for_the_run_that_went_on_with_it() -> None:
    records = [make_record("a"), make_record("b", seed=1)]
    records[0].tags["stopped"] = "paused"
    runs = collect(rows(records))
    assert list(runs.kept["run_id"]) == ["b"]
    assert "paused" in runs.left_out["why"].iloc[0]
