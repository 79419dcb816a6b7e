from __future__ import annotations

import io

import pytest
from rich.console import Console
from support.records import make_record
from support.study import rows, study

from joulelab.analysis.configurations import compare
from joulelab.analysis.sections import Composer
from joulelab.analysis.subject import Analysis
from joulelab.analysis.table import collect
from joulelab.analysis.terminal import print_summary


def printed(records, width: int = 120, terminal: bool = False) -> str:
    runs = collect(rows(records))
    comparisons = compare(runs)
    composer = Composer(Analysis(runs, comparisons))
    console = Console(file=io.StringIO(), width=width, force_terminal=terminal, color_system=None)
    print_summary(console, composer.answers(), comparisons, runs.table, composer.suspects)
    return console.file.getvalue()


def test_the_answer_comes_first() -> None:
    assert printed(study()).startswith("model=minirocket is 150")


@pytest.mark.parametrize(
    "text",
    [
        "job_traces: 4 configurations, 12 runs",
        "● ",
        "1.800 ± 0.037 kJ",
        "0.860 ± 0.006",
        "the trivial baseline reaches 0.03 test/f1_macro for no joule",
        "energy measured",
    ],
)
def test_the_summary_tells(text: str) -> None:
    assert text in printed(study())


def test_tables_fit_into_80_columns() -> None:
    lines = printed(study(), width=80, terminal=True).splitlines()
    table = [line for line in lines if "±" in line and not line.startswith(("·", "model"))]
    assert len(table) == 4
    assert all(len(line.rstrip()) <= 80 for line in table)
    assert all(line.count("±") == 2 for line in table)


def test_of_many_configurations_the_front_is_listed() -> None:
    records = [
        make_record(f"{i}", lr=0.01 * (i + 1), energy_j=10.0 + i, metrics={"test/f1_macro": 0.5})
        for i in range(30)
    ]
    text = printed(records)
    assert "29 more configurations are in configurations.csv" in text


def test_runs_left_out_are_listed_with_the_reason() -> None:
    text = printed([*study(), make_record("bad", status="FAILED", error="disk full")])
    assert "left out: 1 of 13 runs" in text
    assert "failed: disk full" in text


def test_nothing_to_compare_is_a_sentence() -> None:
    text = printed([make_record(energy_j=None)])
    assert "there is nothing to compare" in text
    assert "nothing weighed it" in text


def test_runs_to_distrust_are_counted_by_reason() -> None:
    records = study()
    for record in records[:3]:
        record.tags["concurrent"] = "true"
    assert "distrust: 3 of 12 runs\n· shared its machine: 3 of 12 runs (25%)" in printed(records)


def test_what_is_no_terminal_gets_plain_text() -> None:
    assert "\x1b" not in printed(study())
