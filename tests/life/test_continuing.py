"""A run that goes on is, in its curve and its joules, the run that was never broken."""

from __future__ import annotations

import functools
import json
import math

import pytest
from support.runs import tiny_run
from support.tiny_learner import TinyLearner

from joulelab import continuing
from joulelab.errors import ConfigError
from joulelab.observers import Lease
from joulelab.records import StopReason


@pytest.fixture
def pieces(tmp_path):
    """A run paused after two of six points, and the one that went on to the end."""
    learner = functools.partial(TinyLearner, steps=6)
    first = stopping(tmp_path, learner, after=2)
    first.execute()
    second = going_on(tmp_path, learner, first.folder)
    second.execute()
    return first, second


class StopsAfter(TinyLearner):
    """Its lease is written by itself, as a sweeper would: it waits for nobody."""

    folder, after = None, 2

    def fit(self, data, observer):
        told = observer.point

        def point(step, metrics):
            told(step, metrics)
            if step == self.after:
                Lease.write(self.folder, step, StopReason.PAUSED)

        observer.point = point
        return super().fit(data, observer)


def stopping(root, learner, after, continues=None):
    kind = type("Stops", (StopsAfter,), {"after": after})
    made = functools.partial(kind, *learner.args, **learner.keywords)
    run = tiny_run(root, made, continues=continues, warmup_s=0, idle_s=0)
    kind.folder = run.folder
    return run


def going_on(root, learner, folder, **plan):
    return tiny_run(root, learner, continues=folder, warmup_s=0, idle_s=0, **plan)


def test_a_paused_run_keeps_its_learner(pieces):
    first, _ = pieces
    assert first.record.tags["stopped"] == "paused"
    assert first.record.tags["checkpoint"] == "kept"
    assert (first.folder / "checkpoint" / "tiny").read_text() == "2"
    assert first.record.status == "FINISHED"


def test_the_curve_goes_on_where_it_was(pieces):
    first, second = pieces
    curve = second.record.curve
    assert [point.step for point in curve] == [1, 2, 3, 4, 5, 6]
    assert [point.metrics for point in curve[:2]] == [p.metrics for p in first.record.curve]
    assert [point.energy_j for point in curve[:2]] == [p.energy_j for p in first.record.curve]
    joules = [point.energy_j for point in curve]
    assert joules == sorted(joules)
    assert second.record.tags["continues"] == first.record.run_uid


def test_joules_of_all_pieces_add_up(pieces):
    first, second = (piece.record.metrics for piece in pieces)
    own_j = second["energy_j/fit"] + second["energy_j/evaluate"]
    assert second["energy_j"] == pytest.approx(first["energy_j/fit"] + own_j, rel=1e-9)
    assert second["continued/energy_j"] == first["energy_j/fit"]
    own_s = second["duration_s/fit"] + second["duration_s/evaluate"]
    assert second["duration_s"] == pytest.approx(first["duration_s/fit"] + own_s)
    last = pieces[1].record.curve[-1]
    assert last.energy_j == pytest.approx(
        10 * (second["continued/duration_s"] + _since(pieces[1])), rel=1e-3
    )


class Trains(TinyLearner):
    """Its steps are the phase `train`, and after each it validates for a while."""

    def fit(self, data, observer):
        phase = observer.phase
        observer.phase = lambda name: phase("train")
        return super().fit(data, observer)


def test_joules_of_the_steps_alone_are_told_along_the_curve_of_all_pieces(tmp_path):
    learner = functools.partial(Trains, steps=6)
    kind = type("Stops", (Trains, StopsAfter), {"after": 2})
    first = tiny_run(tmp_path, functools.partial(kind, steps=6), warmup_s=0, idle_s=0)
    kind.folder = first.folder
    first.execute()
    second = going_on(tmp_path, learner, first.folder)
    second.execute()
    told = [point.metrics["train/energy_j"] for point in second.record.curve]
    assert told == sorted(told)
    each = (piece.record.metrics["energy_j/fit/train"] for piece in (first, second))
    assert told[-1] == pytest.approx(sum(each), rel=1e-9)


def _since(run):
    start_ns = continuing_start(run.folder)
    return (run.record.curve[-1].time_ns - start_ns) / 1e9


def continuing_start(folder):
    phases = json.loads((folder / "phases.json").read_text())["phases"]
    return next(phase["start_ns"] for phase in phases if phase["name"] == "fit")


def test_phases_of_a_piece_still_add_up_to_that_piece(pieces):
    metrics = pieces[1].record.metrics
    named = ("fit", "evaluate", "idle_after", "other")
    total_j = sum(metrics[f"energy_j/{phase}"] for phase in named)
    assert total_j == pytest.approx(metrics["energy_j/run"], rel=1e-9)


