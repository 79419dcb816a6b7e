"""What is read by SQL, kept and read again is what MLflow itself would say."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.records import make_record, write_folder

from joulelab.records import CurvePoint
from joulelab.tracking import mlflow_reading
from joulelab.tracking.columns import table_of
from joulelab.tracking.mlflow_library import MlflowClient
from joulelab.tracking.mlflow_store import MlflowStore
from joulelab.tracking.sql_reader import SqlReader


@pytest.fixture
def store(mlruns: Path, outputs: Path) -> MlflowStore:
    store = MlflowStore(folder=mlruns)
    for number in range(6):
        put(store, outputs, f"run-{number}", energy_j=10.0 * number + 1)
    return store


def put(store: MlflowStore, outputs: Path, uid: str, **fields: Any) -> None:
    record = make_record(uid, **fields)
    store.put(record, write_folder(outputs, record), [])


def client(mlruns: Path) -> MlflowClient:
    return MlflowClient(f"sqlite:///{mlruns / 'joulelab.db'}")


def id_of(store: MlflowStore, uid: str) -> str:
    rows = {row["run_id"]: row["store_id"] for row in store.rows()}
    return str(rows[uid])


def by_run(store: MlflowStore, name: str) -> dict[str, Any]:
    frame = store.frame()
    return dict(zip(frame["run_id"].to_pylist(), frame[name].to_pylist(), strict=True))


@contextmanager
def statements() -> Iterator[list[str]]:
    """The SQL by which runs are read meanwhile."""
    seen: list[str] = []
    execute = SqlReader._batches

    def noting(reader: SqlReader, query: str) -> Any:
        seen.append(query)
        return execute(reader, query)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SqlReader, "_batches", noting)
        yield seen


def reads_values(seen: list[str]) -> bool:
    return any("t.is_nan FROM latest_metrics" in statement for statement in seen)


CHANGES = {
    "a tag edited": lambda client, ids: client.set_tag(ids[2], "seed", "77"),
    "a tag removed": lambda client, ids: client.delete_tag(ids[2], "host"),
    "a metric added": lambda client, ids: client.log_metric(ids[1], "test/late", 0.5),
    "a metric replaced": lambda client, ids: client.log_metric(ids[1], "energy_j", 99.0, step=1),
    "a metric that is not a number": lambda client, ids: client.log_metric(
        ids[1], "test/f1_macro", math.nan, step=1
    ),
    "a param added": lambda client, ids: client.log_param(ids[3], "model.depth", "3"),
    "a run renamed": lambda client, ids: client.update_run(ids[3], name="other"),
    "a run failed after all": lambda client, ids: client.set_terminated(ids[3], "FAILED"),
    "a run deleted": lambda client, ids: client.delete_run(ids[4]),
    "a run that somebody else makes": lambda client, ids: client.create_run(
        client.get_run(ids[0]).info.experiment_id, tags={"by": "hand"}
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_seen_although_answers_are_kept(
    store: MlflowStore, mlruns: Path, change: str
) -> None:
    ids = store.frame()["store_id"].to_pylist()
    store.curves(ids)
    CHANGES[change](client(mlruns), ids)
    answer = store.frame().to_pylist()
    expected = table_of(store.rows()).to_pylist()
    assert len(answer) == len(expected)
    for row, wanted in zip(answer, expected, strict=True):
        assert {key for key in row if row[key] is not None} == {
            key for key in wanted if wanted[key] is not None
        }
        assert row == pytest.approx({**dict.fromkeys(row), **wanted}, nan_ok=True)


def test_a_deleted_run_comes_back_when_it_is_restored(store: MlflowStore, mlruns: Path) -> None:
    (gone, *_) = store.frame()["store_id"].to_pylist()
    client(mlruns).delete_run(gone)
    assert gone not in store.frame()["store_id"].to_pylist()
    client(mlruns).restore_run(gone)
    assert by_run(store, "metrics.energy_j")["run-0"] == 1.0


def test_a_run_put_again_with_other_joules_is_read_again(store: MlflowStore, outputs: Path) -> None:
    store.frame()
    put(store, outputs, "run-2", energy_j=500.0)
    assert by_run(store, "metrics.energy_j")["run-2"] == 500.0


def test_the_second_answer_reads_no_value_again(store: MlflowStore) -> None:
    with statements() as first:
        one = store.frame()
    with statements() as second:
        two = store.frame()
    assert reads_values(first)
    assert not reads_values(second)
    assert one.to_pylist() == two.to_pylist()


def test_of_a_new_run_only_its_own_values_are_read(store: MlflowStore, outputs: Path) -> None:
    for number in range(6):
        put(store, outputs, f"more-{number}")
    store.frame()
    put(store, outputs, "new")
    new = id_of(store, "new")
    with statements() as seen:
        store.frame()
    (asked,) = [each for each in seen if "t.is_nan FROM latest_metrics" in each]
    assert f"WHERE t.run_uuid IN ('{new}')" in asked


def test_points_logged_later_join_a_curve(store: MlflowStore, mlruns: Path, outputs: Path) -> None:
    run = id_of(store, "run-1")
    assert store.curves([run]).num_rows == 3
    client(mlruns).log_metric(run, "curve/energy_j", 40.0, step=4)
    assert store.curves([run])["energy_j"].to_pylist() == [10.0, 20.0, 30.0, 40.0]


def test_a_run_without_a_curve_is_not_read_again_for_it(store: MlflowStore, outputs: Path) -> None:
    put(store, outputs, "flat", curve=[])
    run = id_of(store, "flat")
    store.curves([run])
    with statements() as seen:
        assert store.curves([run]).num_rows == 0
    assert not any("ORDER BY t.key" in each for each in seen)


def test_a_step_that_was_logged_twice_has_its_later_value(mlruns: Path, outputs: Path) -> None:
    store = MlflowStore(folder=mlruns)
    put(store, outputs, "a", curve=[CurvePoint(5, 10**9, 7.0, {"val/f1": 0.5})])
    run = id_of(store, "a")
    client(mlruns).log_metric(run, "curve/val/f1", 0.9, timestamp=9 * 10**12, step=5)
    assert store.curves([run]).to_pylist() == [
        {"store_id": run, "step": 5, "energy_j": 7.0, "val/f1": 0.9}
    ]


def test_what_is_not_finite_is_neither_missing_nor_a_large_number(
    store: MlflowStore, mlruns: Path
) -> None:
    ids = store.frame()["store_id"].to_pylist()
    for run, value in zip(ids, (math.nan, math.inf, -math.inf), strict=False):
        client(mlruns).log_metric(run, "test/odd", value)
    nan, above, below, *missing = by_run(store, "metrics.test/odd").values()
    assert math.isnan(nan)
    assert (above, below) == (math.inf, -math.inf)
    assert missing == [None] * 3


@pytest.mark.parametrize("damage", [b"", b"PAR1 nonsense", None])
def test_a_broken_cache_is_no_cache(store: MlflowStore, mlruns: Path, damage: bytes | None) -> None:
    expected = store.frame().to_pylist()
    for path in (mlruns / "cache").rglob("*.parquet"):
        path.unlink()
        if damage is None:
            path.mkdir()
        else:
            path.write_bytes(damage)
    assert store.frame().to_pylist() == expected


FILTERS = (
    "metrics.energy_j > 20",
    "metrics.`test/f1_macro` = 0.8 and params.model != 'inception'",
    "params.model LIKE 'MINI%'",
    "params.model ILIKE 'MINI%'",
    "attributes.status = 'FINISHED' and metrics.energy_j <= 31",
    "attributes.run_name LIKE '%job_traces'",
    "attributes.start_time > 0",
    "tags.missing = 'x'",
    "tags.missing IS NULL",
)


@pytest.mark.parametrize("select", FILTERS)
def test_the_filter_chooses_what_mlflow_chooses(store: MlflowStore, select: str) -> None:
    expected = [row["store_id"] for row in store.rows(select)]
    assert sorted(store.frame(select)["store_id"].to_pylist()) == sorted(expected)


def test_where_mlflow_made_its_filter_otherwise_its_search_is_asked(
    store: MlflowStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other(*arguments: Any) -> set[str]:
        raise AttributeError("no such function in this version")

    monkeypatch.setattr(mlflow_reading, "chosen_ids", other)
    assert sorted(store.frame("metrics.energy_j > 20")["run_id"].to_pylist()) == [
        "run-2", "run-3", "run-4", "run-5",
    ]  # fmt: skip
