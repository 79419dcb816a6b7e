from __future__ import annotations

import math
from dataclasses import replace

import pytest
from support.studies import SPACE, config, curve, definition, finish, opened

from joulelab.errors import ConfigError, StoreError
from joulelab.sweeps.budget import Budget
from joulelab.sweeps.history import Proposal
from joulelab.sweeps.objectives import parse
from joulelab.sweeps.space import Choice, Float, Space
from joulelab.sweeps.study import Study, TrialTaken


def stored(url, name="grid"):
    """The study as Optuna's own tools see it."""
    import optuna

    if url.startswith("journal"):
        backend = optuna.storages.journal.JournalFileBackend(url.removeprefix("journal://"))
        return optuna.load_study(study_name=name, storage=optuna.storages.JournalStorage(backend))
    return optuna.load_study(study_name=name, storage=url)


def done(study, seed, length=5, **metrics):
    number = study.begin(Proposal(5, config(seed)))
    study.report(number, curve(length))
    finish(study, number, **metrics)
    return number


def test_a_new_study_knows_nothing(url):
    history = opened(url).history()
    assert (dict(history.trials), history.spent) == ({}, 0.0)
    assert [objective.name for objective in history.objectives] == ["val/f1_macro", "energy_j"]


def test_what_was_told_is_there_for_the_next_command(url):
    study = opened(url)
    number = done(study, 1, **{"memory_bytes/peak": 4e9})
    study.close()
    trial = opened(url).history().trials[number]
    assert trial.config == config(1)
    assert trial.points == tuple(curve(5))
    assert (trial.state, trial.planned_steps) == ("done", 5)
    assert trial.violation == pytest.approx(-0.2)
    assert trial.start_cost == 50.0  # 100 J were spent, 50 J of them on the curve.


def test_numbers_go_on(url):
    first = opened(url)
    assert [done(first, seed) for seed in range(3)] == [0, 1, 2]
    first.close()
    second = opened(url)
    assert done(second, 3) == 3
    assert second.history().spent == 400.0


def test_a_running_trial_shows_its_curve_so_far(url):
    study = opened(url)
    number = study.begin(Proposal(40, config(1)))
    for length in (1, 2, 33, 70):
        study.report(number, curve(length))
        trial = opened(url).history().trials[number]
        assert (trial.state, trial.points) == ("running", tuple(curve(length)))
    assert study.history().spent == 700.0


def test_a_curve_that_begins_anew_replaces_the_old_one(url):
    study = opened(url)
    number = study.begin(Proposal(100, config(1)))
    study.report(number, curve(100))
    study.report(number, curve(2, scale=3.0))
    assert opened(url).history().trials[number].points == tuple(curve(2, scale=3.0))


def test_a_curve_that_is_told_twice_is_kept_once(url):
    study = opened(url)
    number = study.begin(Proposal(5, config(1)))
    study.report(number, curve(3))
    study.report(number, curve(3))
    finish(study, number)
    finish(study, number)
    study.report(number, curve(5))
    assert study.history().trials[number].points == tuple(curve(3))


def test_a_paused_trial_goes_on_once(url):
    one, other = opened(url), opened(url)
    number = one.begin(Proposal(5, config(1)))
    one.report(number, curve(5))
    finish(one, number, "paused")
    assert other.history().trials[number].state == "paused"
    assert other.begin(Proposal(9, resumes=number)) == number
    with pytest.raises(TrialTaken, match=f"trial {number} waits no more"):
        one.begin(Proposal(9, resumes=number))
    other.report(number, curve(9))
    finish(other, number)
    trial = one.history().trials[number]
    assert (trial.state, trial.planned_steps, len(trial.points)) == ("done", 9, 9)


def test_a_postponed_trial_is_the_next_one_and_counts_no_attempt(url):
    one, other = opened(url, retries=0), opened(url, retries=0)
    number = one.begin(Proposal(5, config(1)))
    one.report(number, curve(2))
    one.postpone(number, 9, {"energy_j": 30.0})
    assert other.take() == number
    trial = other.history().trials[number]
    assert (trial.state, trial.planned_steps, len(trial.points)) == ("running", 9, 2)
    assert other.history().spent == 30.0
    assert other.requeue(number, "killed") is False  # its one attempt


