"""InceptionV3 (Szegedy et al. 2016; torchvision's layers) for any channels and classes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from joulelab import torchvision_ops
from joulelab.errors import ConfigError, LearnerError
from joulelab.models.front import Front, front
from joulelab.records import DataSpec

SMALLEST_PX = 75  # below it the last convolutions have nothing left to read
_FULL_MAP_PX = 17  # of the map that the auxiliary head reads, at images of 299 px
_STEM = "Conv2d_1a_3x3.conv.weight"


class Inception(nn.Module):
    """(B, *spec.input_shape) -> (B, classes) logits; in training (logits, auxiliary logits)."""

    aux_weight = 0.4  # of the auxiliary loss, as in the TensorFlow release of the paper's net

    def __init__(self, image: Front, net: Any) -> None:
        super().__init__()
        self.front = image
        self.net = net

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        output = self.net(self.front(x))
        return output if isinstance(output, Tensor) else (output[0], output[1])


class Auxiliary(nn.Module):
    """torchvision's auxiliary head, able to read the smaller maps of images below 299 px.

    There the 5x5 grid that its convolution needs comes from adaptive pooling; parameters and their
    names stay the same.
    """

    def __init__(self, head: Any) -> None:
        super().__init__()
        self.conv0, self.conv1, self.fc = head.conv0, head.conv1, head.fc

    def forward(self, x: Tensor) -> Tensor:
        if min(x.shape[-2:]) >= _FULL_MAP_PX:
            x = F.avg_pool2d(x, kernel_size=5, stride=3)
        else:
            x = F.adaptive_avg_pool2d(x, 5)
        x = F.adaptive_avg_pool2d(self.conv1(self.conv0(x)), 1)
        logits: Tensor = self.fc(torch.flatten(x, 1))
        return logits


def build(
    spec: DataSpec,
    image_px: int | None = None,
    weights: str | None = None,
    dropout: float = 0.5,
    mask: float = 0.0,
) -> nn.Module:
    """`image_px` resizes the image (or spectrogram); by default the data's own size, at least 75.

    `weights`: null from scratch, `imagenet` by torchvision's own download, else a file of a state
    dict with torchvision's names. Its first convolution is averaged over colours where the data has
    not three channels; its heads are left out where the classes differ in number.
    """
    torchvision_ops.ensure()
    from torchvision.models import inception_v3
    from torchvision.models.inception import BasicConv2d

    size_px = _size_px(spec, image_px)
    image = front(spec, size_px, mask)
    net = inception_v3(
        weights=None,
        num_classes=len(spec.classes),
        dropout=dropout,
        init_weights=False,
        transform_input=False,
    )
    if image.channels != 3:
        net.Conv2d_1a_3x3 = BasicConv2d(image.channels, 32, kernel_size=3, stride=2)
    net.AuxLogits = Auxiliary(net.AuxLogits)
    if weights is None:
        _initialise(net)
    else:
        _apply(net, _read(weights), weights)
    return Inception(image, net)


def _initialise(net: nn.Module) -> None:
    """He et al. 2015. torchvision's own start, a spread of 0.1 whatever the fan, is far from the
    unit variance that the running statistics of batch norm begin with: until they have caught up,
    some fifty steps, a validation says nothing."""
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")


def _size_px(spec: DataSpec, image_px: int | None) -> int:
    if image_px is None:
        own_px = min(spec.input_shape[1:]) if spec.form == "image" else SMALLEST_PX
        return max(own_px, SMALLEST_PX)
    if image_px < SMALLEST_PX:
        raise ConfigError(
            f"InceptionV3 needs {SMALLEST_PX} px, {image_px} were asked for",
            where="model.net.image_px",
            cure=f"say model.net.image_px={SMALLEST_PX} or more",
        )
    return image_px


def _read(weights: str) -> Mapping[str, Tensor]:
    if weights == "imagenet":
        return _download()
    try:
        state: Any = torch.load(Path(weights), map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise LearnerError(
            f"there is no file {weights}",
            where="model.net.weights",
            cure="name a state dict of torchvision's inception_v3, `imagenet` or null",
        ) from error
    except Exception as error:  # torch.load fails in as many ways as a file can be broken
        raise _unusable(weights) from error
    if not isinstance(state, Mapping) or _STEM not in state:
        raise _unusable(weights)
    return state


def _download() -> Mapping[str, Tensor]:
    """From torch's cache (`TORCH_HOME`) or the address that torchvision knows, with its hash."""
    from torchvision.models import Inception_V3_Weights

    published = Inception_V3_Weights.IMAGENET1K_V1
    try:
        state: Mapping[str, Tensor] = published.get_state_dict(progress=False, check_hash=True)
    except (OSError, RuntimeError) as error:
        reason = str(getattr(error, "reason", error)).splitlines()[0]
        raise LearnerError(
            f"the ImageNet weights cannot be downloaded ({reason})",
            where="model.net.weights",
            cure=f"fetch {published.url} elsewhere and say model.net.weights=<file>",
        ) from error
    return state


def _unusable(weights: str) -> LearnerError:
    return LearnerError(
        f"{weights} holds no state dict of torchvision's inception_v3",
        where="model.net.weights",
        cure="name another file, `imagenet` or null",
    )


def _apply(net: nn.Module, state: Mapping[str, Tensor], weights: str) -> None:
    own = net.state_dict()
    stem = state[_STEM]
    if own[_STEM].shape[1] != stem.shape[1]:
        wanted = own[_STEM].shape[1]
        # Equal response to equal channels, whatever their number.
        stem = stem.mean(dim=1, keepdim=True).repeat(1, wanted, 1, 1) * (stem.shape[1] / wanted)
    fitting = {**state, _STEM: stem}
    for head in ("fc", "AuxLogits.fc"):
        shape = fitting[f"{head}.weight"].shape if f"{head}.weight" in fitting else None
        if shape != own[f"{head}.weight"].shape:
            for part in ("weight", "bias"):
                fitting[f"{head}.{part}"] = own[f"{head}.{part}"]
    try:
        net.load_state_dict(fitting)
    except RuntimeError as error:
        raise _unusable(weights) from error
