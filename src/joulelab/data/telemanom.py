"""MSL and SMAP: telemetry channels of two NASA spacecraft with expert-labelled anomalies.

Hundman et al., "Detecting Spacecraft Anomalies Using LSTMs and Nonparametric Dynamic Thresholding",
KDD 2018, doi 10.1145/3219819.3219845.
"""

from __future__ import annotations

import ast
import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Unpack, get_args

from joulelab.data.anomaly import AnomalyData, Preparation, bare_spec
from joulelab.data.download import Listing
from joulelab.data.entities import Anomaly, Entity, choose, marks_of, series
from joulelab.data.npy import load_npy
from joulelab.data.telemanom_packed import packed
from joulelab.errors import ConfigError, DataError
from joulelab.records import DataSpec

# The original archive (s3-us-west-2.amazonaws.com/telemanom/data.zip) is gone; this copy is fixed.
URL = (
    "https://raw.githubusercontent.com/imperial-qore/TranAD/"
    "7ffb98d0c18189cc3d9ab732b4cb0278200a0af0/data/SMAP_MSL"
)
FILES = Path(__file__).with_name("telemanom_files.csv")
TABLE = "labeled_anomalies.csv"
CHANNELS = {"MSL": 55, "SMAP": 25}
Spacecraft = Literal["MSL", "SMAP"]


class Telemanom(AnomalyData):
    """One entity a telemetry channel of `spacecraft`: the telemetry value, then commands of 0 and 1.

    `root` holds `<spacecraft>.npz`, or `<spacecraft>_{train,test,test_label}.npy` (one joined
    entity), or the folder of telemanom: `labeled_anomalies.csv`, `train/*.npy`, `test/*.npy`, below
    `data/` or not; what is missing of the latter is downloaded from `url`, checked against `files`
    (see Listing).
    `skip`: entities left out unless `entities` names them; published studies skip P-2, whose labels
    stand in two rows of the table (joined here). DataError: a file that is not what it should be.
    """

    def __init__(
        self,
        root: str | Path,
        spacecraft: Spacecraft = "MSL",
        skip: Sequence[str] = ("P-2",),
        url: str = URL,
        files: str | Path = FILES,
        **preparation: Unpack[Preparation],
    ) -> None:
        super().__init__(**preparation)
        if spacecraft not in get_args(Spacecraft):
            raise ConfigError(
                f"{spacecraft} is no spacecraft of this data",
                where="data.spacecraft",
                cure="say MSL or SMAP",
            )
        self._root = Path(root).expanduser()
        self._spacecraft = spacecraft
        self._skip = tuple(skip)
        self._listing = Listing(url, Path(files))

    def _read(self, chosen: Sequence[str] | None) -> list[Entity]:
        found = packed(self._root, self._spacecraft)
        if found is not None:
            names = self._wanted(list(found), chosen)
            return [found[name]() for name in names]
        table = self._table()
        lengths = {row["chan_id"]: int(row["num_values"]) for row in table}
        return [
            self._entity(name, table, lengths[name])
            for name in self._wanted(sorted(lengths), chosen)
        ]

    def _wanted(self, names: Sequence[str], chosen: Sequence[str] | None) -> tuple[str, ...]:
        if chosen is None:
            return tuple(name for name in names if name not in self._skip)
        return choose(names, chosen)

    def _describe(self) -> DataSpec:
        channels = self.entities[0].train.values.shape[1]
        names = ("telemetry", *(f"command {place}" for place in range(1, channels)))
        return bare_spec(
            self._spacecraft.lower(),
            names,
            source=f"{self._spacecraft} telemetry (Hundman et al. 2018), scaled by its publishers",
        )

    def _file(self, name: str) -> Path:
        for folder in (self._root, self._root / "data"):
            if (folder / name).is_file():
                return folder / name
        return self._listing.fetch(name, self._root)

    def _table(self) -> list[dict[str, str]]:
        """The rows of this spacecraft."""
        path = self._file(TABLE)
        try:
            with path.open(newline="") as file:
                rows = [
                    row for row in csv.DictReader(file) if row["spacecraft"] == self._spacecraft
                ]
            for row in rows:
                _anomalies_of(row)
        except (KeyError, ValueError, SyntaxError, TypeError, OSError) as error:
            raise DataError(
                "is not the label table of telemanom", where=str(path), cure="delete it, try again"
            ) from error
        return rows

    def _entity(self, name: str, table: list[dict[str, str]], length: int) -> Entity:
        anomalies = [item for row in table if row["chan_id"] == name for item in _anomalies_of(row)]
        train, test = (self._file(f"{split}/{name}.npy") for split in ("train", "test"))
        values = load_npy(test)
        if len(values) != length:
            raise DataError(f"has {len(values)} steps, its table says {length}", where=str(test))
        return Entity(
            name,
            series(load_npy(train), where=str(train)),
            series(values, marks_of(anomalies, length), sorted(anomalies), where=str(test)),
        )


def _anomalies_of(row: dict[str, str]) -> list[Anomaly]:
    """The table's last step belongs to the anomaly; classes are missing where it has fewer of them."""
    spans = ast.literal_eval(row["anomaly_sequences"])
    kinds = row["class"].strip("[]").split(",")
    told = [kind.strip() for kind in kinds] + [""] * len(spans)
    return [
        Anomaly(int(first), int(last) + 1, kind)
        for (first, last), kind in zip(spans, told, strict=False)
    ]
