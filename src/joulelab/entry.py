"""What every command is wrapped in: a user's mistake becomes one sentence and an exit code."""

from __future__ import annotations

import difflib
import os
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from joulelab.config import TrainSchema, conf_folder, register_schemas
from joulelab.errors import JoulelabError

INTERRUPTED = 130

_handed_over: list[JoulelabError] = []


def guarded(main: Callable[[], Any]) -> None:
    """Runs `main` and leaves the process: 0, the error's exit code, 130 after Ctrl-C; a defect of
    joulelab itself keeps its traceback."""
    register_schemas()
    # Hydra prints compact errors itself and exits with 1; only in this mode does it hand them over.
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")
    try:
        main()
        if _handed_over:
            raise _handed_over.pop()
    except BrokenPipeError:
        # Whoever read our output has left; the interpreter must not write to it at its end either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except KeyboardInterrupt:
        fail("interrupted: what was measured so far is kept", INTERRUPTED)
    except JoulelabError as error:
        fail(str(error), error.exit_code)
    except Exception as error:
        sentence = hydra_sentence(error)
        if sentence is None:
            raise
        fail(sentence, 2)


def handing_over(work: Callable[[Any], Any], cfg: Any) -> Any:
    """`work(cfg)`, or the JoulelabError that it raised: Hydra would print around one that passes."""
    try:
        return work(cfg)
    except JoulelabError as error:
        _handed_over.append(error)
        return error


def fail(sentence: str, exit_code: int) -> None:
    sys.stdout.flush()
    print(f"joulelab: {sentence}", file=sys.stderr)
    sys.exit(exit_code)


def hydra_sentence(error: Exception) -> str | None:
    """One sentence for what Hydra or OmegaConf refused, None for anything else."""
    from hydra.errors import HydraException, MissingConfigException, OverrideParseException
    from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

    if isinstance(error, MissingConfigException):
        return _unknown_option(error)
    if isinstance(error, OverrideParseException):
        first = str(error).splitlines()[0]
        return f"cannot read the override {error.override!r}: {first}; is a quote missing?"
    if isinstance(error, MissingMandatoryValue):
        key = _full_key(error) or "a key"
        return f"{key}: needs a value; say {key}=..."
    if isinstance(error, ValueError) and "Config group override" in str(error):
        return "a group is given a number; name one of its options, see --help"
    if isinstance(error, HydraException):
        return _refused_override(error)
    if isinstance(error, OmegaConfBaseException):
        where = _full_key(error)
        first = str(error).splitlines()[0]
        return f"{where}: {first}" if where else first
    return None


def _full_key(error: BaseException) -> str | None:
    match = re.search(r"full_key: (\S+)", str(error))
    return match.group(1) if match else None


def _unknown_option(error: Exception) -> str:
    text = str(error)
    match = re.search(r"Could not (?:find|load) '([^']+)'", text)
    if match is None:
        return text.splitlines()[0]
    group, _, option = match.group(1).rpartition("/")
    folder = conf_folder() / group
    known = sorted(path.stem for path in folder.glob("*.yaml"))
    known += re.findall(r"^\t(\S+)$", text, re.M)
    return (
        f"{group}={option}: there is no such option; "
        f"{_nearest(option, known)}known are {', '.join(dict.fromkeys(known))}"
    )


def _refused_override(error: Exception) -> str:
    cause = error.__cause__
    text = str(cause or error)
    first = text.splitlines()[0]
    override = re.search(r"Could not override '([^']+)'", str(error))
    if override is not None:
        return _unknown_key(override.group(1))
    merging = re.search(r"Error merging override (.*)", str(error))
    if merging is not None:
        value = re.search(r"Value '(.*)' of type '\w+' could not be converted to (\w+)", text)
        key = merging.group(1).partition("=")[0]
        if value is not None:
            kind = {"Float": "a number", "Integer": "a whole number", "Boolean": "true or false"}
            return f"{key}: {value.group(1)!r} is not {kind.get(value.group(2), value.group(2))}"
        return f"{key}: {first}"
    if first.startswith("Ambiguous value for argument"):
        return f"{first}; say -m to run each value, or quote it: 'key=\"a,b\"'"
    return first


def _unknown_key(key: str) -> str:
    group = key.partition(".")[0]
    options = sorted(
        file.stem
        for file in (conf_folder() / group).glob("*.yaml")
        if key in _tree_keys(yaml_tree(file), file.parent)
    )
    if options:
        return (
            f"{key}: what was chosen as {group} has no such key; {group}={', '.join(options)} has"
        )
    return f"{key}: there is no such key; {_nearest(key, known_keys())}see --help"


def _nearest(word: str, known: Iterable[str]) -> str:
    known = list(known)
    near = difflib.get_close_matches(word, known, 1, 0.5)
    if not near:
        last = {key.rpartition(".")[2]: key for key in known}
        near = [last[k] for k in difflib.get_close_matches(word.rpartition(".")[2], last, 1, 0.6)]
    return f"did you mean {near[0]}? " if near else ""


def known_keys() -> list[str]:
    """The root keys and every key of every group's options, as a command line may write them."""
    root = conf_folder()
    keys = set(TrainSchema.__dataclass_fields__)
    for file in root.glob("*.yaml"):
        keys |= set(yaml_tree(file))
    keys -= {"defaults", "hydra"}
    for group in sorted(path for path in root.iterdir() if path.is_dir()):
        for file in sorted(group.glob("*.yaml")):
            keys |= _tree_keys(yaml_tree(file), group)
    return sorted(keys)


def yaml_tree(file: Path) -> dict[str, Any]:
    import yaml

    return yaml.safe_load(file.read_text(encoding="utf-8")) or {}


def _tree_keys(tree: dict[str, Any], group: Path, prefix: str = "") -> set[str]:
    keys: set[str] = set()
    for key, value in tree.items():
        if key in ("defaults", "_target_", "_partial_"):
            continue
        keys.add(f"{group.name}.{prefix}{key}")
        if isinstance(value, dict):
            keys |= _tree_keys(value, group, f"{prefix}{key}.")
    return keys
