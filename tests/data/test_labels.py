"""The label tables of BigEarthNet: names, order, and which of the 43 goes where."""

import pytest

from joulelab.data.bigearthnet_labels import (
    BAND_SETS,
    BANDS,
    CLASSES_19,
    CLASSES_43,
    INDEX_19_OF_43,
    class_index,
)


def test_there_are_43_and_19_different_classes() -> None:
    assert len(set(CLASSES_43)) == 43
    assert len(CLASSES_19) == len(set(CLASSES_19)) == 19


def test_every_one_of_the_19_classes_has_a_source() -> None:
    assert {index for index in INDEX_19_OF_43.values() if index is not None} == set(range(19))


def test_eleven_classes_are_dropped() -> None:
    dropped = [label for label, index in INDEX_19_OF_43.items() if index is None]
    assert len(dropped) == 11
    assert {"Bare rock", "Burnt areas", "Intertidal flats", "Airports"} <= set(dropped)


def test_a_name_that_both_have_means_the_same() -> None:
    both = set(CLASSES_43) & set(CLASSES_19)
    assert len(both) == 9
    assert all(CLASSES_19[class_index(label, 19)] == label for label in both)  # type: ignore[index]


@pytest.mark.parametrize(
    ("label", "merged"),
    [
        ("Continuous urban fabric", "Urban fabric"),
        ("Rice fields", "Arable land"),
        ("Annual crops associated with permanent crops", "Permanent crops"),
        ("Sparsely vegetated areas", "Natural grassland and sparsely vegetated areas"),
        ("Sclerophyllous vegetation", "Moors, heathland and sclerophyllous vegetation"),
        ("Transitional woodland/shrub", "Transitional woodland, shrub"),
        ("Peatbogs", "Inland wetlands"),
        ("Salines", "Coastal wetlands"),
        ("Water courses", "Inland waters"),
        ("Estuaries", "Marine waters"),
    ],
)
def test_classes_are_merged(label: str, merged: str) -> None:
    assert CLASSES_19.index(merged) == class_index(label, 19)


def test_classes_stand_in_corine_order_not_in_the_alphabet() -> None:
    assert CLASSES_43[0] == "Continuous urban fabric"
    assert CLASSES_43[-1] == "Sea and ocean"
    assert list(CLASSES_19) != sorted(CLASSES_19)
    found = [index for index in INDEX_19_OF_43.values() if index is not None]
    assert list(dict.fromkeys(found)) == list(range(19))


def test_an_unknown_label_has_no_index() -> None:
    with pytest.raises(KeyError):
        class_index("Arable land", 19)


def test_bands_stand_in_technical_order() -> None:
    assert BAND_SETS["rgb"] == ("B04", "B03", "B02")
    assert " ".join(BAND_SETS["all"]) == "B01 B02 B03 B04 B05 B06 B07 B08 B8A B09 B11 B12"
    assert [band.px for band in BANDS.values()] == [
        *(20, 120, 120, 120, 60, 60),
        *(60, 120, 60, 20, 60, 60),
    ]
