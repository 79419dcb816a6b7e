"""A table of runs as the analysis keeps it, made without a store."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd


@dataclass
class RunsTable:
    """What statistics read of the runs."""

    table: pd.DataFrame
    factors: list[str]
    energy: str = "energy_j"
    instruments: dict[str, str] = field(default_factory=dict)
    qualities: list[str] = field(default_factory=lambda: ["test/f1"])
    varying: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def kept(self) -> pd.DataFrame:
        return self.table[self.table["left_out"] == ""]


def runs_table(repeats: int = 6, seed: int = 0, **columns) -> RunsTable:
    """Two models x three learning rates; the second model takes four times the joules."""
    random = np.random.default_rng(seed)
    grid = [
        (model, lr)
        for model in ("net", "tree")
        for lr in (1e-4, 1e-3, 1e-2)
        for _ in range(repeats)
    ]
    table = pd.DataFrame(grid, columns=["model", "lr"])
    n = len(table)
    tree = (table["model"] == "tree").to_numpy()
    table["duration_s"] = np.exp(random.normal(3, 0.05, n)) * np.where(tree, 2, 1)
    table["energy_j"] = 20 * table["duration_s"] * np.where(tree, 2, 1) * random.normal(1, 0.02, n)
    table["energy_j_u"] = table["energy_j_u_independent"] = 0.02 * table["energy_j"]
    table["energy_j_u_shared"] = 0.01 * table["energy_j"]
    table["test/f1"] = 0.6 + 0.1 * tree + 30 * table["lr"] * 0.2 + random.normal(0, 0.01, n)
    table["energy_j/run/plug"] = 1.3 * table["energy_j"]
    table["energy_j/run/codecarbon"] = 40.0 * table["duration_s"]
    table["run_id"] = [f"run{index:03d}" for index in range(n)]
    table["name"] = table["run_id"]
    table["configuration"] = [f"{model} lr={lr:g}" for model, lr in grid]
    table["data"], table["status"], table["provenance"] = "toy", "FINISHED", "measured"
    table["host"], table["headline"] = "bench", "rapl.package-0"
    table["left_out"], table["concurrent"] = "", False
    for name, values in columns.items():
        table[name] = values
    meters = {"plug": "energy_j/run/plug", "codecarbon": "energy_j/run/codecarbon"}
    return RunsTable(table, ["model", "lr"], instruments=meters)
