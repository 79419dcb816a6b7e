"""S-CNN of the BigEarthNet study (Sumbul et al., IGARSS 2019), as its published code builds it."""

from __future__ import annotations

from torch import nn

from joulelab.errors import LearnerError
from joulelab.models.front import front
from joulelab.records import DataSpec


def build_rgb(spec: DataSpec) -> nn.Module:
    """(B, 3, H, W) -> (B, classes) logits; LearnerError for any other number of channels."""
    return _build(spec, 3, "scnn_rgb", "rgb")


def build_all(spec: DataSpec) -> nn.Module:
    """(B, 12, H, W) -> (B, classes) logits; LearnerError for any other number of channels."""
    return _build(spec, 12, "scnn_all", "all")


def _build(spec: DataSpec, channels: int, name: str, bands: str) -> nn.Module:
    if spec.form != "image":
        raise LearnerError(
            f"{name} reads images, {spec.name} holds series",
            where="model",
            cure="say model=spectrogram_cnn or model=inception",
        )
    if spec.input_shape[0] != channels:
        raise LearnerError(
            f"{name} reads {channels} channels, {spec.name} has {spec.input_shape[0]}",
            where="model",
            cure=f"say data.bands={bands}",
        )
    height, width = spec.input_shape[1:]
    net = nn.Sequential(
        front(spec),
        nn.Conv2d(channels, 32, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 32, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(64 * (height // 4) * (width // 4), len(spec.classes)),
    )
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.xavier_uniform_(module.weight)
    return net
