"""Bands and classes of BigEarthNet version 1 (Sumbul et al., IGARSS 2019; 19 classes: BigEarthNet-MM,
Sumbul et al., IEEE GRSM 2021).

Classes stand in CORINE Land Cover (CLC) order, never in alphabetical order.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import NamedTuple


class Band(NamedTuple):
    """`px` is the edge of a patch of 1,200 m; `mean` and `std` are version 1's, in digital numbers
    (surface reflectance times 10,000)."""

    px: int
    mean: float
    std: float


BANDS = MappingProxyType(
    {
        "B01": Band(20, 340.76769064, 554.81258967),
        "B02": Band(120, 429.9430203, 572.41639287),
        "B03": Band(120, 614.21682446, 582.87945694),
        "B04": Band(120, 590.23569706, 675.88746967),
        "B05": Band(60, 950.68368468, 729.89827633),
        "B06": Band(60, 1792.46290469, 1096.01480586),
        "B07": Band(60, 2075.46795189, 1273.45393088),
        "B08": Band(120, 2218.94553375, 1365.45589904),
        "B8A": Band(60, 2266.46036911, 1356.13789355),
        "B09": Band(20, 2246.0605464, 1302.3292881),
        "B11": Band(60, 1594.42694882, 1079.19066363),
        "B12": Band(60, 1009.32729131, 818.86747235),
    }
)
"""In technical order, B8A between B08 and B09."""

BAND_SETS = MappingProxyType({"rgb": ("B04", "B03", "B02"), "all": tuple(BANDS)})

CLASSES_19 = (
    "Urban fabric",
    "Industrial or commercial units",
    "Arable land",
    "Permanent crops",
    "Pastures",
    "Complex cultivation patterns",
    "Land principally occupied by agriculture, with significant areas of natural vegetation",
    "Agro-forestry areas",
    "Broad-leaved forest",
    "Coniferous forest",
    "Mixed forest",
    "Natural grassland and sparsely vegetated areas",
    "Moors, heathland and sclerophyllous vegetation",
    "Transitional woodland, shrub",
    "Beaches, dunes, sands",
    "Inland wetlands",
    "Coastal wetlands",
    "Inland waters",
    "Marine waters",
)

INDEX_19_OF_43: MappingProxyType[str, int | None] = MappingProxyType(
    {
        "Continuous urban fabric": 0,
        "Discontinuous urban fabric": 0,
        "Industrial or commercial units": 1,
        "Road and rail networks and associated land": None,
        "Port areas": None,
        "Airports": None,
        "Mineral extraction sites": None,
        "Dump sites": None,
        "Construction sites": None,
        "Green urban areas": None,
        "Sport and leisure facilities": None,
        "Non-irrigated arable land": 2,
        "Permanently irrigated land": 2,
        "Rice fields": 2,
        "Vineyards": 3,
        "Fruit trees and berry plantations": 3,
        "Olive groves": 3,
        "Pastures": 4,
        "Annual crops associated with permanent crops": 3,
        "Complex cultivation patterns": 5,
        CLASSES_19[6]: 6,
        "Agro-forestry areas": 7,
        "Broad-leaved forest": 8,
        "Coniferous forest": 9,
        "Mixed forest": 10,
        "Natural grassland": 11,
        "Moors and heathland": 12,
        "Sclerophyllous vegetation": 12,
        "Transitional woodland/shrub": 13,
        "Beaches, dunes, sands": 14,
        "Bare rock": None,
        "Sparsely vegetated areas": 11,
        "Burnt areas": None,
        "Inland marshes": 15,
        "Peatbogs": 15,
        "Salt marshes": 16,
        "Salines": 16,
        "Intertidal flats": None,
        "Water courses": 17,
        "Water bodies": 17,
        "Coastal lagoons": 18,
        "Estuaries": 18,
        "Sea and ocean": 18,
    }
)
"""Place in CLASSES_19 of each of the 43 classes; None: the 19 have no place for it."""

CLASSES_43 = tuple(INDEX_19_OF_43)


def class_names(classes: int) -> tuple[str, ...]:
    return CLASSES_19 if classes == 19 else CLASSES_43


def class_index(label: str, classes: int) -> int | None:
    """Index of one of the 43 names among 19 or 43 classes; None where it was dropped.

    KeyError for a name that is none of the 43.
    """
    index = INDEX_19_OF_43[label]
    return index if classes == 19 else CLASSES_43.index(label)
