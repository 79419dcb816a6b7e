"""BigEarthNet on the six real patches, and on patches that were written for a test."""

import bz2
import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from joulelab.data.bigearthnet import BigEarthNet, PatchDataset
from joulelab.data.bigearthnet_demo import BigEarthNetDemo
from joulelab.data.bigearthnet_labels import BANDS, CLASSES_19, CLASSES_43
from joulelab.data.bigearthnet_patch import read_band, resample
from joulelab.errors import ConfigError

SPLITS = ("train", "val", "test")


@pytest.fixture
def real() -> Path:
    shared = os.environ.get("JOULELAB_SHARED_DATA")
    if not shared:
        pytest.skip("JOULELAB_SHARED_DATA is not set")
    return Path(shared) / "bigearthnet"


@pytest.fixture(scope="module")
def demo_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("demo")
    BigEarthNetDemo(root, patches=12)
    return next(root.iterdir())


def labels(dataset: PatchDataset, classes: tuple[str, ...]) -> dict[str, set[str]]:
    return {
        name: {classes[index] for index in np.flatnonzero(target)}
        for name, target in zip(dataset.names, dataset.targets(), strict=True)
    }


@pytest.mark.parametrize("classes", [19, 43])
@pytest.mark.parametrize(("bands", "count"), [("rgb", 3), ("all", 12)])
def test_real_patches_have_the_shapes_of_the_spec(
    real: Path, bands: str, count: int, classes: int
) -> None:
    data = BigEarthNet(real / "v1", bands, classes)  # type: ignore[arg-type]
    assert data.spec.input_shape == (count, 120, 120)
    assert len(data.spec.mean) == len(data.spec.units) == count
    for split in SPLITS:
        for index in range(len(data.split(split))):
            image, target = data.split(split)[index]
            assert (image.shape, image.dtype) == (data.spec.input_shape, np.float32)
            assert (target.shape, target.dtype) == ((classes,), np.float32)


def test_six_real_patches_fill_the_three_splits_once(real: Path) -> None:
    data = BigEarthNet(real / "v1")
    names = [name for split in SPLITS for name in data.split(split).names]
    assert len(names) == len(set(names)) == 6
    assert data.left_out == 0


def test_real_values_are_plausible_reflectances(real: Path) -> None:
    data = BigEarthNet(real / "v1", "all")
    mean = np.asarray(data.spec.mean)[:, None, None]
    std = np.asarray(data.spec.std)[:, None, None]
    for split in SPLITS:
        for image, _ in (data.split(split)[index] for index in range(len(data.split(split)))):
            assert 0 <= image.min() < image.max() < 20_000
            assert np.abs(((image - mean) / std).mean()) < 3


def test_real_pixels_are_those_of_the_file(real: Path) -> None:
    data = BigEarthNet(real / "v1", "all")
    dataset = data.split("train")
    image, name = dataset[0][0], dataset.names[0]
    for band in ("B02", "B08"):
        file = real / "v1" / name / f"{name}_{band}.tif"
        place = data.spec.channels.index(band)
        np.testing.assert_array_equal(image[place], read_band(file, BANDS[band].px))


def test_rgb_is_red_green_blue_of_all(real: Path) -> None:
    image = BigEarthNet(real / "v1", "rgb").split("val")[0][0]
    every = BigEarthNet(real / "v1", "all").split("val")[0][0]
    np.testing.assert_array_equal(image, every[[3, 2, 1]])


def test_labels_of_five_patches_agree_with_the_table_of_version_2(real: Path) -> None:
    import pyarrow.parquet as pq

    data = BigEarthNet(real / "v1")
    ours = {k: v for s in SPLITS for k, v in labels(data.split(s), CLASSES_19).items()}
    table = pq.read_table(
        real / "metadata.parquet",
        columns=["s2v1_name", "labels"],
        filters=[("s2v1_name", "in", sorted(ours))],
    ).to_pylist()
    assert len(table) == 5
    for row in table:
        assert ours[row["s2v1_name"]] == set(row["labels"])


