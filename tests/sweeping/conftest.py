from __future__ import annotations

import pytest
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.types import RunMode

from joulelab.config import conf_folder, register_schemas
from joulelab.sweeping import grammar


@pytest.fixture
def read():
    """The assignment that words of a command line make, over the real configuration tree."""
    register_schemas()
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        loader = GlobalHydra.instance().config_loader()

        def compose(overrides):
            return loader.load_configuration("train", list(overrides), run_mode=RunMode.RUN)

        def of(*words):
            overrides = OverridesParser.create(config_loader=loader).parse_overrides(list(words))
            groups = lambda key: bool(loader.get_group_options(key, ObjectType.CONFIG))  # noqa: E731
            return grammar.read(overrides, compose, groups)

        of.compose = compose
        yield of
