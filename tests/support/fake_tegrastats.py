"""tegrastats as a program: prints recorded lines, or a board that follows a known load, `--interval`
milliseconds apart.

`--plan` names a JSON file. {"lines": [...], "die_after": n}: those lines, again and again; with
`die_after` it ends by itself after n of them. {"start_ns", "fault", "from_s", "to_s"}: the load of
`worlds.base`, counted from that moment of the monotonic clock, and what befalls it.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import time
from pathlib import Path

NANO = (
    "RAM 613/3964MB (lfb 634x4MB) SWAP 0/1982MB (cached 0MB) CPU [2%@102,1%@102,0%@102,off] "
    "EMC_FREQ 0% GR3D_FREQ 5%@76 PLL@39C CPU@40.5C GPU@41C thermal@41C "
    "POM_5V_IN {0}/{0} POM_5V_GPU 40/40 POM_5V_CPU 123/123"
)
SLOWER = 2.5


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--interval", type=int, default=1000)
    parser.add_argument("--plan", type=Path, default=None)
    chosen = parser.parse_args()
    plan = json.loads(chosen.plan.read_text()) if chosen.plan else {"lines": [NANO.format(2000)]}
    if "lines" in plan:
        replay(plan, chosen.interval / 1e3)
    else:
        follow(plan, chosen.interval / 1e3)


def replay(plan: dict, interval_s: float) -> None:
    for number, line in enumerate(itertools.cycle(plan["lines"])):
        if number == plan.get("die_after"):
            sys.exit(3)
        print(line, flush=True)
        time.sleep(interval_s)


def follow(plan: dict, interval_s: float) -> None:
    """Rhythm by the clock, as a sum of sleeps would drift."""
    from worlds.base import power_w  # as a program, this file's folder is on the path

    due_s = time.monotonic()
    while True:
        now_s = time.monotonic() - plan["start_ns"] / 1e9
        struck = plan["fault"] if plan["from_s"] <= now_s < plan["to_s"] else "plain"
        step_s = interval_s
        if struck == "slow answer":
            step_s *= SLOWER
        if struck not in ("unreadable", "late start"):
            stamp_s = time.time() + (3600 if struck == "clock step" else 0)
            stamp = time.strftime("%m-%d-%Y %H:%M:%S", time.gmtime(stamp_s))
            line = f"{stamp} {NANO.format(round(power_w(now_s) * 1e3))}"
            print(*[line] * (2 if struck == "disorder" else 1), sep="\n", flush=True)
        due_s += step_s
        time.sleep(max(due_s - time.monotonic(), 0.0))


if __name__ == "__main__":
    main()
