from __future__ import annotations

import pytest

from joulelab.analysis.figures import palette
from joulelab.analysis.figures.spec import Axis, Figure, HeatMap, Histogram, Panel, Points, array


def test_the_caption_ends_with_n_provenance_and_what_was_cut() -> None:
    figure = Figure("a", "A", "Bars.", [], n=3, provenance=["measured"], cut="Cut.")
    assert figure.legend == "Bars. n = 3 runs; energy measured. Cut."


def test_an_axis_says_its_unit_and_what_is_better() -> None:
    assert Axis("energy", "J", better="less").title == "energy (J)  · less is better"


@pytest.mark.parametrize(
    "build",
    [
        lambda: Points([1, 2], [1]),
        lambda: Points([1, 2], [1, 2], text=["one"]),
        lambda: Histogram([0, 1], [1, 2]),
        lambda: HeatMap(["a"], ["b"], [[1, 2]], 0, 1),
    ],
)
def test_arrays_that_do_not_fit_are_refused(build) -> None:
    with pytest.raises(ValueError, match=r"length|edge|row"):
        build()


def test_infinite_values_are_gaps() -> None:
    assert str(array([1, float("inf"), float("nan")])) == "[ 1. nan nan]"


def test_a_name_has_one_colour_in_all_panels() -> None:
    panels = [
        Panel(Axis("x"), Axis("y"), [Points([1], [1], name) for name in names])
        for names in (("a", "b"), ("b", "c"))
    ]
    order = palette.places(Figure("f", "F", "", panels, n=1))
    assert order == {"a": 0, "b": 1, "c": 2}


def test_ink_stands_out_on_every_colour_of_a_scale() -> None:
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        under = palette.luminance(palette.interpolated(palette.DIVERGING, share))
        ink = 1.0 if under < 0.5 else palette.luminance("#222222")
        # WCAG 2: at least 3 to 1 for large text; these luminances are not linearised.
        assert abs(under - ink) > 0.35
