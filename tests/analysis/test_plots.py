from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from support.records import make_record
from support.study import rows, study

from joulelab.analysis.configurations import Comparison, compare
from joulelab.analysis.plots import pareto
from joulelab.analysis.table import collect


def compared(records) -> list[Comparison]:
    return compare(collect(rows(records)))


def texts(folder: Path) -> str:
    """All that is written in the figure."""
    svg = (folder / "pareto.svg").read_text(encoding="utf-8")
    return "\n".join(re.findall(r"<text[^>]*>([^<]*)</text>", svg))


def image(folder: Path) -> np.ndarray:
    import matplotlib.image

    return matplotlib.image.imread(folder / "pareto.png")


def test_both_files_are_written(tmp_path: Path) -> None:
    paths = pareto(compared(study()), tmp_path)
    assert [path.name for path in paths] == ["pareto.png", "pareto.svg"]
    assert image(tmp_path).shape[0] > 600


def test_points_of_three_models_are_in_three_colours(tmp_path: Path) -> None:
    pareto(compared(study()), tmp_path)
    pixels = (image(tmp_path)[..., :3] * 255).round().astype(int).reshape(-1, 3)
    saturated = pixels[np.ptp(pixels, axis=1) > 90]
    colours, counts = np.unique(saturated, axis=0, return_counts=True)
    assert len(colours[counts > 200]) == 3


@pytest.mark.parametrize(
    "text",
    [
        "minirocket",
        "spectrogram_cnn lr=0.01",
        "test/f1_macro  (higher is better)",
        "energy_j of a run  (less is better, logarithmic scale)",
        "100 J",
        "1 kJ",
        "most frequent class, no joule: 0.03",
        "n = 3 runs each",
        "energy measured by rapl.package-0",
    ],
)
def test_the_figure_tells(tmp_path: Path, text: str) -> None:
    pareto(compared(study()), tmp_path)
    assert text in texts(tmp_path)


def test_estimates_and_synthetic_data_are_called_so(tmp_path: Path) -> None:
    pareto(compared(study(provenance="estimated", synthetic="true")), tmp_path)
    assert "ESTIMATED" in texts(tmp_path)
    assert "SYNTHETIC" in texts(tmp_path)


def test_every_data_set_has_a_panel(tmp_path: Path) -> None:
    pareto(compared(study("job_traces") + study("acsf1")), tmp_path)
    assert "Energy and quality on acsf1" in texts(tmp_path)
    assert "Energy and quality on job_traces" in texts(tmp_path)


def test_one_run_alone_can_be_drawn(tmp_path: Path) -> None:
    pareto(compared([make_record()]), tmp_path)
    assert "n = 1 run each" in texts(tmp_path)


def test_an_energy_below_zero_is_drawn_too(tmp_path: Path) -> None:
    pareto(compared([make_record("a", energy_j=-3.0), make_record("b", model="x")]), tmp_path)
    assert "linear scale" in texts(tmp_path)


def test_of_many_points_the_front_is_named(tmp_path: Path) -> None:
    records = [
        make_record(f"{i}", lr=0.01 * (i + 1), energy_j=10.0 + i, metrics={"test/f1_macro": 0.5})
        for i in range(30)
    ]
    pareto(compared(records), tmp_path)
    assert texts(tmp_path).count("lr=") == 1


def test_no_label_covers_another(tmp_path: Path) -> None:
    """Drawn again with matplotlib's own text boxes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from joulelab.analysis.figures.placing import place_labels

    figure = Figure(figsize=(8, 5))
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.set(xlim=(0, 10), ylim=(0, 10))
    figure.draw_without_rendering()
    places = np.random.default_rng(0).uniform(3, 7, (25, 2))
    points = axes.transData.transform(places)
    placed = place_labels(axes, points, ["a long name"] * 25, [True] * 25, points)
    boxes = [text.get_window_extent() for text in axes.texts]
    assert placed == len(boxes) > 5
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
