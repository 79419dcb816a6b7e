"""Synthesised patches: written once, whole, in the real layout, and worth learning from."""

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile

from joulelab.data.bigearthnet import BigEarthNet
from joulelab.data.bigearthnet_demo import _COVER_OF, _KEPT_FIRST, _SCENES, BigEarthNetDemo
from joulelab.data.bigearthnet_labels import BANDS, CLASSES_43, class_index
from joulelab.errors import ConfigError, DataError


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("demo")
    BigEarthNetDemo(root, patches=60)
    return root


def test_the_spec_says_that_nothing_was_measured(root: Path) -> None:
    spec = BigEarthNetDemo(root, patches=60).spec
    assert spec.synthetic
    assert spec.name == "bigearthnet_demo (synthetic)"
    assert "synthesised" in spec.source
    assert (spec.task, spec.form, spec.input_shape) == ("multilabel", "image", (3, 120, 120))


def test_patches_lie_on_disk_as_real_ones_do(root: Path) -> None:
    folder = sorted(next(root.iterdir()).iterdir())[0]
    files = {file.name for file in folder.iterdir()}
    assert files == {
        *(f"{folder.name}_{band}.tif" for band in BANDS),
        f"{folder.name}_labels_metadata.json",
    }
    for band, (px, _, _) in BANDS.items():
        pixels = tifffile.imread(folder / f"{folder.name}_{band}.tif")
        assert (pixels.shape, pixels.dtype) == ((px, px), np.uint16)
    content = json.loads((folder / f"{folder.name}_labels_metadata.json").read_text())
    assert set(content) == {
        *("labels", "coordinates", "projection"),
        *("tile_source", "acquisition_date"),
    }


def test_bigearthnet_reads_them(root: Path) -> None:
    data = BigEarthNet(next(root.iterdir()), "all", 43)
    assert sum(len(data.split(split)) for split in ("train", "val", "test")) == 60


def test_patches_are_written_once(root: Path) -> None:
    before = {file: file.stat().st_mtime_ns for file in root.rglob("*")}
    BigEarthNetDemo(root, patches=60, bands="all", classes=43, resolution_px=60)
    assert {file: file.stat().st_mtime_ns for file in root.rglob("*")} == before


def test_the_same_seed_gives_the_same_patches(root: Path, tmp_path: Path) -> None:
    ours = BigEarthNetDemo(root, patches=60, bands="all").split("val")
    again = BigEarthNetDemo(tmp_path, patches=60, bands="all").split("val")
    np.testing.assert_array_equal(ours[0][0], again[0][0])
    np.testing.assert_array_equal(ours.targets(), again.targets())


def test_another_seed_gives_other_patches_beside_them(tmp_path: Path) -> None:
    one, other = (BigEarthNetDemo(tmp_path, patches=5, seed=seed) for seed in (0, 1))
    assert len(list(tmp_path.iterdir())) == 2
    assert not np.array_equal(one.split("train")[0][0], other.split("train")[0][0])


def test_nothing_half_written_stays(tmp_path: Path) -> None:
    (tmp_path / "datasets").write_text("in the way")
    with pytest.raises(DataError, match=r"datasets: .*; name a folder"):
        BigEarthNetDemo(tmp_path / "datasets", patches=5)
    assert [entry.name for entry in tmp_path.iterdir()] == ["datasets"]


@pytest.mark.parametrize("wrong", [{"patches": 2}, {"seed": -1}])
def test_wrong_numbers_are_refused_before_anything_is_written(
    tmp_path: Path, wrong: dict[str, int]
) -> None:
    with pytest.raises(ConfigError, match="data"):
        BigEarthNetDemo(tmp_path, **wrong)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_no_patch_is_left_out(root: Path) -> None:
    assert BigEarthNetDemo(root, patches=60).left_out == 0
    assert all(class_index(CLASSES_43[k], 19) is not None for s in _SCENES for k in s[:_KEPT_FIRST])


def test_every_class_has_a_cover_and_a_scene() -> None:
    assert len(_COVER_OF) == 43
    assert {label for scene in _SCENES for label in scene} == set(range(43))


def test_labels_can_be_learned_from_the_spectra(tmp_path: Path) -> None:
    from sklearn.linear_model import RidgeClassifier
    from sklearn.metrics import f1_score

    data = BigEarthNetDemo(tmp_path, patches=100, bands="all", resolution_px=20)
    inputs, targets = {}, {}
    for split in ("train", "test"):
        dataset = data.split(split)
        images = np.log(np.stack([dataset[index][0] for index in range(len(dataset))]) + 1)
        low, mid, high = np.quantile(images, (0.05, 0.5, 0.95), axis=(2, 3))
        inputs[split] = np.concatenate((low, mid, high), axis=1)
        targets[split] = dataset.targets()
    fitted = RidgeClassifier(alpha=0.1).fit(inputs["train"], targets["train"])
    predicted = np.asarray(fitted.predict(inputs["test"]))
    always = targets["train"].mean(axis=0) >= 0.5
    score = f1_score(targets["test"], predicted, average="micro")
    assert (
        score
        > 0.4
        > f1_score(
            targets["test"],
            np.broadcast_to(always, predicted.shape),
            average="micro",
            zero_division=0,
        )
    )
