from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulelab.errors import ConfigError
from joulelab.sweeps.space import Choice, Float, Integer, Space

UNIT = st.floats(0.0, 1.0, exclude_max=True)


@st.composite
def floats(draw):
    log = draw(st.booleans())
    low = draw(st.floats(1e-9, 1e6) if log else st.floats(-1e9, 1e9))
    high = draw(st.floats(low, low + abs(low) * 1e3 + 1e-3))
    return Float(low, high, log)


@st.composite
def integers(draw):
    log = draw(st.booleans())
    low = draw(st.integers(1, 1000) if log else st.integers(-1000, 1000))
    high = low + draw(st.integers(0, 5000))
    return Integer(low, high, log, step=1 if log else draw(st.integers(1, 7)))


OPTIONS = st.one_of(st.booleans(), st.integers(), st.text(), st.lists(st.integers()), st.none())


@st.composite
def choices(draw):
    return Choice(tuple(draw(st.lists(OPTIONS, min_size=1, max_size=5, unique_by=repr))))


@st.composite
def spaces(draw):
    """Up to six parameters of all kinds, each perhaps conditional on options of an earlier one."""
    parameters = {}
    for number in range(draw(st.integers(1, 6))):
        parameter = draw(st.one_of(floats(), integers(), choices()))
        parents = [key for key, each in parameters.items() if isinstance(each, Choice)]
        if parents and draw(st.booleans()):
            parent = draw(st.sampled_from(parents))
            options = parameters[parent].options
            when = {parent: tuple(options[: draw(st.integers(1, len(options)))])}
            parameter = type(parameter)(**{**vars(parameter), "when": when})
        parameters[f"p{number}"] = parameter
    return Space(parameters)


@given(spaces(), st.data())
def test_a_configuration_survives_the_unit_cube(space, data):
    unit = tuple(data.draw(UNIT) for _ in range(space.size))
    config = space.from_unit(unit)
    again = space.from_unit(space.to_unit(config))
    assert again.keys() == config.keys()
    for key, value in config.items():
        if isinstance(space.parameters[key], Float):
            span = space.parameters[key].high - space.parameters[key].low
            assert again[key] == pytest.approx(value, rel=1e-9, abs=1e-9 * span)
        else:
            assert again[key] == value
            assert type(again[key]) is type(value)


@given(spaces(), st.data())
def test_unit_coordinates_lie_in_the_cube_and_are_nan_where_inactive(space, data):
    config = space.from_unit(tuple(data.draw(UNIT) for _ in range(space.size)))
    active = space.active(config)
    for key, place in zip(space.parameters, space.to_unit(config), strict=True):
        assert math.isnan(place) if key not in active else 0.0 <= place < 1.0
    assert tuple(config) == active


@given(spaces(), st.data())
def test_the_key_ignores_what_is_inactive(space, data):
    config = space.from_unit(tuple(data.draw(UNIT) for _ in range(space.size)))
    idle = {key: "anything" for key in space.parameters if key not in space.active(config)}
    assert space.key({**config, **idle}) == space.key(config)
    assert isinstance(hash(space.key(config)), int)


@given(integers())
def test_every_whole_number_is_reached_and_lies_in_its_own_bin(parameter):
    values = list(parameter.values())[:200]
    assert [parameter.from_unit(parameter.to_unit(value)) for value in values] == values


def test_a_logarithmic_interval_gives_every_decade_the_same_share():
    parameter = Float(1e-5, 1e-1, log=True)
    assert [parameter.to_unit(10.0**power) for power in (-4, -3, -2)] == pytest.approx(
        [0.25, 0.5, 0.75]
    )


def test_both_ends_are_in_the_space():
    space = Space({"lr": Float(0.0, 0.3), "n": Integer(1, 512, log=True)})
    for config in ({"lr": 0.0, "n": 1}, {"lr": 0.3, "n": 512}):
        assert space.from_unit(space.to_unit(config)) == pytest.approx(config)


def test_one_and_true_are_two_options():
    assert Choice((1, True)).index(True) == 1


def test_children_of_an_inactive_parameter_are_inactive():
    space = Space(
        {
            "leaf": Float(0, 1, when={"middle": ("x",)}),
            "middle": Choice(("x", "y"), when={"top": ("b",)}),
            "top": Choice(("a", "b")),
        }
    )
    assert space.active({"top": "a", "middle": "x", "leaf": 0.5}) == ("top",)
    assert space.active({"top": "b", "middle": "x"}) == ("leaf", "middle", "top")


def test_the_count_is_of_configurations_that_differ():
    space = Space(
        {
            "model": Choice(("a", "b", "c")),
            "depth": Integer(1, 4, when={"model": ("a", "b")}),
            "batch": Integer(100, 300, step=100),
        }
    )
    assert space.count == (4 + 4 + 1) * 3
    assert Space({"lr": Float(0, 1)}).count == math.inf


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda: Float(2, 1), "reversed"),
        (lambda: Float(0, 1, log=True), "cannot begin at 0"),
        (lambda: Integer(-1, 5, log=True), "cannot begin at -1"),
        (lambda: Float(0, math.inf), "has no end"),
        (lambda: Integer(0, 5, step=0), "never arrives"),
        (lambda: Integer(1, 5, log=True, step=2), "no step"),
        (lambda: Choice(()), "nothing to choose"),
        (lambda: Choice(("a", "a")), "twice"),
        (
            lambda: Space({"x": Float(0, 1, when={"y": (1,)})}),
            "x: depends on y, which does not vary",
        ),
        (
            lambda: Space({"y": Choice((1, 2)), "x": Float(0, 1, when={"y": (3,)})}),
            "x: depends on y: 3 is none of",
        ),
        (
            lambda: Space(
                {"x": Choice((1, 2), when={"y": (1,)}), "y": Choice((1, 2), when={"x": (1,)})}
            ),
            "each is active only under the other",
        ),
        (lambda: Space({"x": Float(0, 1)}).to_unit({"x": 2.0}), "x: 2.0 is not within 0 and 1"),
        (lambda: Space({"x": Float(0, 1)}).to_unit({}), "x: has no value"),
    ],
)
def test_what_can_be_no_space_is_refused_in_one_sentence(build, says):
    with pytest.raises(ConfigError, match=says):
        build()
