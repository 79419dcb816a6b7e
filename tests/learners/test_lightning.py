from __future__ import annotations

import functools

import pytest
import torch
from contracts.learner import ListeningObserver
from support.tiny_data import TinyData

from joulelab.errors import ConfigError, DataError, LearnerError
from joulelab.learners.lightning import LightningLearner
from joulelab.models import inception, spectrogram_cnn
from joulelab.records import ComputeSettings


def make(net=spectrogram_cnn.build, optimizer=torch.optim.AdamW, seed=0, **more):
    torch.manual_seed(seed)
    values = {"lr": 1e-2, "batch_size": 8, "max_epochs": 2, "compute": ComputeSettings(), **more}
    return LightningLearner(net, optimizer, **values)


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"lr": 0.0}, "lr"),
        ({"lr": float("nan")}, "lr"),
        ({"batch_size": 0}, "batch_size"),
        ({"max_epochs": 0}, "max_epochs"),
        ({"max_steps": 0}, "max_steps"),
        ({"max_epochs": None, "max_steps": None}, "max_epochs"),
        ({"validate_every": 0}, "model.validate_every"),
        ({"num_workers": -1}, "model.num_workers"),
        ({"compute": ComputeSettings(devices=2)}, "hardware.devices"),
        ({"net": functools.partial(spectrogram_cnn.build, widht=3)}, "model.net"),
        ({"optimizer": functools.partial(torch.optim.AdamW, momentum=1)}, "model.optimizer"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_by_its_key(values, key):
    with pytest.raises(ConfigError) as caught:
        make(**values)
    assert caught.value.where == key
    assert caught.value.cure


def test_a_value_that_the_optimizer_refuses_is_named():
    learner = make(optimizer=functools.partial(torch.optim.AdamW, weight_decay=-1.0))
    with pytest.raises(ConfigError, match=r"model\.optimizer.*weight_decay"):
        learner.fit(TinyData(), ListeningObserver())


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_one_sentence():
    with pytest.raises(ConfigError, match=r"hardware\.accelerator"):
        make(compute=ComputeSettings(accelerator="gpu"))
    make(compute=ComputeSettings(accelerator="auto"))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_gpu_learns_as_well(precision, tmp_path):
    compute = ComputeSettings(accelerator="gpu", precision=precision, channels_last=True)
    learner, other = (make(compute=compute, max_epochs=10) for _ in "ab")
    learner.fit(TinyData(), ListeningObserver())
    learner.save(tmp_path)
    other.load(tmp_path)
    before = learner.evaluate(TinyData(), ListeningObserver())
    assert before["test/f1_macro"] > 0.8
    assert other.evaluate(TinyData(), ListeningObserver()) == before


@pytest.mark.parametrize(
    ("limits", "steps"),
    [
        ({"max_epochs": 2, "max_steps": None}, 6),
        ({"max_epochs": None, "max_steps": 4}, 4),
        ({"max_epochs": 2, "max_steps": 4}, 4),
        ({"max_epochs": 1, "max_steps": 4}, 3),
    ],
)
def test_the_first_limit_ends_the_fit_and_its_end_is_validated(limits, steps):
    observer = ListeningObserver()
    make(**limits).fit(TinyData(), observer)
    assert observer.steps[-1] == (steps, steps)
    assert observer.points[-1][0] == steps


def test_validations_are_inside_epochs_and_come_as_often_as_asked():
    observer = ListeningObserver()
    make(validate_every=2).fit(TinyData(), observer)
    assert [step for step, _ in observer.points] == [2, 4, 6]
    assert observer.phases.count("epoch") == 2
    assert observer.phases.count("epoch/validate") == 3


def test_validating_more_often_does_not_change_what_is_learned():
    often, seldom = ListeningObserver(), ListeningObserver()
    assert make(validate_every=1).fit(TinyData(), often) == make().fit(TinyData(), seldom)


def test_another_seed_learns_something_else():
    first, second = (make(seed=seed).fit(TinyData(), ListeningObserver()) for seed in (0, 1))
    assert first["val/loss"] != second["val/loss"]


def test_channels_last_and_worker_processes_change_nothing_but_rounding():
    plain = make().fit(TinyData(), ListeningObserver())
    compute = ComputeSettings(channels_last=True)
    other = make(compute=compute, num_workers=1).fit(TinyData(), ListeningObserver())
    assert other == pytest.approx(plain, rel=0.05)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_broken_file_is_the_same_sentence_from_a_worker_process(workers):
    class Broken(TinyData):
        def split(self, name):
            return self

        def __len__(self):
            return 8

        def __getitem__(self, index):
            raise DataError("the file is cut off", where="a.tif", cure="fetch it again")

    with pytest.raises(DataError) as caught:
        make(num_workers=workers).fit(Broken(), ListeningObserver())
    assert str(caught.value) == "a.tif: the file is cut off; fetch it again"


def test_bf16_really_computes_in_bf16_and_learns():
    learner = make(compute=ComputeSettings(precision="bf16"), max_epochs=10)
    metrics = learner.fit(TinyData(), ListeningObserver())
    assert metrics["val/f1_macro"] > 0.8
    assert metrics != make(max_epochs=10).fit(TinyData(), ListeningObserver())


@pytest.mark.parametrize("task", ["multiclass", "multilabel"])
def test_inception_trains_with_its_auxiliary_head(task):
    observer = ListeningObserver()
    data = TinyData(task, form="image", channels=12, size=16)
    metrics = make(inception.build, max_epochs=None, max_steps=2).fit(data, observer)
    assert "val/f1_macro" in metrics


def test_a_loss_that_is_no_number_ends_the_fit_with_its_step_and_cure():
    observer = ListeningObserver()
    with pytest.raises(LearnerError, match=r"the loss became .* at step \d+; lower lr"):
        make(optimizer=torch.optim.SGD, lr=1e30).fit(TinyData(), observer)
    assert observer.open == []


def test_batch_norm_on_single_samples_is_one_sentence():
    data = TinyData("multiclass", form="image", channels=3, size=16)
    with pytest.raises(LearnerError, match="batch_size=2 or more"):
        make(inception.build, batch_size=1).fit(data, ListeningObserver())


def test_a_learner_saved_at_another_batch_size_names_it(tmp_path):
    learner = make()
    learner.fit(TinyData(), ListeningObserver())
    learner.save(tmp_path)
    with pytest.raises(LearnerError, match="batch_size=8"):
        make(batch_size=4).load(tmp_path)


def test_a_learner_saved_on_other_data_is_one_sentence(tmp_path):
    learner, other = make(), make()
    learner.fit(TinyData(channels=2), ListeningObserver())
    learner.save(tmp_path)
    other.load(tmp_path)
    with pytest.raises(LearnerError, match="does not fit this net"):
        other.evaluate(TinyData(channels=3), ListeningObserver())
    with pytest.raises(LearnerError, match="built for other inputs"):
        learner.evaluate(TinyData(channels=3), ListeningObserver())


def test_a_learner_that_goes_on_takes_the_lr_of_its_configuration(tmp_path):
    learner, other = make(), make(lr=5e-3)
    learner.fit(TinyData(), ListeningObserver())
    learner.save(tmp_path)
    other.load(tmp_path)
    other.evaluate(TinyData(), ListeningObserver())
    other.save(tmp_path)
    saved = torch.load(tmp_path / "learner.ckpt")
    assert saved["optimizer"]["param_groups"][0]["lr"] == 5e-3
