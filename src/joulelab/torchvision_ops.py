"""Lets torchvision be imported where its C++ operators cannot load.

Package indices hand out CPU builds of torch beside CUDA builds of torchvision. The extension then
fails to load and `import torchvision`, and with it torchmetrics and lightning, ends in `operator
torchvision::nms does not exist` (pytorch/vision issues 9077 and 9085). Declaring the two operators
that torchvision's Python code refers to at import is enough for everything but detection models.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any, cast

_OPERATORS = ("nms", "qnms")
_SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"

_declared: Any = None  # a Library that is collected takes its operators with it


def ensure() -> bool:
    """Call before anything imports torchvision, torchmetrics or lightning.

    Does nothing without torchvision, with an intact one, and when called again. True where the
    operators are declared by this function.
    """
    global _declared
    if _declared is not None:
        return True
    if "torchvision" in sys.modules or not _installed():
        return False
    import torch

    _load_extension(torch)
    missing = [name for name in _OPERATORS if not hasattr(torch.ops.torchvision, name)]
    if missing:
        # FRAGMENT, not DEF: a namespace has one DEF, and somebody else may hold it already.
        library: Any = cast(Any, torch.library.Library)("torchvision", "FRAGMENT")
        for name in missing:
            library.define(name + _SCHEMA)
        _declared = library
    return bool(missing)


def _installed() -> bool:
    try:
        return importlib.util.find_spec("torchvision") is not None
    except (ImportError, ValueError):
        return False


def _load_extension(torch: Any) -> None:
    """Loads the extension as torchvision itself does later; a second load is the same handle."""
    spec = importlib.util.find_spec("torchvision")
    folders = (spec.submodule_search_locations if spec is not None else None) or []
    for folder in folders:
        for file in sorted(Path(folder).glob("_C*")):
            if file.suffix in {".so", ".pyd", ".dylib"}:
                try:
                    torch.ops.load_library(str(file))
                except (ImportError, OSError):
                    continue
