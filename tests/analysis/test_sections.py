"""Whatever the runs are like, there is a page, and a sentence where something is missing."""

from __future__ import annotations

import io
import math
from pathlib import Path

import pytest
from rich.console import Console
from support.records import make_record
from support.study import rows, study

from joulelab.analysis import report
from joulelab.analysis.configurations import compare
from joulelab.analysis.figures.spec import Missing
from joulelab.analysis.sections import Composer
from joulelab.analysis.subject import Analysis
from joulelab.analysis.table import collect


def analysis_of(records) -> Analysis:
    runs = collect(rows(records))
    return Analysis(runs, compare(runs), source="a store", command="python analyze.py")


def with_metric(value: float) -> list:
    records = study()
    records[0].metrics["test/f1_macro"] = value
    return records


BAD = {
    "one run": [make_record()],
    "three runs": [make_record(str(i), seed=i) for i in range(3)],
    "no energy": [make_record(str(i), energy_j=None) for i in range(3)],
    "failed and unfinished": [
        *study(), make_record("f", status="FAILED", error="full"), make_record("r", status="RUNNING"),
    ],
    "mixed provenance": [*study(), make_record("e", tags={"provenance": "estimated"})],
    "metric missing in some": [*study(), make_record("m", metrics={"val/loss": 1.0})],
    "nan": with_metric(math.nan),
    "infinite": with_metric(math.inf),
    "duplicated ids": [*study(), *study()],
    "no metric at all": [make_record(str(i), metrics={}) for i in range(2)],
    "zero joules": [make_record(str(i), lr=0.1 * i, energy_j=0.0) for i in range(1, 4)],
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_every_store_has_a_page_that_begins_with_an_answer(kind: str) -> None:
    composer = Composer(analysis_of(BAD[kind]))
    page = composer.page()
    assert page.answers[0].sentence
    assert all(section.blocks for section in page.sections)
    for block in page.figures:
        if isinstance(block, Missing):
            assert block.sentence.endswith(".")


@pytest.mark.parametrize("kind", ["one run", "no energy", "mixed provenance", "infinite"])
def test_the_report_is_written_whatever_the_runs_are(kind: str, tmp_path: Path) -> None:
    console = Console(file=io.StringIO(), width=80)
    paths = report.make(analysis_of(BAD[kind]), tmp_path, console)
    assert tmp_path / "report.html" in paths
    assert str(tmp_path / "report.html") in console.file.getvalue().replace("\n", "")


def test_the_page_lists_what_was_left_out_and_why() -> None:
    page = Composer(analysis_of(BAD["failed and unfinished"])).page()
    (section,) = [each for each in page.sections if each.anchor == "left_out"]
    told = [[cell.text for cell in row] for row in section.blocks[1].rows]
    assert ["f", "minirocket-job_traces", "failed: full"] in told
    assert any("still running" in row[2] for row in told)


def test_several_data_sets_have_an_answer_and_figures_each() -> None:
    page = Composer(analysis_of([*study("job_traces"), *study("acsf1")])).page()
    assert [answer.where for answer in page.answers] == ["acsf1", "job_traces"]
    names = [figure.name for figure in page.figures]
    assert {"front_1", "front_2"} <= set(names)
    assert len(names) == len(set(names))


def test_the_page_names_knee_hypervolume_command_and_versions() -> None:
    page = Composer(analysis_of(study())).page()
    text = str(page)
    for word in ("knee", "Hypervolume: the front covers", "python analyze.py", "plotly"):
        assert word in text, word


def test_every_name_of_a_figure_is_a_file_name() -> None:
    for figure in Composer(analysis_of(study())).page().figures:
        assert figure.name.replace("_", "").isalnum()
