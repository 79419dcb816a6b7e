"""What every RunStore keeps of `protocols.RunStore`'s promises."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.records import make_record, write_folder

from joulelab.errors import ConfigError
from joulelab.protocols import RunStore
from joulelab.records import RunRecord

ARTIFACTS = ["config.yaml", "phases.json", "model"]


class RunStoreContract:
    """A subclass gives the fixtures `store` (empty) and `outputs` (where run folders lie)."""

    def begin(self, store: RunStore, outputs: Path, record: RunRecord) -> Path:
        folder = write_folder(outputs, record)
        store.begin(record)
        return folder

    def put(self, store: RunStore, outputs: Path, record: RunRecord) -> None:
        store.put(record, write_folder(outputs, record), ARTIFACTS)

    def only_row(self, store: RunStore) -> Mapping[str, Any]:
        (row,) = store.rows()
        return row

    def test_it_is_a_run_store(self, store: RunStore) -> None:
        assert isinstance(store, RunStore)

    def test_an_empty_store_has_no_rows(self, store: RunStore) -> None:
        assert list(store.rows()) == []

    def test_its_location_is_text_for_a_person(self, store: RunStore) -> None:
        assert store.location.strip()

    def test_a_begun_run_is_shown_as_running(self, store: RunStore, outputs: Path) -> None:
        self.begin(store, outputs, make_record(status="RUNNING", stop_wall_ns=None))
        assert self.only_row(store)["status"] == "RUNNING"

    def test_a_run_begun_twice_is_one_run(self, store: RunStore, outputs: Path) -> None:
        record = make_record(status="RUNNING", stop_wall_ns=None)
        self.begin(store, outputs, record)
        self.begin(store, outputs, record)
        assert len(store.rows()) == 1

    def test_a_run_that_was_never_begun_can_be_put(self, store: RunStore, outputs: Path) -> None:
        self.put(store, outputs, make_record())
        assert self.only_row(store)["run_id"] == "0a1b2c3d"

    def test_put_gives_params_metrics_and_tags_back(self, store: RunStore, outputs: Path) -> None:
        record = make_record()
        self.begin(store, outputs, make_record(status="RUNNING", metrics={}, energy_j=None))
        self.put(store, outputs, record)
        row = self.only_row(store)
        assert {key: row[f"params.{key}"] for key in record.params} == record.params
        assert {key: row[f"metrics.{key}"] for key in record.metrics} == record.metrics
        assert {key: row[f"tags.{key}"] for key in record.tags} == record.tags

    @pytest.mark.parametrize("status", ["FINISHED", "FAILED", "KILLED"])
    def test_each_end_of_a_run_is_told(self, store: RunStore, outputs: Path, status: str) -> None:
        self.put(store, outputs, make_record(status=status))
        assert self.only_row(store)["status"] == status

    def test_the_error_of_a_failed_run_is_a_tag(self, store: RunStore, outputs: Path) -> None:
        self.put(store, outputs, make_record(status="FAILED", error="train.py: no such key"))
        assert self.only_row(store)["tags.error"] == "train.py: no such key"

    def test_a_missing_metric_is_a_missing_key(self, store: RunStore, outputs: Path) -> None:
        self.put(store, outputs, make_record(energy_j=None))
        assert "metrics.energy_j" not in self.only_row(store)

    def test_put_twice_is_one_run(self, store: RunStore, outputs: Path) -> None:
        self.put(store, outputs, make_record())
        self.put(store, outputs, make_record())
        assert len(store.rows()) == 1

    def test_a_later_put_replaces_a_metric(self, store: RunStore, outputs: Path) -> None:
        self.put(store, outputs, make_record(energy_j=50.0))
        self.put(store, outputs, make_record(energy_j=40.0))
        assert self.only_row(store)["metrics.energy_j"] == 40.0

    def test_a_later_put_removes_what_is_no_longer_known(
        self, store: RunStore, outputs: Path
    ) -> None:
        self.put(store, outputs, make_record(energy_j=50.0))
        self.put(store, outputs, make_record(energy_j=None))
        assert "metrics.energy_j" not in self.only_row(store)

    def test_an_empty_store_has_an_empty_frame(self, store: RunStore) -> None:
        assert store.frame().num_rows == 0
        assert {"run_id", "store_id", "status"} <= set(store.frame().column_names)

    def test_the_frame_says_what_the_rows_say(self, store: RunStore, outputs: Path) -> None:
        self.put(store, outputs, make_record("a"))
        self.put(store, outputs, make_record("b", energy_j=None, params={"model.depth": "3"}))
        rows = store.frame().to_pylist()
        told = [{key: value for key, value in row.items() if value is not None} for row in rows]
        expected = [
            {key: value for key, value in row.items() if value is not None} for row in store.rows()
        ]
        for row in (*told, *expected):
            for key in [key for key in row if key.startswith("metrics.curve/")]:
                del row[key]
        assert told == expected

    def test_the_frame_is_in_the_order_of_starts(self, store: RunStore, outputs: Path) -> None:
        for uid, start_ns in (("late", 3 * 10**18), ("early", 10**18), ("middle", 2 * 10**18)):
            self.put(store, outputs, make_record(uid, start_wall_ns=start_ns, stop_wall_ns=None))
        assert store.frame()["run_id"].to_pylist() == ["early", "middle", "late"]

    def test_the_frame_can_be_asked_for_some_runs(self, store: RunStore, outputs: Path) -> None:
        self.put(store, outputs, make_record("a"))
        self.put(store, outputs, make_record("b", model="inception", energy_j=900.0))
        chosen = store.frame("params.model LIKE 'incep%' and metrics.energy_j > 100")
        assert chosen["run_id"].to_pylist() == ["b"]
        assert sorted(store.frame()["run_id"].to_pylist()) == ["a", "b"]

    def test_an_unreadable_select_of_a_frame_is_a_config_error(
        self, store: RunStore, outputs: Path
    ) -> None:
        self.put(store, outputs, make_record())
        with pytest.raises(ConfigError, match="select"):
            store.frame("energy below 3 please")

    def test_curves_are_one_row_a_step(self, store: RunStore, outputs: Path) -> None:
        self.put(store, outputs, make_record("a"))
        self.put(store, outputs, make_record("b", curve=[]))
        ids = dict(
            zip(*(store.frame()[key].to_pylist() for key in ("run_id", "store_id")), strict=True)
        )
        rows = sorted(store.curves(list(ids.values())).to_pylist(), key=lambda row: row["step"])
        assert [row["store_id"] for row in rows] == [ids["a"]] * 3
        assert [row["step"] for row in rows] == [1, 2, 3]
        assert [row["energy_j"] for row in rows] == [10.0, 20.0, 30.0]
        assert [row["val/f1_macro"] for row in rows] == pytest.approx([0.2, 0.4, 0.6])

    def test_no_run_has_no_curve(self, store: RunStore, outputs: Path) -> None:
        self.put(store, outputs, make_record("a"))
        assert store.curves([]).num_rows == 0

    def test_rows_come_in_the_order_of_their_start(self, store: RunStore, outputs: Path) -> None:
        for uid, start_ns in (("late", 3 * 10**18), ("early", 10**18), ("middle", 2 * 10**18)):
            self.put(store, outputs, make_record(uid, start_wall_ns=start_ns, stop_wall_ns=None))
        assert [row["run_id"] for row in store.rows()] == ["early", "middle", "late"]

    @pytest.mark.parametrize(
        ("select", "expected"),
        [
            ("params.model = 'inception'", ["b"]),
            ("metrics.energy_j < 100", ["a"]),
            ("metrics.energy_j > 10 and tags.seed = '0'", ["a", "b"]),
            ("metrics.`test/f1_macro` >= 0.8 and params.model LIKE 'mini%'", ["a"]),
            ("tags.sweep_id = 'x'", []),
        ],
    )
    def test_select_keeps_the_rows_it_describes(
        self, store: RunStore, outputs: Path, select: str, expected: list[str]
    ) -> None:
        self.put(store, outputs, make_record("a"))
        self.put(store, outputs, make_record("b", model="inception", energy_j=900.0))
        assert sorted(row["run_id"] for row in store.rows(select)) == expected

    def test_an_unreadable_select_is_a_config_error(self, store: RunStore, outputs: Path) -> None:
        self.put(store, outputs, make_record())
        with pytest.raises(ConfigError, match="select"):
            store.rows("energy below 3 please")
