"""Every instrument of this machine that answers: for `meter=auto`."""

from __future__ import annotations

from collections.abc import Callable

from joulelab.meters.cpu_estimate import CpuEstimate
from joulelab.meters.examination import examine
from joulelab.meters.ina3221 import Ina3221
from joulelab.meters.nvml import Nvml
from joulelab.meters.rapl import Rapl
from joulelab.meters.rapl_zones import ROOT
from joulelab.meters.tegrastats import Tegrastats
from joulelab.protocols import Meter


def detect(
    powercap: str = ROOT,
    watts_per_core: float | None = None,
    nvml_library: str | None = None,
    tegrastats: str = "tegrastats",
    sysfs: str = "/sys",
) -> dict[str, Meter]:
    """Every instrument that answers here, and always the estimate. None of them is started.

    Where each is looked for: the powercap folder, the file of NVIDIA's library (None: the driver's
    own), tegrastats' command line, the folder where sysfs is mounted.

    Not asked: what needs an address, and the BMC, whose slow and coarse reading must not
    become the headline unasked. A Jetson's rails are read once: by tegrastats where it is there,
    which also tells loads and clocks, else from the INA3221 below it.
    """
    candidates: dict[str, Callable[[], Meter]] = {
        "rapl": lambda: Rapl(powercap),
        "nvml": lambda: Nvml(library=nvml_library),
        "tegrastats": lambda: Tegrastats(tegrastats),
        "ina3221": lambda: Ina3221(sysfs),
    }
    meters = {name: make() for name, make in candidates.items() if examine(name, make).ready}
    if "tegrastats" in meters:
        meters.pop("ina3221", None)
    meters["cpu_estimate"] = CpuEstimate(watts_per_core)
    return meters
