"""Unit coordinates as features of a Euclidean space, one group of columns a parameter.

Numbers are themselves. A category is a one-hot row of length 1/sqrt(2): any two are 1 apart. Where a
parameter is not active (NaN), a number sits at 0.5 and half a unit off the axis, a category has a
value of its own: inactive ones are 0 apart from each other, and never far from any active one (the
idea of Levesque et al., IJCNN 2017, made Euclidean so that every kernel stays positive definite).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from joulelab.sweeps.space import Choice, Float, Integer, Parameter, Space

Floats = npt.NDArray[np.float64]
OFF_AXIS = 0.5


class Embedding:
    def __init__(self, space: Space) -> None:
        self._space = space
        self._categories = [
            len(parameter.options) if isinstance(parameter, Choice) else 0
            for parameter in space.parameters.values()
        ]
        self._may_be_inactive = [bool(each.when) for each in space.parameters.values()]
        widths = [
            count + 1 if count else 1 + off
            for count, off in zip(self._categories, self._may_be_inactive, strict=True)
        ]
        self.categorical: npt.NDArray[np.bool_] = np.array(self._categories) > 0
        self.owner: npt.NDArray[np.intp] = np.repeat(np.arange(len(widths)), widths)

    def features(self, units: Floats) -> Floats:
        """(n, p) of (n, d) unit coordinates."""
        columns: list[Floats] = []
        kinds = zip(units.T, self._categories, self._may_be_inactive, strict=True)
        for column, count, off_axis in kinds:
            active = ~np.isnan(column)
            if count:
                code = np.where(active, np.clip(np.nan_to_num(column) * count, 0, count - 1), count)
                columns.append(np.eye(count + 1)[code.astype(int)] / math.sqrt(2))
            else:
                place = np.where(active, column, 0.5)
                columns.append(place[:, None])
                if off_axis:
                    columns.append(np.where(active, 0.0, OFF_AXIS)[:, None])
        return np.concatenate(columns, axis=1)

    def canonical(self, units: Floats) -> Floats:
        """Units of the configurations that these stand for: whole numbers, categories, NaN where
        inactive."""
        parameters = self._space.parameters
        columns = dict(zip(parameters, units.T, strict=True))
        snapped = {key: _snapped(parameters[key], columns[key]) for key in parameters}
        for key in self._space.parents_first:
            active = np.ones(len(units), dtype=bool)
            for other, allowed in parameters[key].when.items():
                places = [parameters[other].to_unit(value) for value in allowed]
                # An inactive parent is NaN, which is close to nothing.
                active &= np.isclose(snapped[other][:, None], places, rtol=0, atol=1e-12).any(1)
            snapped[key] = np.where(active, snapped[key], np.nan)
        return np.column_stack([snapped[key] for key in parameters])


def _snapped(parameter: Parameter, column: Floats) -> Floats:
    """Coordinates of the values at these coordinates."""
    if isinstance(parameter, Float):
        return np.full_like(column, 0.5) if parameter.low == parameter.high else column
    if isinstance(parameter, Integer) and parameter.log:
        low, high = math.log(parameter.low - 0.5), math.log(parameter.high + 0.5)
        values = np.round(np.exp(low + column * (high - low)))
        values = np.clip(values, parameter.low, parameter.high)
        return np.asarray((np.log(values) - low) / (high - low))
    places = np.minimum(np.floor(column * parameter.count), parameter.count - 1)
    return np.asarray((places + 0.5) / parameter.count)
