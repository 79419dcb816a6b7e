"""Labelled scores for property tests: few distinct values, so that there are ties."""

from __future__ import annotations

from hypothesis import strategies as st


@st.composite
def scored(draw, longest=40):
    """(scores, labels): at least one step of each kind."""
    n = draw(st.integers(2, longest))
    labels = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    odd = draw(st.integers(0, n - 1))
    labels[odd], labels[odd - 1] = True, False
    values = st.integers(-6, 6).map(float)
    return draw(st.lists(values, min_size=n, max_size=n)), labels


@st.composite
def in_series(draw, longest=40):
    """(scores, labels, bounds) of one to four series, some of them empty."""
    scores, labels = draw(scored(longest))
    cuts = draw(st.lists(st.integers(0, len(labels)), max_size=3))
    return scores, labels, [0, *sorted(cuts), len(labels)]
