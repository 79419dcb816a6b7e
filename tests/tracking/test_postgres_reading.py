"""SQLite and PostgreSQL give the same table."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import postgres
from support.records import make_record, write_folder

from joulelab.tracking.mlflow_library import MlflowClient
from joulelab.tracking.mlflow_store import MlflowStore

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stores(
    tmp_path_factory: pytest.TempPathFactory, tables: Path
) -> Iterator[list[tuple[MlflowStore, MlflowClient]]]:
    """One store of each kind, with the same three runs, one of them deleted."""
    folder = tmp_path_factory.mktemp("stores")
    shutil.copy(tables, folder / "joulelab.db")
    with postgres.server() as url:
        yield [filled(uri, folder) for uri in (f"sqlite:///{folder / 'joulelab.db'}", url)]


def filled(uri: str, folder: Path) -> tuple[MlflowStore, MlflowClient]:
    store = MlflowStore(uri=uri, folder=folder / uri.partition(":")[0])
    for uid in ("a", "b", "c"):
        record = make_record(uid, start_wall_ns=ord(uid) * 10**16, stop_wall_ns=None)
        store.put(record, write_folder(folder / "outputs", record), [])
    client = MlflowClient(uri)
    first, second, third = store.frame()["store_id"].to_pylist()
    client.log_metric(first, "test/odd", math.inf)
    client.log_metric(second, "test/odd", math.nan)
    client.set_tag(second, "note", "the good one")
    client.delete_run(third)
    return store, client


def test_both_give_the_same_table_and_curves(
    stores: list[tuple[MlflowStore, MlflowClient]],
) -> None:
    tables, curves = [], []
    for store, _ in stores:
        # Ids and times of MLflow's own making differ.
        frame = store.frame()
        ids = dict(zip(frame["store_id"].to_pylist(), frame["run_id"].to_pylist(), strict=True))
        points = store.curves(list(ids)).to_pylist()
        curves.append(sorted((ids[row.pop("store_id")], *row.values()) for row in points))
        tables.append(frame.drop_columns(["store_id", "ui_path", "stop_wall_ns"]))
    sqlite, postgresql = tables
    assert set(sqlite.column_names) == set(postgresql.column_names)
    assert sqlite["run_id"].to_pylist() == ["a", "b"]
    for name in sqlite.column_names:
        assert repr(sqlite[name].to_pylist()) == repr(postgresql[name].to_pylist()), name
    assert curves[0] == curves[1]
    assert len(curves[0]) == 6


def test_a_change_in_postgresql_is_seen_although_answers_are_kept(
    stores: list[tuple[MlflowStore, MlflowClient]],
) -> None:
    store, client = stores[1]
    first, *_ = store.frame()["store_id"].to_pylist()
    client.log_metric(first, "energy_j", 99.0, step=1)
    client.set_tag(first, "seed", "77")
    (row, *_) = store.frame().to_pylist()
    assert (row["metrics.energy_j"], row["tags.seed"]) == (99.0, "77")
    chosen = store.frame("metrics.energy_j > 90 and tags.seed = '77'")
    assert chosen["store_id"].to_pylist() == [first]
