from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest

needs_torchvision = pytest.mark.skipif(
    importlib.util.find_spec("torchvision") is None, reason="torchvision is not installed"
)


def run(code, *arguments):
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@needs_torchvision
def test_torchvision_and_lightning_can_be_imported_after_it():
    code = (
        "from joulelab.torchvision_ops import ensure; ensure(); "
        "import torchvision, lightning.pytorch, torch; print(torch.ops.torchvision.nms)"
    )
    assert "nms" in run(code)


@needs_torchvision
def test_a_second_call_changes_nothing():
    code = "from joulelab.torchvision_ops import ensure; print(ensure() == ensure())"
    assert run(code) == "True"


@needs_torchvision
def test_it_leaves_an_imported_torchvision_alone():
    code = (
        "import torch; library = torch.library.Library('torchvision', 'DEF'); "
        "[library.define(n + '(Tensor d, Tensor s, float t) -> Tensor') "
        "for n in ('nms', 'qnms') if not hasattr(torch.ops.torchvision, n)]; "
        "import torchvision; from joulelab.torchvision_ops import ensure; print(ensure())"
    )
    try:
        answer = run(code)
    except AssertionError as error:  # an intact build has its own definition of the namespace
        pytest.skip(str(error).splitlines()[-1])
    assert answer == "False"


def test_importing_it_imports_no_torch():
    assert run("import joulelab.torchvision_ops, sys; print('torch' in sys.modules)") == "False"


PACKAGE = """
import sys
sys.path.insert(0, sys.argv[1])
from joulelab.torchvision_ops import ensure
declared = ensure()
import torch
print(declared, hasattr(torch.ops.torchvision, 'nms'), 'torchvision' in sys.modules)
"""


def test_a_torchvision_without_an_extension_gets_the_operators(tmp_path):
    (tmp_path / "torchvision").mkdir()
    (tmp_path / "torchvision" / "__init__.py").touch()
    assert run(PACKAGE, tmp_path) == "True True False"


def test_a_torchvision_whose_extension_is_broken_gets_the_operators(tmp_path):
    (tmp_path / "torchvision").mkdir()
    (tmp_path / "torchvision" / "__init__.py").touch()
    (tmp_path / "torchvision" / "_C.so").write_bytes(b"no library")
    assert run(PACKAGE, tmp_path) == "True True False"


def test_operators_that_exist_already_are_kept(tmp_path):
    (tmp_path / "torchvision").mkdir()
    (tmp_path / "torchvision" / "__init__.py").touch()
    own = (
        "import torch; own = torch.library.Library('torchvision', 'DEF'); "
        "[own.define(n + '(Tensor d) -> Tensor') for n in ('nms', 'qnms')]\n"
    )
    assert run(own + PACKAGE, tmp_path) == "False True False"


def test_without_torchvision_it_does_nothing(tmp_path):
    code = (
        "import sys, importlib.abc\n"
        "class Hidden(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'torchvision': raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Hidden())\n"
        "from joulelab.torchvision_ops import ensure\n"
        "print(ensure(), 'torch' in sys.modules)"
    )
    assert run(code) == "False False"
