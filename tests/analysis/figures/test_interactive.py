from __future__ import annotations

import base64
import json

import numpy as np
import plotly.graph_objects
import pytest
from support.figures import every_mark, front

from joulelab.analysis.figures import interactive, thinning
from joulelab.analysis.figures.spec import Axis, Figure, Line, Panel, Points


def figure_of(*marks) -> Figure:
    return Figure("f", "F", "Seen.", [Panel(Axis("x", "J", "log"), Axis("y"), marks)], n=1)


@pytest.mark.parametrize("figure", [front(), every_mark()], ids=lambda figure: figure.name)
def test_plotly_knows_every_attribute(figure: Figure) -> None:
    """plotly's own classes refuse names and values that plotly.js does not have."""
    for plot in interactive.plots(figure):
        read = plotly.graph_objects.Figure(plot)
        assert len(read.data) == len(plot["data"])


def test_nothing_ends_the_script_element_early() -> None:
    figure = figure_of(Points([1], [1], text=["</script><b>"]))
    assert "<" not in interactive.to_json(figure)
    assert json.loads(interactive.to_json(figure))[0]["data"][0]["hovertext"] == ["</script><b>"]


def test_a_bar_on_a_logarithmic_axis_ends_above_zero() -> None:
    (plot,) = interactive.plots(figure_of(Points([10.0], [1.0], x_u=[25.0])))
    bars = plot["data"][0]["error_x"]
    assert bars["array"] == [25.0]
    assert 0 < bars["arrayminus"][0] < 10.0


def test_ticks_of_a_logarithmic_axis_have_units() -> None:
    (plot,) = interactive.plots(front())
    assert {"10 J", "1 kJ"} <= set(plot["layout"]["xaxis"]["ticktext"])


def test_few_points_are_svg_and_many_are_webgl() -> None:
    for n, kind in ((100, "scatter"), (5000, "scattergl")):
        (plot,) = interactive.plots(figure_of(Points(np.ones(n), np.ones(n))))
        assert plot["data"][0]["type"] == kind


def test_typed_arrays_keep_the_values() -> None:
    values = np.random.default_rng(0).lognormal(size=200) * 1e9
    (plot,) = interactive.plots(figure_of(Points(values, values)))
    packed = plot["data"][0]["x"]
    found = np.frombuffer(base64.b64decode(packed["bdata"]), packed["dtype"])
    np.testing.assert_allclose(found, values, rtol=1e-6)


def test_too_many_points_are_thinned_and_the_caption_says_so() -> None:
    x = np.arange(1.0, 50_001.0)
    figure = figure_of(Points(x, np.where(x == 25_001, 99.0, 0.0)))
    (plot,) = interactive.plots(figure)
    y = plot["data"][0]["y"]
    shown = np.frombuffer(base64.b64decode(y["bdata"]), y["dtype"])
    assert len(shown) <= thinning.MOST_POINTS + 4
    assert shown.max() == 99.0
    assert "of 50,000 points" in interactive.caption(figure)


def test_a_long_line_keeps_every_peak() -> None:
    y = np.zeros(100_000)
    y[[777, 50_001]] = 9.0, -3.0
    keep = thinning.line(np.arange(100_000.0), y)
    assert len(keep) <= thinning.MOST_OF_LINE + 2
    assert {777, 50_001, 0, 99_999} <= set(keep.tolist())


def test_curves_parted_by_gaps_stay_parted() -> None:
    y = np.ones(1_000_000)
    y[::200] = np.nan
    keep = thinning.line(np.arange(1_000_000.0), y)
    assert np.isnan(y[keep]).sum() == 5000
    assert len(keep) < 220_000


def test_the_legend_names_each_mark_once() -> None:
    names = [entry["name"] for entry in interactive.legend(front())]
    assert names == ["front", "minirocket", "inception"]


def test_a_line_without_points_is_drawn_empty() -> None:
    (plot,) = interactive.plots(figure_of(Line([], [], "none")))
    (trace,) = plotly.graph_objects.Figure(plot).data
    assert not trace.x
