"""A loopback plug with Tasmota; answers as its documentation (Commands, JSON Status Responses) shows."""

from __future__ import annotations

from support.fake_plug import FakePlug, Reply, Request, floored


class FakeTasmota(FakePlug):
    """`sensors` is the number of the status that holds them, `outlets` how many there are."""

    def __init__(
        self,
        *args,
        password: str | None = None,
        sensors: int = 10,
        outlets: int = 1,
        watt_digits: int = 1,
        kwh_digits: int = 5,
        **more,
    ) -> None:
        super().__init__(*args, **more)
        self.password = password
        self.sensors = sensors
        self.outlets = outlets
        self.has_energy = True
        self._watt_digits = watt_digits
        self._kwh_digits = kwh_digits

    def answer(self, request: Request) -> Reply:
        if request.path != "/cm":
            return Reply(404, b"Not Found")
        login = (request.query.get("user"), request.query.get("password"))
        if self.denied() or (self.password is not None and login != ("admin", self.password)):
            return Reply(200, {"WARNING": "Need user=<username>&password=<password>"})
        if request.query["cmnd"] == f"Status {self.sensors}":
            return Reply(200, {"StatusSNS": self.sensor()})
        if request.query["cmnd"] == "Status 11":
            return Reply(200, {"StatusSTS": {"Uptime": "0T", "UptimeSec": int(self.uptime_s)}})
        return Reply(200, {"Command": "Unknown"})

    def sensor(self) -> dict[str, object]:
        if not self.has_energy:
            return {"Time": "2026-01-01T00:00:00"}
        watts = [round(self.watts / self.outlets, self._watt_digits)] * self.outlets
        step_j = 3.6e6 * 10.0**-self._kwh_digits
        total = round(floored(self.total_j, step_j) / 3.6e6, self._kwh_digits)
        energy = {
            "TotalStartTime": "2026-01-01T00:00:00",
            "Total": total,
            "Today": 0.001,
            "Power": watts[0] if self.outlets == 1 else watts,
            "Voltage": 230,
            "Current": 0.2,
            "Factor": 0.9,
        }
        return {"Time": "2026-01-01T00:00:00", "ENERGY": energy}
