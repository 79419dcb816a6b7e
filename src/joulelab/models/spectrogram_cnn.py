"""A small convolutional net on the log spectrogram of a series."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from joulelab.errors import LearnerError
from joulelab.models.front import front
from joulelab.records import DataSpec


def build(
    spec: DataSpec,
    widths: Sequence[int] = (32, 64, 128),
    dropout: float = 0.2,
    mask: float = 0.0,
    segment: int | None = None,
    hop: int | None = None,
) -> nn.Module:
    """(B, channels, length) -> (B, classes) logits.

    One block a width: 3x3 convolution, batch norm, ReLU, 2x2 pooling; then the mean over the image.
    `mask` is the largest share of each axis hidden in training; `segment` and `hop` are samples of
    the spectrogram, by default from the length. LearnerError for images.
    """
    if spec.form != "series":
        raise LearnerError(
            f"spectrogram_cnn reads series, {spec.name} holds images",
            where="model",
            cure="say model=inception or model=scnn_rgb",
        )
    image = front(spec, mask=mask, segment=segment, hop=hop)
    modules: list[nn.Module] = [image]
    channels = image.channels
    for width in widths:
        modules += [
            nn.Conv2d(channels, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.MaxPool2d(2, ceil_mode=True),
        ]
        channels = width
    head = nn.Linear(channels, len(spec.classes))
    modules += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(dropout), head]
    return nn.Sequential(*modules)
