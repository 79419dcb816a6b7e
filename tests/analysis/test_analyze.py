from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pandas as pd
import pytest
from support import programs
from support.programs import Forks
from support.records import make_record, write_folder
from support.study import study

from joulelab.analysis.command import new_folder
from joulelab.analysis.sources.runs_of_store import selection
from joulelab.errors import ConfigError
from joulelab.tracking.mlflow_store import MlflowStore

Analyze = Callable[..., CompletedProcess[str]]


def order(root: Path, arguments: tuple[str, ...]) -> tuple[list[str], dict[str, str], Path]:
    root.mkdir(exist_ok=True)
    return *programs.order(root, ["analyze", *arguments], COLUMNS="120"), root


@pytest.fixture
def analyze(forks: Forks) -> Analyze:
    return lambda root, *arguments: forks.run(*order(root, arguments))


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root folder whose SQLite store holds one study, one failed and one unweighed run."""
    root = tmp_path_factory.mktemp("stored")
    records = study(sweep_id="first")
    records += [make_record("bad", status="FAILED", error="disk full")]
    records += [make_record("light", energy_j=None)]
    store = MlflowStore(folder=root / "mlruns")
    for record in records:
        store.put(record, write_folder(root / "outputs", record), ["config.yaml"])
    return root


def test_one_command_makes_tables_picture_and_answer(stored: Path) -> None:
    done = programs.started(*order(stored, ()))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("model=minirocket is 150.0 ± 1.2 times cheaper")
    (page,) = re.findall(r"report: (\S+report\.html)", done.stdout)
    written = Path(page).parent
    assert {path.name for path in written.iterdir()} >= {
        "runs.csv", "runs.parquet", "configurations.csv", "configurations.parquet",
        "left_out.csv", "left_out.parquet", "curves.parquet", "report.html", "figures",
    }  # fmt: skip
    assert {"front.png", "front.svg"} <= {path.name for path in (written / "figures").iterdir()}
    for name, count in (("runs", 14), ("configurations", 4)):
        from_csv = pd.read_csv(Path(written, f"{name}.csv"))
        from_parquet = pd.read_parquet(Path(written, f"{name}.parquet"))
        assert len(from_csv) == len(from_parquet) == count
        assert list(from_csv.columns) == list(from_parquet.columns)


def test_it_leaves_nothing_but_the_report(analyze: Analyze, stored: Path) -> None:
    before = {path.name for path in stored.iterdir()} | {"reports"}
    analyze(stored)
    assert {path.name for path in stored.iterdir()} == before


def test_runs_without_a_store_are_analysed_too(analyze: Analyze, stored: Path) -> None:
    done = analyze(stored, "tracking=none")
    assert done.returncode == 0, done.stderr
    assert "left out: 2 of 14 runs" in done.stdout


@pytest.mark.parametrize(
    "choice", ["sweep=first", "sweep_id=first", "select=\"tags.sweep_id = 'first'\""]
)
def test_a_choice_of_runs_is_kept_to(analyze: Analyze, stored: Path, choice: str) -> None:
    done = analyze(stored, choice)
    assert done.returncode == 0, done.stderr
    assert "4 configurations, 12 runs" in done.stdout
    assert "left out" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["quality=test/f1"], ["quality:", "did you mean test/f1_macro?"]),
        (["energy=energy"], ["energy:", "did you mean energy_j?"]),
        (["by=[modle]"], ["by:", "did you mean model?"]),
        (["select='all of them'"], ["select:", "cannot read"]),
        (["sweep=last"], ["joulelab.db", "no run", "check select and sweep"]),
        (["paths.mlruns=nowhere"], ["nowhere/joulelab.db", "no run", "train.py"]),
        (["tracking.uri=http://127.0.0.1:9"], ["127.0.0.1:9", "does not answer"]),
        (["paths.reports=/dev/null/x"], ["/dev/null/x", "paths.reports"]),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_2(
    analyze: Analyze, stored: Path, arguments: list[str], words: list[str]
) -> None:
    done = analyze(stored, *arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    sentence = done.stderr.splitlines()[-1]
    assert sentence.startswith("joulelab: ")
    assert all(word in sentence for word in words), sentence


def test_select_and_sweep_hold_together() -> None:
    assert selection("metrics.energy_j < 5", "x") == "metrics.energy_j < 5 and tags.sweep_id = 'x'"
    assert selection(None, None) is None


def test_reports_of_the_same_second_are_kept_apart(tmp_path: Path) -> None:
    folders = [new_folder(tmp_path / "reports") for _ in range(5)]
    assert len(set(folders)) == 5


def test_a_report_folder_that_is_a_file_is_a_config_error(tmp_path: Path) -> None:
    (tmp_path / "reports").touch()
    with pytest.raises(ConfigError, match=r"paths\.reports"):
        new_folder(tmp_path / "reports")
