"""Which runs a person must not believe, and by which rule."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from support.runs_table import RunsTable, runs_table
from support.shared_data import change_runs, needs_shared_data

from joulelab.analysis.distrust import distrusted, summary
from joulelab.analysis.findings import findings


def rules(runs: RunsTable) -> dict[str, list[str]]:
    found = distrusted(runs)  # type: ignore[arg-type]
    return {str(rule): list(each["run_id"]) for rule, each in found.groupby("rule")}


def changed(**cells: object) -> RunsTable:
    """Run 4 differs in these columns (`a_b` for `a/b` is not needed: pass the names by a dict)."""
    runs = runs_table()
    for column, value in cells.items():
        if column not in runs.table:
            runs.table[column] = math.nan
        runs.table.loc[4, column] = value
    return runs


def test_runs_without_a_fault_are_not_named() -> None:
    assert rules(runs_table()) == {}
    found = distrusted(runs_table())  # type: ignore[arg-type]
    assert list(found.columns) == ["run_id", "configuration", "why", "rule", "among"]


CASES = {
    "coverage/rapl.package-0": (0.9, "gaps: coverage below 99%", "rapl.package-0 saw only 90.0%"),
    "concurrent": (True, "shared its machine", "other jobs"),
    "energy_j_u": (1e4, "uncertain by more than 30%", "uncertain by"),
    "energy_j/run/plug": (0.0, "plug is exactly 0 J: less than it resolves", "it resolved nothing"),
    "energy_j/run/codecarbon": (-5.0, "codecarbon is negative", "-5 J"),
    "power_w/peak": (1.0, "joules contradict its own power", "1 W at its peak"),
    "power_w/idle": (900.0, "joules contradict its own power", "900 W at rest"),
    "duration_s": (60.0, "lasted unlike its repeats", "robust deviations"),
}


@pytest.mark.parametrize("column", CASES)
def test_each_rule_names_the_run_that_breaks_it(column: str) -> None:
    value, rule, why = CASES[column]
    found = distrusted(changed(**{column: value}))  # type: ignore[arg-type]
    of_rule = found[found["rule"] == rule]
    assert of_rule["run_id"].tolist() == ["run004"]
    assert why in of_rule["why"].iloc[0]


def test_energy_far_from_its_repeats_and_power_out_of_range_are_two_rules() -> None:
    runs = runs_table()
    runs.table.loc[4, "energy_j"] *= 30
    assert set(rules(runs)) == {"weighed unlike its repeats", "power out of range by energy_j"}


def test_idle_power_that_moved_is_told() -> None:
    runs = changed(**{
        "energy_j/idle": 20.0, "duration_s/idle": 2.0, "energy_j/idle_after": 15.0,
        "duration_s/idle_after": 1.0,
    })  # fmt: skip
    (only,) = distrusted(runs).to_dict("records")  # type: ignore[arg-type]
    assert only["rule"] == "idle power drifted"
    assert "from 10 W to 15 W" in only["why"]
    assert only["among"] == 1


def test_runs_that_were_left_out_for_their_zero_are_named_failed_ones_are_not() -> None:
    runs = changed(**{"energy_j/run/plug": 0.0})
    runs.table.loc[4, "left_out"] = "0 J"
    assert rules(runs)
    runs.table.loc[4, "status"] = "FAILED"
    assert rules(runs) == {}


def test_a_run_that_is_there_twice_is_judged_once() -> None:
    runs = changed(**{"energy_j/run/plug": 0.0})
    runs.table.loc[4, "left_out"] = "duplicated id: a later run has the same"
    assert rules(runs) == {}


def test_the_summary_counts_among_those_that_a_rule_could_judge() -> None:
    runs = runs_table()
    runs.table["coverage/rapl.package-0"] = [0.5, 0.5, 1.0, 1.0] + [math.nan] * 32
    found = distrusted(runs)  # type: ignore[arg-type]
    assert summary(found, 36) == ["gaps: coverage below 99%: 2 of 4 runs (50%)"]


@pytest.mark.parametrize("rows", [0, 1])
def test_no_runs_break_no_rule(rows: int) -> None:
    runs = runs_table()
    runs.table = runs.table.iloc[:rows]
    assert rules(runs) == {}
    assert findings(runs) == []  # type: ignore[arg-type]


def test_findings_speak_of_clocks_zeros_and_qualities_that_never_vary() -> None:
    runs = runs_table()
    runs.table.loc[:2, "energy_j/run/plug"] = 0.0
    runs.table["test/f1"] = runs.table.groupby("configuration")["test/f1"].transform("first")
    runs.table.loc[::2, "provenance"] = "estimated"
    zeros, clock, mixed, flat = findings(runs)  # type: ignore[arg-type]
    assert zeros.startswith("plug is exactly 0 J in 3 of 36 runs (8%)")
    assert clock.startswith("codecarbon is a clock in these runs: 40 ± ")
    assert "18 estimated and 18 measured" in mixed
    assert flat.startswith("test/f1 is the same in all repeats of each of 6 configurations")


def test_scattering_quality_and_a_real_meter_are_not_mentioned() -> None:
    runs = runs_table()
    del runs.instruments["codecarbon"]
    assert findings(runs) == []  # type: ignore[arg-type]


@needs_shared_data
def test_of_the_study_the_zeros_are_named_and_the_clock_is_told() -> None:
    table = change_runs().rename(columns={"auc": "test/auc"})
    table["energy_j"] = table["energy_j/run/plug"] = table["energy_plug_kwh"] * 3.6e6
    table["energy_j/run/codecarbon"] = table["energy_codecarbon_kwh"] * 3.6e6
    factors = ["window", "threads", "method", "n_images"]
    table["configuration"] = table[factors].astype(str).agg(" ".join, axis=1)
    table["run_id"] = table["name"] = [f"run{index}" for index in range(len(table))]
    table["status"] = "FINISHED"
    table["left_out"] = np.where(table["energy_j"] == 0, "0 J", "")
    meters = {"plug": "energy_j/run/plug", "codecarbon": "energy_j/run/codecarbon"}
    runs = RunsTable(pd.DataFrame(table), factors, instruments=meters, qualities=["test/auc"])
    found = distrusted(runs)  # type: ignore[arg-type]
    first, *_ = summary(found, len(table))
    assert first == "plug is exactly 0 J: less than it resolves: 416 of 1,010 runs (41%)"
    told = " ".join(findings(runs))  # type: ignore[arg-type]
    assert "up to 59.9 s long" in told
    assert "codecarbon is a clock in these runs: 75.5 ± 3.9 W" in told
    assert "test/auc is the same in all repeats" in told
