"""Every error that joulelab raises on purpose.

    JoulelabError                    exit code 2: the user can cure it
    ├── ConfigError                  a key, value or combination of the configuration
    ├── DataError                    a missing, broken or unsuitable data file
    ├── LearnerError                 a learner that cannot work with this data
    ├── MeterError
    │   ├── MeterUnavailable         the instrument is not here or does not answer
    │   └── MeterDenied              the instrument is here, the right to read it is missing
    ├── HardwareError
    │   └── HardwareDenied           a knob that this process may not turn
    ├── StoreError
    │   ├── StoreUnreachable         no answer, or locked by somebody else
    │   └── StoreMismatch            written by another version of the store's software
    └── RunFailed                    exit code 1: a run or a job ended early; what was measured is kept

Each is one sentence for a person: what is wrong, where, and the cure.
"""

from __future__ import annotations


class JoulelabError(Exception):
    """What is wrong, where it is (config key, file, line), and what cures it."""

    exit_code = 2

    def __init__(self, what: str, *, where: str | None = None, cure: str | None = None) -> None:
        super().__init__(what, where, cure)
        self.what = what
        self.where = where
        self.cure = cure

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.what, self.where, self.cure))

    def __str__(self) -> str:
        sentence = self.what if self.where is None else f"{self.where}: {self.what}"
        return sentence if self.cure is None else f"{sentence}; {self.cure}"


def _rebuild(
    kind: type[JoulelabError], what: str, where: str | None, cure: str | None
) -> JoulelabError:
    return kind(what, where=where, cure=cure)


class ConfigError(JoulelabError): ...


class DataError(JoulelabError): ...


class LearnerError(JoulelabError): ...


class MeterError(JoulelabError): ...


class MeterUnavailable(MeterError): ...


class MeterDenied(MeterError): ...


class HardwareError(JoulelabError): ...


class HardwareDenied(HardwareError): ...


class StoreError(JoulelabError): ...


class StoreUnreachable(StoreError): ...


class StoreMismatch(StoreError): ...


class RunFailed(JoulelabError):
    exit_code = 1