def test_the_43_classes_keep_the_names_of_the_file(real: Path) -> None:
    data = BigEarthNet(real / "v1", classes=43)
    ours = {k: v for s in SPLITS for k, v in labels(data.split(s), CLASSES_43).items()}
    assert ours["S2B_MSIL2A_20170924T93020_69_24"] == {
        "Coniferous forest",
        "Mixed forest",
        "Transitional woodland/shrub",
        "Peatbogs",
        "Water bodies",
    }


@pytest.mark.parametrize("packed", [True, False])
def test_official_lists_decide_where_they_are_given(
    demo_root: Path, tmp_path: Path, packed: bool
) -> None:
    names = sorted(folder.name for folder in demo_root.iterdir())
    parts = {"train": names[:2], "val": names[2:5], "test": names[5:]}
    for split, part in parts.items():
        text = "\n".join(part) + "\n"
        if packed:
            (tmp_path / f"{split}.csv.bz2").write_bytes(bz2.compress(text.encode()))
        else:
            (tmp_path / f"{split}.csv").write_text(text)
    data = BigEarthNet(demo_root, splits=tmp_path)
    assert {split: list(data.split(split).names) for split in SPLITS} == parts


def test_a_patch_keeps_its_split_when_classes_or_bands_change(demo_root: Path) -> None:
    one, other = BigEarthNet(demo_root), BigEarthNet(demo_root, "all", 43, resolution_px=30)
    assert all(one.split(s).names == other.split(s).names for s in SPLITS)


@pytest.mark.parametrize("edge", [30, 60, 120, 128])
def test_every_band_is_brought_to_the_resolution_asked_for(demo_root: Path, edge: int) -> None:
    data = BigEarthNet(demo_root, "all", resolution_px=edge)
    assert data.split("train")[0][0].shape == data.spec.input_shape == (12, edge, edge)


def test_what_is_read_may_be_changed(demo_root: Path) -> None:
    dataset = BigEarthNet(demo_root).split("train")
    image, target = dataset[0]
    image += 1
    target += 1
    np.testing.assert_array_equal(dataset[0][0], image - 1)
    np.testing.assert_array_equal(dataset[0][1], target - 1)


def test_a_split_reads_the_same_in_another_process(demo_root: Path) -> None:
    dataset = BigEarthNet(demo_root, "all").split("test")
    again = pickle.loads(pickle.dumps(dataset))
    np.testing.assert_array_equal(again[0][0], dataset[0][0])


@pytest.mark.parametrize("size", [20, 60])
def test_upsampling_is_bilinear_with_half_pixel_centres(size: int) -> None:
    import torch

    pixels = np.random.default_rng(0).integers(1, 10_000, (size, size)).astype(np.uint16)
    expected = torch.nn.functional.interpolate(
        torch.tensor(pixels.astype(np.float64))[None, None],
        size=(120, 120),
        mode="bilinear",
        align_corners=False,
    )[0, 0]
    np.testing.assert_allclose(resample(pixels, 120), expected.numpy(), rtol=1e-6)


def test_a_plain_surface_stays_plain_at_any_resolution() -> None:
    for edge in (7, 20, 33, 120):
        np.testing.assert_allclose(resample(np.full((60, 60), 1234, np.uint16), edge), 1234, 1e-6)


@pytest.mark.parametrize(
    ("wrong", "key"),
    [({"bands": "nir"}, "bands"), ({"classes": 20}, "classes"), ({"resolution_px": 0}, "resol")],
)
def test_a_wrong_choice_is_told_with_its_key(
    demo_root: Path, wrong: dict[str, object], key: str
) -> None:
    with pytest.raises(ConfigError, match=f"data.{key}"):
        BigEarthNet(demo_root, **wrong)  # type: ignore[arg-type]
