from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tiny_data import OFFSET, SCALE, TinyData

from joulelab.models.front import LogSpectrogram, Mask, default_segment, front


def test_an_image_is_normalised_with_the_statistics_of_its_spec():
    spec = TinyData(form="image", channels=3, size=8).spec
    image = torch.full((2, 3, 8, 8), OFFSET + 2 * SCALE)
    torch.testing.assert_close(front(spec)(image), torch.full_like(image, 2.0))


def test_a_series_becomes_three_images_a_channel():
    spec = TinyData(channels=6, size=200).spec
    image = front(spec)
    answer = image(torch.randn(4, 6, 200))
    assert image.channels == 18
    assert answer.shape == (4, 18, 9, 67)


def test_the_front_resizes_where_it_is_asked_to():
    assert front(TinyData(channels=2, size=200).spec, 75)(torch.randn(3, 2, 200)).shape == (
        3,
        6,
        75,
        75,
    )


@pytest.mark.parametrize(
    ("length", "segment"), [(8, 8), (200, 16), (256, 16), (1460, 128), (9000, 256)]
)
def test_the_segment_follows_the_length(length, segment):
    assert default_segment(length) == segment


def test_a_tone_shows_in_the_row_of_its_frequency():
    spectrogram = LogSpectrogram(512, segment=64)
    tone = torch.sin(2 * torch.pi * 10 / 64 * torch.arange(512.0))
    level = spectrogram(tone.reshape(1, 1, -1))[0, 0]
    assert (level[:, 8:-8].argmax(dim=0) == 10).all()


def test_level_rows_show_the_series_itself():
    ramp = torch.arange(128.0).reshape(1, 1, -1)
    series = LogSpectrogram(128)(ramp)[0, 2]
    assert (series == series[:1]).all()
    torch.testing.assert_close(series[0], torch.arange(0.0, 129.0, 2.0).clamp(max=127))


@settings(deadline=None, max_examples=40)
@given(
    length=st.integers(8, 600),
    channels=st.integers(1, 3),
    scale=st.sampled_from([0.0, 1e-6, 1.0, 1e6]),
    seed=st.integers(0, 99),
)
def test_whatever_the_series_the_images_are_finite_and_standardised(length, channels, scale, seed):
    torch.manual_seed(seed)
    x = torch.randn(2, channels, length) * scale
    images = LogSpectrogram(length)(x)
    assert images.isfinite().all()
    level = images[:, :channels]
    assert level.mean(dim=(-2, -1)).abs().max() < 1e-3
    assert level.std(dim=(-2, -1), correction=0).max() < 1.001


def test_masks_hide_a_band_in_training_only():
    torch.manual_seed(0)
    mask, image = Mask(0.5), torch.ones(16, 2, 20, 30)
    hidden = mask.train()(image) == 0
    assert hidden.any()
    assert hidden.any(dim=2).all(dim=2).any() or hidden.any(dim=3).all(dim=2).any()
    assert (hidden.float().mean(dim=(1, 2, 3)) <= 0.5 * 2).all()
    assert (mask.eval()(image) == 1).all()


def test_the_front_stays_in_float32_under_autocast():
    image = front(TinyData(channels=2, size=64).spec)
    x = torch.randn(2, 2, 64)
    with torch.autocast("cpu", torch.bfloat16):
        inside = image(x)
    assert inside.dtype == torch.float32
    torch.testing.assert_close(inside, image(x))
