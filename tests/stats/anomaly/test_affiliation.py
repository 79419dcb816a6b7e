from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import anomaly_brute

from joulelab.stats.anomaly.affiliation import affiliation
from joulelab.stats.anomaly.truth import Truth


@st.composite
def flagged(draw, longest=30):
    n = draw(st.integers(2, longest))
    labels = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    labels[draw(st.integers(0, n - 1))] = True
    flags = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    return np.array(flags), np.array(labels)


@settings(max_examples=60)
@given(flagged(16))
def test_is_what_sums_over_moments_approach(case):
    flags, labels = case
    expected = anomaly_brute.affiliation(flags, labels)
    np.testing.assert_allclose(affiliation(flags, Truth.of(labels)), expected, atol=0.04)


@given(flagged())
def test_lies_between_none_and_one_and_precision_needs_a_flag(case):
    flags, labels = case
    found = affiliation(flags, Truth.of(labels))
    assert np.isnan(found.precision) == (not flags.any())
    assert -1e-12 <= found.recall <= 1 + 1e-12
    assert flags.any() <= (-1e-12 <= found.precision <= 1 + 1e-12)


@given(flagged())
def test_time_may_run_backwards(case):
    flags, labels = case
    forth = affiliation(flags, Truth.of(labels))
    back = affiliation(flags[::-1], Truth.of(labels[::-1]))
    np.testing.assert_allclose(back, forth, rtol=1e-9)


@given(flagged())
def test_the_truth_itself_is_perfect(case):
    _, labels = case
    found = affiliation(labels, Truth.of(labels))
    assert found == pytest.approx((1, 1))
    assert found.f1 == pytest.approx(1)


@given(flagged())
def test_flagging_everything_finds_everything(case):
    _, labels = case
    assert affiliation(np.ones_like(labels), Truth.of(labels)).recall == pytest.approx(1)


@given(flagged(), flagged())
def test_series_are_judged_apart(one, other):
    truths = [Truth.of(labels) for _, labels in (one, other)]
    both = affiliation(
        np.concatenate([one[0], other[0]]),
        Truth.of(np.concatenate([one[1], other[1]]), [0, len(one[1]), len(one[1]) + len(other[1])]),
    )
    parts = [
        affiliation(flags, truth) for (flags, _), truth in zip((one, other), truths, strict=True)
    ]
    events = [len(truth.segments) for truth in truths]
    assert both.recall == pytest.approx(np.average([p.recall for p in parts], weights=events))


def test_one_flag_in_the_middle_by_hand():
    # Zone 0 to 10, segment 4 to 6, flag 7 to 8: distances 1 to 2 of at most 4 on both sides.
    flags, labels = np.zeros(10, bool), np.zeros(10, bool)
    labels[4:6] = flags[7] = True
    precision = 2 * (4 - 1.5) / 10
    # From y to the flag it is 7 - y; the zone's nearer ends are further than that on both sides.
    recall = 1 - 2 * (7 - 5) / 10
    found = affiliation(flags, Truth.of(labels))
    assert found == pytest.approx((precision, recall))
