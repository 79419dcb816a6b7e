"""A page with every kind of block, written once for the tests that open it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from support.figures import every_mark, front

from joulelab.analysis.figures import static
from joulelab.analysis.figures.spec import Axis, Figure, Missing, Panel, Points
from joulelab.analysis.page.blocks import Answer, Cell, Column, Page, Section, Table, Text
from joulelab.analysis.page.rendering import render

EVIL = '<img src=x onerror=alert(1)> & "quotes"'


def page() -> Page:
    r = np.random.default_rng(0)
    crowd = Points(10 ** r.normal(size=6000), r.normal(size=6000), "crowd", size=4)
    many = Figure(
        "many", "Many", "A crowd.", [Panel(Axis("x", "J", "log"), Axis("y"), [crowd])], n=6000
    )
    rows = [
        [
            Cell(name, link="http://127.0.0.1:9/#/run", strong=value == 3),
            Cell(f"{value:g} J", value),
        ]
        for name, value in (("b", 20.0), ("a", 3.0), ("c with a name that is really long", 100.0))
    ]
    rows.append([Cell("unknown"), Cell("–")])
    none = Missing("none", "Curves", "No run has a curve.")
    table = Table("energies", "Energies", [Column("name"), Column("energy", True)], rows)
    return Page(
        "joulelab report", "18 runs", [Answer("a is 4 ± 1 times cheaper.", ["measured"])],
        [
            Section("Front", "front", [front(), table], "Words."),
            Section("All", "all", [every_mark(), none, many]),
            Section("End", "end", [Text(EVIL), Text("python analyze.py", "code")]),
        ],
        ["mind this"],
    )  # fmt: skip


def written(folder: Path) -> Path:
    found = page()
    for figure in found.figures:
        if isinstance(figure, Figure):
            static.write(figure, folder)
    return render(found, folder / "report.html", folder)