def test_a_failed_trial_keeps_its_curve_and_its_cost(url):
    study = opened(url)
    number = study.begin(Proposal(5, config(1)))
    study.report(number, curve(2))
    study.finish(number, "failed", {}, {"energy_j": 30.0}, "out of memory")
    trial = study.history().trials[number]
    assert (trial.state, len(trial.points), study.history().spent) == ("failed", 2, 30.0)
    assert stored(url).trials[number].user_attrs["why"] == "out of memory"


def test_a_run_without_a_point_has_failed(url):
    study = opened(url)
    number = study.begin(Proposal(5, config(1)))
    finish(study, number)
    assert study.history().trials[number].state == "failed"


def test_a_point_with_nan_is_kept_and_the_last_whole_one_is_the_value(url):
    study = opened(url)
    number = study.begin(Proposal(5, config(1)))
    points = [*curve(2), replace(curve(3)[2], losses=(math.nan, 30.0))]
    study.report(number, points)
    finish(study, number)
    assert math.isnan(study.history().trials[number].points[2].losses[0])
    assert stored(url).trials[number].values == [0.2, 20.0]


def test_optunas_tools_see_values_parameters_and_constraints(url):
    import optuna

    study = opened(url)
    number = done(study, 1, **{"memory_bytes/peak": 6e9})
    paused = study.begin(Proposal(5, config(2)))
    finish(study, paused, "paused")
    seen = stored(url)
    trial = seen.trials[number]
    assert (trial.values, trial.state.name) == ([0.5, 50.0], "COMPLETE")
    assert trial.params == config(1)
    assert trial.constraints == {"memory_bytes/peak <= 5e+09": pytest.approx(0.2)}
    assert seen.metric_names == ["val/f1_macro", "energy_j"]
    assert [each.state for each in seen.trials] == [
        optuna.trial.TrialState.COMPLETE,
        optuna.trial.TrialState.WAITING,
    ]
    assert [each.number for each in seen.best_trials] == []  # It oversteps its memory.


def test_an_equal_configuration_is_answered_from_the_store(url):
    study = opened(url)
    first = done(study, 1)
    idle = {key: 3 for key in SPACE.parameters if key not in SPACE.active(config(1))}
    second = study.begin(Proposal(5, {**config(1), **idle}))
    trials = study.history().trials
    assert second != first
    assert (trials[second].state, trials[second].points) == ("done", trials[first].points)
    assert (study.history().spent, study.spent().runs) == (100.0, 1)


def test_a_repeat_or_a_longer_run_is_no_equal(url):
    study = opened(url)
    done(study, 1)
    for number in (
        study.begin(Proposal(5, config(1)), repeat=True),
        study.begin(Proposal(9, config(1))),
    ):
        assert study.history().trials[number].state == "running"


def test_an_equal_of_a_paused_trial_takes_that_one_up(url):
    study = opened(url)
    number = study.begin(Proposal(5, config(1)))
    study.report(number, curve(5))
    finish(study, number, "paused")
    assert study.begin(Proposal(9, config(1))) == number


def test_the_budget_counts_all_that_was_spent(url):
    study = opened(url, Budget(joules=250.0))
    done(study, 1)
    number = study.begin(Proposal(5, config(2)))
    study.finish(number, "failed", {}, {"energy_j": 100.0}, "killed")
    assert study.spent_up() is None
    number = study.begin(Proposal(20, config(3)))
    study.report(number, curve(5))
    assert "the budget of 250 J is spent" in study.spent_up()


def test_a_space_without_another_configuration_ends_the_sweep(url):
    space = Space({"model": Choice(("a", "b"))})
    study = Study(url, "grid", definition(space))
    for model in ("a", "b"):
        assert study.spent_up() is None
        number = study.begin(Proposal(5, {"model": model}))
        study.report(number, curve(5))
        finish(study, number)
    assert study.spent_up() == "every configuration of the space has run"


