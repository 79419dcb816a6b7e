from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from support.tiny_data import TinyData
from torch import nn

from joulelab.errors import ConfigError, LearnerError
from joulelab.models import inception, scnn, spectrogram_cnn
from joulelab.records import DataSpec


def spec(form="image", channels=3, size=120, classes=19, task="multilabel"):
    return DataSpec(
        name="made up",
        task=task,
        form=form,
        classes=tuple(f"class {i}" for i in range(classes)),
        input_shape=(channels, size) if form == "series" else (channels, size, size),
        channels=tuple(f"channel {i}" for i in range(channels)),
        units=("1",) * channels,
        mean=(0.5,) * channels,
        std=(2.0,) * channels,
    )


def parameters(module):
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize(
    ("build", "channels", "classes", "count"),
    [
        (scnn.build_rgb, 3, 43, 2_523_403),
        (scnn.build_rgb, 3, 19, 1_140_979),
        (scnn.build_all, 12, 19, 1_148_179),
    ],
)
def test_scnn_has_the_published_number_of_parameters(build, channels, classes, count):
    assert parameters(build(spec(channels=channels, classes=classes))) == count


def test_inception_without_its_auxiliary_head_has_the_published_number_of_parameters():
    net = inception.build(spec())
    assert parameters(net) - parameters(net.net.AuxLogits) == 21_824_499


@pytest.mark.parametrize(
    ("build", "of"),
    [
        (scnn.build_rgb, {"channels": 3, "size": 24}),
        (scnn.build_all, {"channels": 12, "size": 24}),
        (spectrogram_cnn.build, {"form": "series", "channels": 6, "size": 200}),
        (spectrogram_cnn.build, {"form": "series", "channels": 1, "size": 1460}),
        (spectrogram_cnn.build, {"form": "series", "channels": 1, "size": 24}),
        (inception.build, {"channels": 3, "size": 20}),
        (inception.build, {"channels": 12, "size": 120}),
        (inception.build, {"form": "series", "channels": 6, "size": 200}),
    ],
)
def test_logits_have_one_column_a_class_and_gradients_reach_every_parameter(build, of):
    described = spec(classes=5, **of)
    net = build(described)
    output = net(torch.randn(2, *described.input_shape))
    heads = output if isinstance(output, tuple) else (output,)
    assert all(head.shape == (2, 5) for head in heads)
    sum(head.square().sum() for head in heads).backward()
    assert all(parameter.grad is not None for parameter in net.parameters())
    with torch.no_grad():
        assert net.eval()(torch.randn(2, *described.input_shape)).shape == (2, 5)


@pytest.mark.parametrize(
    ("build", "of", "cure"),
    [
        (scnn.build_rgb, {"channels": 12}, "data.bands=rgb"),
        (scnn.build_all, {"channels": 3}, "data.bands=all"),
        (scnn.build_rgb, {"form": "series"}, "model=spectrogram_cnn"),
        (spectrogram_cnn.build, {"form": "image"}, "model=inception"),
    ],
)
def test_a_net_for_other_data_names_the_cure(build, of, cure):
    with pytest.raises(LearnerError, match=cure):
        build(spec(**of))


def test_inception_refuses_images_that_are_too_small_for_it():
    with pytest.raises(ConfigError, match="image_px=75"):
        inception.build(spec(), image_px=60)


def test_the_auxiliary_head_equals_torchvisions_on_full_size_maps():
    net = inception.build(spec(classes=4)).net
    from torchvision.models.inception import InceptionAux

    own, theirs = net.AuxLogits, InceptionAux(768, 4)
    theirs.load_state_dict(own.state_dict())
    maps = torch.randn(2, 768, 17, 17)
    torch.testing.assert_close(own.eval()(maps), theirs.eval()(maps))


def published(tmp_path, classes=7):
    from torchvision.models import inception_v3

    net = inception_v3(weights=None, num_classes=classes, init_weights=False)
    torch.save(net.state_dict(), tmp_path / "weights.pth")
    return net


def test_weights_from_a_file_are_those_of_the_net(tmp_path):
    theirs = published(tmp_path, classes=19)
    own = inception.build(spec(), weights=str(tmp_path / "weights.pth"))
    for name, value in theirs.state_dict().items():
        torch.testing.assert_close(own.net.state_dict()[name], value)


def test_weights_of_another_head_and_colours_fit_channels_and_classes(tmp_path):
    theirs = published(tmp_path)
    own = inception.build(spec(channels=12), weights=str(tmp_path / "weights.pth"))
    torch.testing.assert_close(own.net.Mixed_7c.state_dict(), theirs.Mixed_7c.state_dict())
    grey = torch.randn(1, 1, 9, 9)
    torch.testing.assert_close(
        own.net.Conv2d_1a_3x3.conv(grey.expand(1, 12, 9, 9)),
        theirs.Conv2d_1a_3x3.conv(grey.expand(1, 3, 9, 9)),
    )
    assert own.net.fc.out_features == 19


def test_a_missing_or_broken_weights_file_is_named(tmp_path):
    with pytest.raises(LearnerError, match=r"nowhere\.pth"):
        inception.build(spec(), weights=str(tmp_path / "nowhere.pth"))
    (tmp_path / "broken.pth").write_bytes(b"not weights")
    with pytest.raises(LearnerError, match=r"broken\.pth holds no state dict"):
        inception.build(spec(), weights=str(tmp_path / "broken.pth"))
    torch.save(nn.Linear(2, 2).state_dict(), tmp_path / "other.pth")
    with pytest.raises(LearnerError, match=r"other\.pth holds no state dict"):
        inception.build(spec(), weights=str(tmp_path / "other.pth"))


WITHOUT_NETWORK = """
from test_nets import inception, spec, LearnerError
try:
    inception.build(spec(), weights="imagenet")
except LearnerError as error:
    print(error)
"""


def test_a_download_that_fails_names_the_address_and_another_way(tmp_path):
    here = Path(__file__).parent
    nobody = "http://127.0.0.1:9"  # the discard port: no proxy listens there
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_NETWORK],
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join((str(here), str(here.parent))),
            "TORCH_HOME": str(tmp_path),
            "https_proxy": nobody,
            "HTTPS_PROXY": nobody,
        },
    )
    assert re.fullmatch(
        r"model\.net\.weights: .* cannot be downloaded .*https://\S+\.pth.*weights=<file>\n",
        done.stdout.splitlines(keepends=True)[-1],
    ), done.stderr


def test_a_fresh_inception_can_be_validated_after_a_few_steps():
    described = TinyData("multiclass", channels=6, size=200).spec
    torch.manual_seed(0)
    net = inception.build(described)
    with torch.no_grad():
        for _ in range(3):
            net(torch.randn(8, 6, 200) * 20 + 100)
        logits = net.eval()(torch.randn(8, 6, 200) * 20 + 100)
    assert logits.abs().max() < 100
