from __future__ import annotations

import pytest

from joulelab.errors import ConfigError
from joulelab.sweeps.space import Choice, Float, Integer

SWEEPS = [
    ("lr=tag(log,interval(1e-4,1e-2))", "lr", Float(1e-4, 1e-2, log=True)),
    ("model.net.dropout=interval(0,0.5)", "model.net.dropout", Float(0.0, 0.5)),
    ("batch_size=int(interval(8,64))", "batch_size", Integer(8, 64)),
    ("batch_size=int(tag(log,interval(8,64)))", "batch_size", Integer(8, 64, log=True)),
    ("batch_size=tag(log,int(interval(8,64)))", "batch_size", Integer(8, 64, log=True)),
    ("batch_size=range(8,64,8)", "batch_size", Integer(8, 56, step=8)),
    ("max_epochs=range(1,4)", "max_epochs", Integer(1, 3)),
    ("model.net.dropout=range(0.0,0.3,0.1)", "model.net.dropout", Choice((0.0, 0.1, 0.2))),
    ("batch_size=100,200,300", "batch_size", Choice((100, 200, 300))),
    ("batch_size=choice(100,200)", "batch_size", Choice((100, 200))),
    ("batch_size=32,32,64", "batch_size", Choice((32, 64))),
    ("lr=1e-3,1e-2", "lr", Choice((1e-3, 1e-2))),
    ("hardware.precision=fp32,bf16", "hardware.precision", Choice(("fp32", "bf16"))),
    ("data.channels=[power_w],null", "data.channels", Choice(("[power_w]", "null"))),
]


@pytest.mark.parametrize(("word", "key", "parameter"), SWEEPS)
def test_what_a_sweep_spans(read, word, key, parameter):
    assert read(word).space.parameters == {key: parameter}


def test_a_glob_spans_the_options_of_its_group(read):
    models = read("model=glob([scnn*,mini*],exclude=*_all)").space.parameters["model"]
    assert models == Choice(("minirocket", "scnn_rgb"))


def test_single_values_are_in_every_job_and_the_last_one_counts(read):
    found = read("max_epochs=2", "lr=1e-3,1e-2", "max_epochs=3", "batch_size=choice(64)")
    assert found.overrides({"lr": 1e-2}) == ["max_epochs=3", "batch_size=64", "lr=0.01"]


def test_what_is_said_to_the_sweeper_reaches_no_job(read):
    found = read("sweep.budget_runs=4", "lr=1e-3,1e-2", "sweep=quick")
    assert found.overrides({"lr": 1e-3}) == ["lr=0.001"]
    assert found.every({"lr": 1e-3}) == ["lr=0.001", "sweep.budget_runs=4", "sweep=quick"]


def test_a_key_is_active_where_its_model_has_it(read):
    found = read("model=minirocket,spectrogram_cnn", "model.net.dropout=interval(0,0.5)")
    dropout = found.space.parameters["model.net.dropout"]
    assert dropout.when == {"model": ("spectrogram_cnn",)}
    assert found.overrides({"model": "minirocket"}) == ["model=minirocket"]


def test_a_training_key_is_active_where_a_model_reads_it(read):
    found = read("model=minirocket,spectrogram_cnn,inception", "lr=tag(log,interval(1e-4,1e-2))")
    assert found.space.parameters["lr"].when == {"model": ("spectrogram_cnn", "inception")}


def test_a_fixed_key_is_left_out_where_it_does_not_exist(read):
    found = read("model=minirocket,spectrogram_cnn", "model.estimator.n_kernels=84")
    assert found.overrides({"model": "spectrogram_cnn"}) == ["model=spectrogram_cnn"]
    assert "model.estimator.n_kernels=84" in found.overrides({"model": "minirocket"})


def test_every_job_that_a_space_offers_composes(read):
    found = read(
        "model=minirocket,spectrogram_cnn", "model.net.dropout=interval(0,0.5)", "meter=[rapl],none",
        "lr=tag(log,interval(1e-4,1e-2))", "hardware=default,cpu_1core",
    )  # fmt: skip
    for unit in ((0.1, 0.2, 0.1, 0.3, 0.1), (0.9, 0.2, 0.9, 0.3, 0.9)):
        composed = read.compose(found.overrides(found.space.from_unit(unit)))
        assert composed.model._target_.startswith("joulelab.learners.")


BAD = [
    ("lr=interval(1e-2,1e-4)", "reversed"),
    ("lr=tag(log,interval(0,1))", "logarithm"),
    ("lr=tag(log,interval(-1,1))", "logarithm"),
    ("batch_size=tag(log,choice(0,1))", "logarithm"),
    ("lr=tag(lgo,interval(1,2))", "lgo"),
    ("lr=interval(0,inf)", "finite"),
    ("max_epochs=range(4,4)", "empty"),
    ("model=glob(nothing*)", "nothing*"),
    ("objectives=[energy_j],[duration_s]", "objectives"),
    ("sweep.budget_j=1,2", "sweep.budget_j"),
]


@pytest.mark.parametrize(("word", "words"), BAD)
def test_what_spans_nothing_is_refused_in_one_sentence(read, word, words):
    with pytest.raises(ConfigError, match=r".*") as refused:
        read(word)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_key_that_no_model_reads_is_refused(read):
    with pytest.raises(ConfigError, match="lr"):
        read("model=minirocket", "lr=1e-3,1e-2")