def test_another_space_is_told_apart_and_extended_on_demand(url):
    done(opened(url), 1)
    options = Choice(("scnn", "inception", "minirocket"))
    lr = Float(1e-4, 1e-1, log=True)
    wider = Space({**SPACE.parameters, "model": options, "lr": lr, "batch": Float(1, 2)})
    with pytest.raises(ConfigError) as refused:
        Study(url, "grid", definition(wider))
    assert str(refused.value) == (
        "sweep.study=grid: the study has another search space: model was scnn,inception, is "
        "scnn,inception,minirocket, lr was 1e-05..0.1 log, is 0.0001..0.1 log, batch is new; go on "
        "with the new one by sweep.extend=true, or give another name"
    )
    study = Study(url, "grid", definition(wider), extend=True)
    number = study.begin(Proposal(5, {"model": "minirocket", "lr": 0.01, "batch": 1.5}))
    history = study.history()
    assert list(history.trials) == [number] == [1]
    assert history.spent >= 100.0  # What ran in the old space was paid for.
    study.close()
    Study(url, "grid", definition(wider)).close()


def test_trials_that_the_wider_space_holds_stay(url):
    done(opened(url), 1)
    lr = Float(1e-6, 1.0, log=True)
    wider = Space({**SPACE.parameters, "lr": lr})
    trials = Study(url, "grid", definition(wider), extend=True).history().trials
    assert trials[0].config == config(1)


@pytest.mark.parametrize("extend", [False, True])
def test_what_pursues_something_else_is_another_study(tmp_path, extend):
    url = f"sqlite:///{tmp_path}/study.db"
    opened(url).close()
    other = replace(definition(), objectives=parse(["val/loss", "energy_j"]))
    with pytest.raises(ConfigError, match=r"other objectives .*give the new study another name"):
        Study(url, "grid", other, extend=extend)
    with pytest.raises(ConfigError, match=r"other fixed values \(none, not data=b\)"):
        Study(url, "grid", replace(definition(), fixed={"data": "b"}), extend=extend)


def test_other_constraints_judge_the_old_trials_anew(url):
    done(opened(url), 1, **{"memory_bytes/peak": 4e9})
    strict = replace(definition(), constraints=())
    assert Study(url, "grid", strict).history().trials[0].violation is None


def test_two_studies_share_a_storage(url):
    done(opened(url), 1)
    other = Study(url, "other", definition())
    assert not other.history().trials
    assert other.begin(Proposal(5, config(1))) == 0


def test_what_a_closed_worker_ran_is_adopted_and_requeued(url):
    gone = opened(url)
    number = gone.begin(Proposal(5, config(1)))
    gone.report(number, curve(2))
    gone.close()
    study = opened(url)
    assert study.recover() == (number,)
    assert study.take() == number
    assert study.take() is None
    study.report(number, curve(5))
    finish(study, number)
    assert study.history().trials[number].state == "done"


def test_a_trial_whose_workers_die_again_and_again_fails(url):
    for attempt in range(2):
        gone = opened(url, retries=1)
        number = gone.begin(Proposal(5, config(1))) if attempt == 0 else gone.take()
        gone.close()
        study = opened(url, retries=1)
        assert study.recover() == ((number,) if attempt == 0 else ())
    assert study.history().trials[number].state == "failed"
    assert "tried 2 times" in stored(url).trials[number].user_attrs["why"]


def test_a_worker_that_lives_keeps_its_trials(url):
    busy, other = opened(url), opened(url)
    busy.begin(Proposal(5, config(1)))
    assert other.adopt() == ()
    with pytest.raises(StoreError, match="another worker's now"):
        other.report(0, curve(1))


def test_an_unknown_storage_is_refused(tmp_path):
    from joulelab.sweeps.opening import url_of

    assert url_of(None, tmp_path) == f"sqlite:///{tmp_path}/study.db"
    assert url_of("journal", tmp_path) == f"journal:///{tmp_path}/study.journal"
    with pytest.raises(ConfigError, match="'redis' is no storage of studies"):
        url_of("redis", tmp_path)


def test_a_database_that_does_not_answer_is_told_in_one_sentence(tmp_path):
    pytest.importorskip("psycopg")
    with pytest.raises(StoreError, match="does not answer"):
        opened(f"postgresql+psycopg://nobody@/none?host={tmp_path}")
