"""What every Learner promises; a subclass gives `make`, `data` and `wrong_data`."""

from __future__ import annotations

from contextlib import contextmanager

import numpy as np
import pytest

from joulelab.errors import LearnerError
from joulelab.protocols import Learner
from joulelab.records import StopReason


class ListeningObserver:
    """Keeps all it hears; stops after `stop_after` questions."""

    def __init__(self, stop_after=None):
        self.points, self.steps, self.phases, self.open = [], [], [], []
        self.questions, self._stop_after = 0, stop_after

    @contextmanager
    def phase(self, name):
        self.open.append(name)
        self.phases.append("/".join(self.open))
        try:
            yield
        finally:
            assert self.open.pop() == name

    def progress(self, step, total, metrics=None):
        self.steps.append((step, total))

    def point(self, step, metrics):
        self.points.append((step, metrics))

    def should_stop(self):
        self.questions += 1
        asked = self._stop_after is not None and self.questions > self._stop_after
        return StopReason.BUDGET if asked else None


class LearnerContract:
    def make(self, seed=0, epochs=4) -> Learner:
        raise NotImplementedError

    def data(self):
        raise NotImplementedError

    def wrong_data(self):
        raise NotImplementedError

    def test_is_a_learner(self):
        assert isinstance(self.make(), Learner)

    def test_fit_returns_the_validation_metrics_of_its_last_point(self):
        observer = ListeningObserver()
        metrics = self.make().fit(self.data(), observer)
        assert metrics
        assert any(key.startswith("val/") for key in metrics)
        assert all(key.startswith(("val/", "train/")) for key in metrics)
        assert observer.points[-1][1] == metrics

    def test_points_and_progress_increase_and_end_at_the_total(self):
        observer = ListeningObserver()
        self.make().fit(self.data(), observer)
        at = [step for step, _ in observer.points]
        assert at == sorted(set(at))
        assert [step for step, _ in observer.steps] == list(range(1, len(observer.steps) + 1))
        assert observer.steps[-1][0] == observer.steps[-1][1] == at[-1]

    def test_every_phase_that_was_opened_is_closed(self):
        observer = ListeningObserver()
        self.make().fit(self.data(), observer)
        assert "validate" in {phase.rpartition("/")[2] for phase in observer.phases}
        assert observer.open == []

    def test_evaluate_judges_the_test_split(self):
        learner = self.make()
        learner.fit(self.data(), ListeningObserver())
        metrics = learner.evaluate(self.data(), ListeningObserver())
        assert metrics
        assert all(key.startswith("test/") for key in metrics)

    def test_it_learns(self):
        learner = self.make()
        learner.fit(self.data(), ListeningObserver())
        metrics = learner.evaluate(self.data(), ListeningObserver())
        assert metrics["test/f1_macro"] > 0.8

    def test_the_same_seed_gives_the_same_metrics(self):
        first, second = (self.make(seed=3).fit(self.data(), ListeningObserver()) for _ in "ab")
        assert first == second

    def test_it_stops_at_once_when_asked_before_the_first_step(self):
        observer = ListeningObserver(stop_after=0)
        learner = self.make()
        assert learner.fit(self.data(), observer) == {}
        assert learner.evaluate(self.data(), observer) == {}
        assert observer.steps == []
        assert observer.points == []
        assert observer.open == []

    def test_it_ends_in_good_order_wherever_it_is_asked_to_stop(self):
        full = ListeningObserver()
        self.make().fit(self.data(), full)
        for questions in np.unique(np.linspace(1, full.questions - 1, 6, dtype=int)):
            observer = ListeningObserver(stop_after=questions)
            self.make().fit(self.data(), observer)
            assert observer.questions <= questions + 6
            assert observer.open == []

    def test_an_evaluation_that_was_cut_short_says_nothing(self):
        learner = self.make()
        learner.fit(self.data(), ListeningObserver())
        full = ListeningObserver()
        learner.evaluate(self.data(), full)
        for questions in range(full.questions):
            assert learner.evaluate(self.data(), ListeningObserver(stop_after=questions)) == {}

    def test_a_saved_learner_judges_as_before(self, tmp_path):
        learner, other = self.make(), self.make(seed=9)
        learner.fit(self.data(), ListeningObserver())
        learner.save(tmp_path)
        other.load(tmp_path)
        before = learner.evaluate(self.data(), ListeningObserver())
        assert other.evaluate(self.data(), ListeningObserver()) == before

    def test_a_finished_fit_has_nothing_left_to_do_after_load(self, tmp_path):
        learner, other = self.make(), self.make(seed=9)
        metrics = learner.fit(self.data(), ListeningObserver())
        learner.save(tmp_path)
        other.load(tmp_path)
        observer = ListeningObserver()
        assert other.fit(self.data(), observer) == metrics
        assert observer.steps == []
        assert observer.points == []

    def test_what_fit_would_refuse_can_be_asked_before(self):
        with pytest.raises(LearnerError):
            self.make().check(self.wrong_data().spec)

    def test_asking_before_changes_nothing(self):
        first, second = self.make(), self.make()
        second.check(self.data().spec)
        observers = ListeningObserver(), ListeningObserver()
        assert first.fit(self.data(), observers[0]) == second.fit(self.data(), observers[1])

    def test_data_that_does_not_fit_is_one_sentence(self):
        with pytest.raises(LearnerError) as caught:
            self.make().fit(self.wrong_data(), ListeningObserver())
        assert caught.value.cure
        assert "\n" not in str(caught.value)

    def test_evaluating_before_a_fit_is_one_sentence(self):
        with pytest.raises(LearnerError, match="nothing fitted"):
            self.make().evaluate(self.data(), ListeningObserver())

    def test_a_folder_without_a_saved_learner_is_named(self, tmp_path):
        with pytest.raises(LearnerError, match=str(tmp_path)):
            self.make().load(tmp_path)


class StepwiseLearnerContract(LearnerContract):
    """Of learners that go by steps, and can go on after any of them."""

    def test_save_and_load_at_any_moment_change_nothing(self, tmp_path):
        whole = ListeningObserver()
        learner = self.make()
        metrics = learner.fit(self.data(), whole)
        tested = learner.evaluate(self.data(), ListeningObserver())
        for questions in np.unique(np.linspace(2, whole.questions - 1, 5, dtype=int)):
            pieces = []
            for number, stop_after in enumerate((questions, None)):
                piece = self.make(seed=0 if number == 0 else 9)
                if number:
                    piece.load(tmp_path)
                pieces.append(ListeningObserver(stop_after))
                last = piece.fit(self.data(), pieces[-1])
                piece.save(tmp_path)
            assert last == metrics
            assert piece.evaluate(self.data(), ListeningObserver()) == tested
            assert [*pieces[0].points, *pieces[1].points] == whole.points
            assert [*pieces[0].steps, *pieces[1].steps] == whole.steps

    def test_a_longer_fit_starts_like_a_shorter_one(self, tmp_path):
        whole, short = self.make(), self.make(epochs=2)
        metrics = whole.fit(self.data(), ListeningObserver())
        short.fit(self.data(), ListeningObserver())
        short.save(tmp_path)
        rest = self.make(seed=9)
        rest.load(tmp_path)
        assert rest.fit(self.data(), ListeningObserver()) == metrics
