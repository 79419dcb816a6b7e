from __future__ import annotations

import pytest
from support.records import make_record
from support.study import rows, study

from joulelab.analysis.configurations import compare
from joulelab.analysis.duels import Pair, pair
from joulelab.analysis.table import collect
from joulelab.errors import ConfigError, DataError


def duel(records, a: str, b: str) -> Pair:
    runs = collect(rows(records))
    return pair(runs, [a, b], compare(runs))


def test_two_configurations_are_means_over_their_repeats() -> None:
    found = duel(study(), "model=minirocket", "model=spectrogram_cnn lr=0.01")
    assert (found.a.n, found.b.n) == (3, 3)
    assert found.a.energy.value == pytest.approx(12.0)
    assert found.b.energy.value == pytest.approx(170.0)
    assert found.quality_name == "test/f1_macro"
    assert found.a.quality.value == pytest.approx(0.80)
    assert found.same_instrument


def test_what_differs_is_named() -> None:
    found = duel(study(), "model=minirocket", "model=inception")
    differing = found.differing.set_index("key")
    assert differing.loc["model"].tolist() == ["minirocket", "inception"]
    assert "data" not in differing.index


@pytest.mark.parametrize(
    "name",
    ["job_traces-inception-0.001-1", "model=inception", "inception", "inception-job_traces"],
)
def test_a_side_may_be_named_by_id_configuration_or_run_name(name: str) -> None:
    found = duel(study(), "minirocket", name)
    assert set(found.b.table["model"]) == {"inception"}


def test_the_beginning_of_an_id_is_enough_where_it_is_the_only_one() -> None:
    records = [make_record("abcd1234", model="x"), make_record("abce9999", model="y")]
    assert duel(records, "abcd", "abce").a.run_ids == ["abcd1234"]


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ("minirocket", "inceptoin", r"compare: .*did you mean model=inception"),
        ("minirocket", "model=minirocket", "both names mean the same run"),
        ("minirocket", "job_traces-inc", "several runs"),
    ],
)
def test_a_name_that_says_nothing_clear_is_one_sentence(a: str, b: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        duel(study(), a, b)


def test_a_run_that_was_left_out_cannot_be_compared() -> None:
    records = [*study(), make_record("broken", status="FAILED", error="disk full")]
    with pytest.raises(DataError, match="broken cannot be compared: failed: disk full"):
        duel(records, "minirocket", "broken")


def test_other_machines_and_kinds_of_joules_are_told() -> None:
    records = [
        make_record("aaaa"),
        make_record("bbbb", tags={"host": "x", "provenance": "estimated"}),
    ]
    found = duel(records, "aaaa", "bbbb")
    assert not found.same_instrument
    assert any("not weighed alike" in note for note in found.notes)
