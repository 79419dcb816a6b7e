"""Power rails of Jetson boards, from their INA3221 monitors."""

from __future__ import annotations

from collections.abc import Sequence

from joulelab.meters.ina3221_rails import Rail, conversion_s, discover
from joulelab.meters.rails import ACCURACY_ABSOLUTE_W, ACCURACY_RELATIVE, RESOLUTION_W, declare
from joulelab.records import Channel, Sample


class Ina3221:
    """A power channel a rail, named as the board names it; see rails.py for what contains what.

    `root` is where sysfs is mounted. Accuracy and resolution: see `rails.declare`. What the carrier
    board draws for itself is in no rail, but for VIN of Thor.

    Remote: every number is fetched over I2C, and a board has up to twelve.
    """

    remote = True

    def __init__(
        self,
        root: str = "/sys",
        accuracy_absolute_w: float = ACCURACY_ABSOLUTE_W,
        accuracy_relative: float = ACCURACY_RELATIVE,
        resolution_w: float = RESOLUTION_W,
    ) -> None:
        self._root = root
        self._accuracy_absolute_w = accuracy_absolute_w
        self._accuracy_relative = accuracy_relative
        self._resolution_w = resolution_w
        self._rails: list[Rail] = []
        self._channels: tuple[Channel, ...] = ()

    @property
    def channels(self) -> Sequence[Channel]:
        return self._channels

    def start(self) -> None:
        self.stop()
        self._rails = discover(self._root)
        try:
            for rail in self._rails:
                rail.open()
        except BaseException:
            self.stop()
            raise
        self._channels = tuple(
            declare(
                [rail.name for rail in self._rails],
                accuracy_absolute_w=self._accuracy_absolute_w,
                accuracy_relative=self._accuracy_relative,
                resolution=self._resolution_w,
                update_period_s=conversion_s(self._root),
            )
        )

    def read(self) -> Sequence[Sample]:
        return [rail.read() for rail in self._rails]

    def stop(self) -> None:
        for rail in self._rails:
            rail.close()
        self._rails = []
