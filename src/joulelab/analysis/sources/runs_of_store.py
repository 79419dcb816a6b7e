"""Runs from the store."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
from omegaconf import DictConfig

from joulelab.analysis.table import Runs, collect
from joulelab.errors import DataError
from joulelab.protocols import RunStore


class StoreSource:
    needs_store = True
    quality: str | None = None

    def __init__(self, cfg: DictConfig) -> None:
        self._select, self._sweep_id = cfg.select, cfg.sweep_id
        self._url = None if cfg.ui_url is None else str(cfg.ui_url).rstrip("/")
        uri = str(cfg.tracking.get("uri") or "")
        if self._url is None and uri.startswith(("http://", "https://")):
            self._url = uri.rstrip("/")

    def label(self, store: RunStore | None) -> str:
        assert store is not None
        return store.location.partition(" (")[0]

    def read(self, store: RunStore | None, energy: str) -> Runs:
        assert store is not None
        frame = store.frame(selection(self._select, self._sweep_id))
        if frame.num_rows == 0:
            chosen = " that select or sweep chooses" if self._select or self._sweep_id else ""
            raise DataError(
                f"there is no run{chosen}",
                where=self.label(store),
                cure="check select and sweep" if chosen else "python train.py makes one",
            )
        runs = collect(frame, energy, lambda: curves(store, frame))
        runs.url = self._url
        return runs


def selection(select: str | None, sweep_id: str | None) -> str | None:
    """Both conditions in the store's filter language."""
    parts = [select] if select else []
    if sweep_id:
        parts.append(f"tags.sweep_id = '{sweep_id}'")
    return " and ".join(parts) or None


def curves(store: RunStore, frame: pa.Table) -> pd.DataFrame:
    """As `Runs.curves`, of the runs of `frame`."""
    uids = dict(zip(frame["store_id"].to_pylist(), frame["run_id"].to_pylist(), strict=True))
    place = {uid: number for number, uid in enumerate(dict.fromkeys(uids.values()))}
    points = store.curves(list(uids)).to_pandas()
    # A table from the cache still lists the runs that were filtered out of it.
    stored = points.pop("store_id").astype("category").cat.remove_unused_categories()
    of_category = np.array([place[uids[each]] for each in stored.cat.categories], dtype=np.int64)
    runs = of_category[stored.cat.codes.to_numpy()] if len(points) else of_category
    order = np.lexsort((points["step"].to_numpy(), runs))
    found: pd.DataFrame = points.iloc[order].reset_index(drop=True)
    run_ids = pd.Categorical.from_codes(runs[order], categories=pd.Index(list(place), dtype=object))
    found.insert(0, "run_id", pd.Series(run_ids))
    return found