def test_shared_uncertainty_adds_linearly_and_independent_in_quadrature(pieces):
    first, second = (piece.record.metrics for piece in pieces)
    assert second["energy_j_u_shared"] >= first["energy_j/fit_u_shared"]
    assert second["energy_j_u_independent"] >= first["energy_j/fit_u_independent"]


def test_three_pieces_are_one_curve(tmp_path):
    learner = functools.partial(TinyLearner, steps=6)
    first = stopping(tmp_path, learner, after=2)
    first.execute()
    second = stopping(tmp_path, learner, after=4, continues=first.folder)
    second.execute()
    third = going_on(tmp_path, learner, second.folder)
    metrics = third.execute().metrics
    assert [point.step for point in third.record.curve] == [1, 2, 3, 4, 5, 6]
    earlier_j = first.record.metrics["energy_j/fit"] + second.record.metrics["energy_j/fit"]
    assert metrics["continued/energy_j"] == pytest.approx(earlier_j, rel=1e-9)


def test_without_a_meter_the_pieces_have_steps_but_no_joules(tmp_path):
    learner = functools.partial(TinyLearner, steps=3)
    first = tiny_run(
        tmp_path, functools.partial(TinyLearner, steps=3, interrupt_at=2), {}, warmup_s=0
    )
    first.execute()
    second = going_on(tmp_path, learner, first.folder, meters={})
    record = second.execute()
    assert [point.step for point in record.curve] == [1, 2, 3]
    assert all(math.isnan(point.energy_j) for point in record.curve)
    assert not [key for key in record.metrics if key.startswith("energy")]


def test_a_learner_that_cannot_go_on_is_not_kept_and_the_run_counts(tmp_path):
    learner = functools.partial(TinyLearner, steps=6, goes_on=False)
    run = stopping(tmp_path, learner, after=2)
    record = run.execute()
    assert record.status == "FINISHED"
    assert record.tags["checkpoint"] == "this learner cannot go on"
    assert continuing.checkpoint_of(run.folder) is None


@pytest.mark.parametrize(
    ("params", "said"),
    [({"lr": "0.01"}, "lr was 0.1 and is 0.01"), ({"max_epochs": "9", "lr": "0.1"}, None)],
)
def test_other_work_does_not_go_on(tmp_path, params, said):
    first = tiny_run(
        tmp_path,
        functools.partial(TinyLearner, interrupt_at=2),
        warmup_s=0,
        params={"lr": "0.1", "max_epochs": "3"},
    )
    first.execute()
    second = going_on(tmp_path, functools.partial(TinyLearner), first.folder, params=params)
    if said is None:
        assert second.execute().status == "FINISHED"
        return
    with pytest.raises(ConfigError, match=said):
        second.execute()
    assert not second.folder.exists()


def test_a_folder_without_a_learner_is_refused(tmp_path):
    first = tiny_run(tmp_path, warmup_s=0)
    first.execute()
    with pytest.raises(ConfigError, match="kept no learner"):
        going_on(tmp_path, functools.partial(TinyLearner), first.folder).execute()


def test_a_net_that_goes_on_learns_what_it_would_have_learned_unbroken(tmp_path):
    import torch

    from joulelab.learners.lightning import LightningLearner
    from joulelab.models import spectrogram_cnn
    from joulelab.records import ComputeSettings

    class Stops(LightningLearner):
        folder, after = None, 0

        def fit(self, data, observer):
            told = observer.point

            def point(step, metrics):
                told(step, metrics)
                if len(observer.curve) == self.after:
                    Lease.write(self.folder, 0, StopReason.PAUSED)

            observer.point = point
            return super().fit(data, observer)

    def learner(kind=LightningLearner):
        values = {"lr": 1e-2, "batch_size": 8, "max_epochs": 4, "compute": ComputeSettings()}
        return kind(spectrogram_cnn.build, torch.optim.AdamW, **values)

    quick = {"warmup_s": 0, "idle_s": 0}
    whole = tiny_run(tmp_path, learner, **quick).execute()
    broken = tiny_run(tmp_path, functools.partial(learner, Stops), **quick)
    Stops.folder, Stops.after = broken.folder, 2
    broken.execute()
    rest = tiny_run(tmp_path, learner, continues=broken.folder, **quick).execute()
    assert len(broken.record.curve) == 2
    assert [point.step for point in rest.curve] == [point.step for point in whole.curve]
    for gone_on, unbroken in zip(rest.curve, whole.curve, strict=True):
        assert gone_on.metrics == pytest.approx(unbroken.metrics, rel=1e-6)
    assert rest.metrics["test/loss"] == pytest.approx(whole.metrics["test/loss"], rel=1e-6)
