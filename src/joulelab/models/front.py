"""What stands before a net: physical units in, standardised images out."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from joulelab.records import DataSpec

_POWER_FLOOR = 1e-4  # of unit variance: quantisation noise of a resting channel stays below it
_SMALLEST_SEGMENT, _LARGEST_SEGMENT = 16, 256


class Normalise(nn.Module):
    """(x - mean) / std a channel, with the training split's statistics; any (B, C, ...)."""

    mean: Tensor
    std: Tensor

    def __init__(self, spec: DataSpec) -> None:
        super().__init__()
        shape = (1, len(spec.mean), *(1,) * (len(spec.input_shape) - 1))
        std = torch.tensor(spec.std, dtype=torch.float32).reshape(shape)
        self.register_buffer("mean", torch.tensor(spec.mean, dtype=torch.float32).reshape(shape))
        self.register_buffer("std", torch.where(std > 0, std, torch.ones_like(std)))

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean) / self.std


class LogSpectrogram(nn.Module):
    """(B, C, T) -> (B, 3 C, segment / 2 + 1, frames).

    For each channel: log power of Hann segments, standardised per image; its difference in time;
    and the series itself at the frames' centres, the same in every row, which keeps the level that
    the standardisation takes away. `segment` is by default the power of two next to T / 12, within
    [16, 256] and never longer than T; `hop` is T / 64.
    """

    window: Tensor

    def __init__(self, length: int, segment: int | None = None, hop: int | None = None) -> None:
        super().__init__()
        self.segment = segment or default_segment(length)
        self.hop = hop or max(1, length // 64)
        self.register_buffer("window", torch.hann_window(self.segment), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        batch, channels, length = x.shape
        flat = x.float().reshape(batch * channels, length)
        spectrum = torch.stft(
            F.pad(flat, (self.segment // 2, self.segment // 2), mode="replicate"),
            self.segment,
            self.hop,
            window=self.window,
            center=False,
            return_complex=True,
        )
        power = spectrum.abs().square() / self.window.square().sum()
        power = power.reshape(batch, channels, *power.shape[-2:])
        level = standardise(torch.log(power + _POWER_FLOOR))
        change = F.pad(level[..., 1:] - level[..., :-1], (1, 0))
        frames = level.shape[-1]
        centres = torch.arange(frames, device=x.device).mul(self.hop).clamp(max=length - 1)
        series = x.float()[:, :, centres].unsqueeze(2).expand_as(level)
        return torch.cat((level, change, series), dim=1)


class Resize(nn.Module):
    """(B, C, H, W) -> (B, C, size, size), bilinear with antialiasing."""

    def __init__(self, size_px: int) -> None:
        super().__init__()
        self.size_px = size_px

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[-2:] == (self.size_px, self.size_px):
            return x
        size = (self.size_px, self.size_px)
        return F.interpolate(x, size=size, mode="bilinear", antialias=True, align_corners=False)


class Mask(nn.Module):
    """In training only, sets one band of rows and one of columns to 0, the mean, each up to `share`
    of its axis (SpecAugment, Park et al. 2019, without the warp)."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.share <= 0:
            return x
        for axis in (2, 3):
            size = x.shape[axis]
            shape = (len(x), 1)
            width = torch.rand(shape, device=x.device) * self.share * size
            start = torch.rand(shape, device=x.device) * (size - width)
            place = torch.arange(size, device=x.device)
            keep = (place < start) | (place >= start + width)
            x = x * (keep[:, None, :, None] if axis == 2 else keep[:, None, None, :])
        return x


class Front(nn.Sequential):
    """Runs in float32 whatever the precision of the net behind it: a log of bf16 has 3 digits."""

    def __init__(self, *modules: nn.Module, channels: int) -> None:
        super().__init__(*modules)
        self.channels = channels

    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, enabled=False):
            for module in self:
                x = module(x.float())
        return x


def front(spec: DataSpec, image_px: int | None = None, mask: float = 0.0, **options: Any) -> Front:
    """(B, *spec.input_shape) -> (B, channels, height, width): the spectrogram of a series, with
    `options` of LogSpectrogram, or the image; resized to `image_px` where that is given."""
    modules: list[nn.Module] = [Normalise(spec)]
    channels = spec.input_shape[0]
    if spec.form == "series":
        modules.append(LogSpectrogram(spec.input_shape[1], **options))
        channels *= 3
    if image_px is not None:
        modules.append(Resize(image_px))
    if mask > 0:
        modules.append(Mask(mask))
    return Front(*modules, channels=channels)


def default_segment(length: int) -> int:
    wanted = 2 ** round(math.log2(max(length, 12) / 12))
    longest = 2 ** (max(length, 2).bit_length() - 1)
    return int(min(max(wanted, _SMALLEST_SEGMENT), _LARGEST_SEGMENT, longest))


def standardise(image: Tensor) -> Tensor:
    """Mean 0 and standard deviation 1 over rows and columns; a constant image becomes 0."""
    mean = image.mean(dim=(-2, -1), keepdim=True)
    std = image.std(dim=(-2, -1), keepdim=True, correction=0)
    return (image - mean) / (std + 1e-2)
