"""SMD: 28 servers of an internet company over five weeks, one sample a minute, 38 metrics.

Su et al., "Robust Anomaly Detection for Multivariate Time Series through Stochastic Recurrent Neural
Network", KDD 2019, doi 10.1145/3292500.3330672.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Unpack

from joulelab.data.anomaly import AnomalyData, Preparation, bare_spec
from joulelab.data.download import Listing
from joulelab.data.entities import Anomaly, Entity, series
from joulelab.data.entities import choose as chosen_of
from joulelab.data.text_table import read_numbers
from joulelab.errors import DataError
from joulelab.records import DataSpec

URL = (
    "https://raw.githubusercontent.com/NetManAIOps/OmniAnomaly/"
    "7fb0e0acf89ea49908896bcc9f9e80fcfff6baf4/ServerMachineDataset"
)
FILES = Path(__file__).with_name("smd_files.csv")
CHANNELS = 38


class Smd(AnomalyData):
    """One entity a server, `machine-1-1` to `machine-3-11`, scaled to [0, 1] by their publishers.

    `root` holds `train/`, `test/`, `test_label/` and `interpretation_label/` with a text file a
    server; what is missing is downloaded from `url`, checked against `files` (see Listing).
    Labels are those of `test_label`; the anomalies' channels are those of `interpretation_label`,
    whose spans are not always the labels'.
    """

    def __init__(
        self,
        root: str | Path,
        url: str = URL,
        files: str | Path = FILES,
        **preparation: Unpack[Preparation],
    ) -> None:
        super().__init__(**preparation)
        self._root = Path(root).expanduser()
        self._listing = Listing(url, Path(files))

    def _read(self, chosen: Sequence[str] | None) -> list[Entity]:
        listed = {Path(name).stem for name in self._listing.objects}
        here = {path.stem for path in (self._root / "train").glob("*.txt")}
        return [self._entity(name) for name in chosen_of(sorted(listed | here, key=_order), chosen)]

    def _describe(self) -> DataSpec:
        return bare_spec(
            "smd",
            tuple(f"metric {place}" for place in range(1, CHANNELS + 1)),
            source="Server Machine Dataset (Su et al. 2019), scaled by its publishers; MIT",
            sample_hz=1 / 60,
        )

    def _entity(self, name: str) -> Entity:
        train, test, label, told = (
            self._listing.fetch(f"{folder}/{name}.txt", self._root)
            for folder in ("train", "test", "test_label", "interpretation_label")
        )
        labels = read_numbers(label)[:, 0] > 0
        return Entity(
            name,
            series(_metrics(train), where=str(train)),
            series(_metrics(test), labels, interpretation(told), where=str(test)),
        )


def interpretation(path: Path) -> list[Anomaly]:
    """Lines `first-stop:metric,metric,...`: steps from 0 on, stop not included, metrics from 1 on."""
    try:
        lines = path.read_text().split()
        return [_anomaly(line) for line in lines]
    except (OSError, ValueError) as error:
        raise DataError(
            "has a line that is not first-stop:metric,metric,...",
            where=str(path),
            cure="delete it, try again",
        ) from error


def _anomaly(line: str) -> Anomaly:
    span, _, metrics = line.partition(":")
    first, stop = map(int, span.split("-"))
    return Anomaly(first, stop, "", tuple(int(metric) - 1 for metric in metrics.split(",")))


def _metrics(path: Path) -> Any:
    values = read_numbers(path)
    if values.shape[1] != CHANNELS:
        raise DataError(
            f"has {values.shape[1]} columns, not {CHANNELS}",
            where=str(path),
            cure="check data.root",
        )
    return values


def _order(name: str) -> list[tuple[int, str]]:
    """Numbers in a name count as numbers: machine-3-2 before machine-3-11."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in name.split("-")]
