from __future__ import annotations

import json
import multiprocessing
from functools import partial

import pytest
from support.meters import BrokenMeter, ConstantMeter
from support.runs import run_and_die, tiny_run
from support.tiny_learner import TinyLearner

from joulelab import runfolder
from joulelab.errors import HardwareDenied, MeterUnavailable
from joulelab.meters.tracing import trace
from joulelab.tracking.null_store import NullStore

TOP = ("idle", "warmup", "fit", "evaluate", "idle_after", "other")


def test_a_run_weighs_every_phase(tmp_path):
    metrics = tiny_run(tmp_path).execute().metrics
    for phase in TOP:
        seconds = metrics[f"duration_s/{phase}"]
        assert metrics[f"energy_j/{phase}"] == pytest.approx(10 * seconds, abs=1e-4)


def test_phases_add_up_to_the_run(tmp_path):
    metrics = tiny_run(tmp_path).execute().metrics
    total_j = sum(metrics[f"energy_j/{phase}"] for phase in TOP)
    assert total_j == pytest.approx(metrics["energy_j/run"], rel=1e-9)


def test_energy_is_fit_plus_evaluate(tmp_path):
    metrics = tiny_run(tmp_path).execute().metrics
    work_j = metrics["energy_j/fit"] + metrics["energy_j/evaluate"]
    assert metrics["energy_j"] == pytest.approx(work_j, rel=1e-9)


def test_the_curve_has_growing_joules_from_the_start_of_fit(tmp_path):
    record = tiny_run(tmp_path).execute()
    joules = [point.energy_j for point in record.curve]
    assert [point.step for point in record.curve] == [1, 2, 3, 4]
    assert joules == sorted(joules)
    assert 0 < joules[0] < joules[-1] <= record.metrics["energy_j/fit"] + 1e-9


def test_without_a_meter_there_is_no_energy_at_all(tmp_path):
    record = tiny_run(tmp_path, meters={}).execute()
    assert not [key for key in record.metrics if key.startswith("energy")]
    assert record.tags["provenance"] == "none"
    assert record.metrics["test/f1_macro"] == 0.5


def test_a_failing_learner_leaves_trace_and_record(tmp_path):
    run = tiny_run(tmp_path, partial(TinyLearner, fail_at=2), warmup_s=0)
    with pytest.raises(RuntimeError, match="the learner broke"):
        run.execute()
    record = json.loads((run.folder / "record.json").read_text())
    assert record["status"] == "FAILED"
    assert "the learner broke" in record["error"]
    assert record["metrics"]["energy_j/fit"] > 0
    assert (run.folder / "trace.parquet").exists()


def test_a_broken_meter_stops_the_run_before_it_costs_anything(tmp_path):
    run = tiny_run(tmp_path, meters={"broken": BrokenMeter()})
    with pytest.raises(MeterUnavailable, match="plug it in"):
        run.execute()


def test_a_meter_that_need_not_answer_is_left_out(tmp_path, capfd):
    meters = {"constant": ConstantMeter(), "broken": BrokenMeter()}
    record = tiny_run(tmp_path, meters=meters, required={"broken": False}).execute()
    assert record.metrics["energy_j"] > 0
    assert "not plugged in" in record.tags["meter.broken"]
    assert capfd.readouterr().err.count("not plugged in") == 1


def test_a_meter_that_falls_silent_is_named_and_the_run_goes_on(tmp_path):
    meters = {"constant": ConstantMeter(), "mute": ConstantMeter(silent_after_s=0.05, rude=True)}
    record = tiny_run(tmp_path, meters=meters).execute()
    assert record.status == "FINISHED"
    assert "cable pulled" in record.tags["meter.mute"]
    assert "meter.constant" not in record.tags


def test_a_knob_says_what_became_of_it(tmp_path):
    class Dial:
        name = "dial"
        applied = "3 of 4"

        def apply(self):
            pass

        def restore(self):
            pass

    record = tiny_run(tmp_path, knobs=[Dial()]).execute()
    assert record.tags["hardware.dial"] == "3 of 4"


def test_instruments_of_one_scope_are_compared(tmp_path):
    meters = {"one": ConstantMeter(10.0), "other": ConstantMeter(11.0)}
    record = tiny_run(tmp_path, meters=meters, idle_s=5.5).execute()
    assert record.metrics["agreement/one.cpu/other.cpu/bias_w"] == pytest.approx(1.0, abs=0.01)


def test_sigterm_ends_the_fit_in_good_order(tmp_path):
    run = tiny_run(tmp_path, partial(TinyLearner, interrupt_at=2), warmup_s=0)
    record = run.execute()
    assert record.status == "KILLED"
    assert [point.step for point in record.curve] == [1, 2]
    assert "energy_j/evaluate" not in record.metrics
    assert record.metrics["energy_j/fit"] > 0


def test_what_a_killed_run_measured_is_stored_by_the_next_one(tmp_path):
    process = multiprocessing.get_context("spawn").Process(target=run_and_die, args=(tmp_path,))
    process.start()
    process.join()
    assert process.exitcode == -9
    store, outputs = NullStore([tmp_path / "outputs"]), tmp_path / "outputs"
    sentences = list(runfolder.recover(store, outputs))
    assert any("was killed" in sentence for sentence in sentences)
    (row,) = store.rows()
    assert row["status"] == "FAILED"
    assert row["metrics.energy_j/fit"] == pytest.approx(
        10 * row["metrics.duration_s/fit"], rel=0.01
    )
    assert list(runfolder.recover(store, outputs)) == []


class StuckKnob:
    name = "stuck"

    def apply(self):
        raise HardwareDenied("cannot be turned", where="hardware.stuck", cure="run as root")

    def restore(self):
        pass


def test_a_knob_that_cannot_be_turned_fails_a_strict_run(tmp_path):
    with pytest.raises(HardwareDenied):
        tiny_run(tmp_path, knobs=[StuckKnob()]).execute()


def test_a_lenient_run_notes_the_knob_and_goes_on(tmp_path):
    record = tiny_run(tmp_path, knobs=[StuckKnob()], strict=False).execute()
    assert record.status == "FINISHED"
    assert "cannot be turned" in record.tags["not_applied.stuck"]


def test_the_sealed_trace_has_the_nested_phases(tmp_path):
    run = tiny_run(tmp_path)
    run.execute()
    names = [phase.name for phase in trace.load(run.folder).phases]
    assert names.count("fit/epoch") == 4
