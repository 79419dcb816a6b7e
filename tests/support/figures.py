"""One figure with every kind of mark."""

from __future__ import annotations

import numpy as np

from joulelab.analysis.figures.spec import (
    Arrows,
    Axis,
    Band,
    Bars,
    Figure,
    HeatMap,
    Histogram,
    Line,
    Panel,
    Points,
    Reference,
    Spans,
)

NAN = float("nan")


def front() -> Figure:
    """One panel: points with bars, links and labels, a front, a baseline; one NaN, one infinity."""
    x = [10.0, 200.0, 3000.0, NAN, float("inf")]
    y = [0.4, 0.6, 0.9, 0.7, 0.5]
    return Figure(
        "front", "Energy and quality", "Bars: ± one standard uncertainty.",
        [Panel(
            Axis("energy of a run", "J", "log", "less"), Axis("test/f1_macro", better="more"),
            [
                Line(x[:3], y[:3], "front", dash="dash", step=True, colour="strong"),
                Points(
                    x, y, "minirocket", x_u=[1.0, 250.0, 30.0, 1.0, 1.0], y_u=[0.1] * 5,
                    text=[f"<b>run {i}</b>" for i in range(5)], links=["#/a"] * 5,
                    labels=["cheap", "", "best", "", ""],
                ),
                Points([50.0], [0.2], "inception", hollow=True),
                Reference(0.3, label="most frequent class"),
            ],
        )],
        n=18, provenance=["measured"],
    )  # fmt: skip


def every_mark() -> Figure:
    r = np.random.default_rng(0)
    seconds = np.arange(5000) / 10
    power = 60 + r.normal(size=5000)
    names = ["minirocket lr=0.001", "inception lr=0.01"]
    turn = np.linspace(0, 3, 50)
    panels = [
        Panel(
            Axis("time", "s"), Axis("power", "W", low=0.0),
            [Line(seconds, power, "rapl"), Spans([0, 60], [60, 500], ["idle", "fit"])], "trace",
        ),
        Panel(Axis("PC 1"), Axis("PC 2"), [Arrows([0.8], [0.3], ["energy"])], "circle", True),
        Panel(
            Axis("energy", "J"), Axis("density"),
            [Histogram([0, 1, 2], [3, 1], "runs"), Line(turn, np.sin(turn), "density", filled=True)],
        ),
        Panel(
            Axis("quality", "%"), Axis("emissions", "g"),
            [
                Points([0.1, 0.2], [2.0, 3.0], values=[1.0, 2.0], values_axis=Axis("duration", "s")),
                Band([0.1, 0.2], [1, 2], [3, 4], "band"), Reference(0.15, "x", "here"),
            ],
        ),
        Panel(
            Axis("energy", "J"), Axis(""),
            [Bars(names, [100, 400], "fit"), Bars(names, [30, NAN], "evaluate", u=[5, NAN])],
        ),
        Panel(
            Axis(""), Axis("share", "%"),
            [Bars(names, [0.1, 0.4], name, horizontal=False) for name in ("a", "b")],
            grouped=True,
        ),
        Panel(
            Axis(""), Axis(""),
            [HeatMap(["a", "b"], ["a", "b"], [[1, -0.5], [-0.5, NAN]], -1, 1, "correlation")],
        ),
    ]  # fmt: skip
    return Figure("every_mark", "Every mark", "All of them.", panels, n=2, of="runs of nobody")
