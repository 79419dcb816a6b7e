from __future__ import annotations

import re
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from support.figures import every_mark, front

from joulelab.analysis.figures import static
from joulelab.analysis.figures.spec import Axis, Figure, Panel, Points


def texts(path: Path) -> str:
    svg = path.read_text(encoding="utf-8")
    return "\n".join(re.findall(r"<text[^>]*>([^<]*)</text>", svg))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("figures")
    static.write(front(), folder)
    static.write(every_mark(), folder)
    return folder


@pytest.mark.parametrize(
    "text",
    [
        "Energy and quality", "energy of a run (J)  · less is better", "100 J", "1 kJ", "minirocket",
        "n = 18 runs; energy measured.", "cheap", "best", "most frequent class",
    ],
)  # fmt: skip
def test_the_figure_says(drawn: Path, text: str) -> None:
    assert text in texts(drawn / "front.svg")


@pytest.mark.parametrize("text", ["idle", "-0.50", "lr=0.01", "time (s)", "correlation", "40%"])
def test_all_marks_are_drawn(drawn: Path, text: str) -> None:
    assert text in texts(drawn / "every_mark.svg")


def test_two_names_are_two_colours(drawn: Path) -> None:
    image = matplotlib.image.imread(drawn / "front.png")[..., :3]
    pixels = (image * 255).round().astype(int).reshape(-1, 3)
    saturated = pixels[np.ptp(pixels, axis=1) > 90]
    _, counts = np.unique(saturated, axis=0, return_counts=True)
    assert (counts > 200).sum() >= 2


def test_ten_thousand_points_make_a_small_svg(tmp_path: Path) -> None:
    r = np.random.default_rng(0)
    marks = [Points(r.normal(size=10_000), r.normal(size=10_000))]
    static.write(Figure("f", "F", "", [Panel(Axis("x"), Axis("y"), marks)], n=10_000), tmp_path)
    assert (tmp_path / "f.svg").stat().st_size < 400_000
