"""Every board's line, whole or cut off."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulelab.meters.tegrastats_line import parse, recognises

NANO = (
    "RAM 613/3964MB (lfb 634x4MB) SWAP 0/1982MB (cached 0MB) CPU [2%@102,1%@102,0%@102,0%@102] "
    "EMC_FREQ 0% GR3D_FREQ 0% PLL@39C CPU@40.5C PMIC@100C GPU@42C AO@47C thermal@41C "
    "POM_5V_IN 900/943 POM_5V_GPU 0/0 POM_5V_CPU 123/123"
)
TX1 = (
    "RAM 1187/3983MB (lfb 2x512kB) IRAM 0/252kB(lfb 252kB) CPU [2%@1734,off,off,1%@1734] "
    "EMC_FREQ 3%@1600 GR3D_FREQ 10%@998 VDD_IN 2532/2698 VDD_CPU 76/178 VDD_GPU 19/19"
)
TX2 = (
    "RAM 2300/7851MB (lfb 4x4MB) CPU [2%@345,off,off,2%@345] GR3D_FREQ 0%@114 MTS fg 0% bg 0% "
    "VDD_IN 2003/2658 VDD_CPU 320/518 VDD_GPU 400/735 VDD_SOC 400/415 VDD_WIFI 0/0 VDD_DDR 240/348"
)
XAVIER = (
    "RAM 1000/15000MB (lfb 1x4MB) CPU [1%@1190,2%@1190,off,off] GR3D_FREQ 0%@318 GPU@29C CPU@30C "
    "GPU 0/0 CPU 216/216 SOC 864/864 CV 0/0 VDDRQ 144/144 SYS5V 1889/1889"
)
ORIN = (
    "01-03-2023 16:07:54 RAM 2257/30536MB (lfb 1x4MB) SWAP 0/15268MB (cached 0MB) "
    "CPU [0%@729,1%@729,off,off] EMC_FREQ 0%@2133 GR3D_FREQ 3%@[305,305] CV0@-256C CPU@47.5C "
    "VDD_GPU_SOC 2390mW/2390mW VDD_CPU_CV 796mW/796mW VIN_SYS_5V0 3522mW/3522mW NC 0mW/0mW "
    "VDDQ_VDD2_1V8AO 503mW/503mW NC 0mW/0mW"
)
JP7 = (
    "07-25-2026 09:08:28 RAM 4000/62000MB (lfb 1x4MB) CPU [3%@1984,off] GR3D_FREQ 0% "
    "cpu@52.968C/52.968C gpu@-256C/-256C VDD_GPU_SOC 5139mW/5139mW/5139mW "
    "VDD_CPU_CV 3268mW/3268mW/3268mW VIN_SYS_5V0 5500mW/5500mW/5500mW"
)
LINES = {"nano": NANO, "tx1": TX1, "tx2": TX2, "xavier": XAVIER, "orin": ORIN, "jp7": JP7}
RAILS = {
    "nano": {"POM_5V_IN": 0.9, "POM_5V_GPU": 0, "POM_5V_CPU": 0.123},
    "tx1": {"VDD_IN": 2.532, "VDD_CPU": 0.076, "VDD_GPU": 0.019},
    "tx2": {
        **{"VDD_IN": 2.003, "VDD_CPU": 0.32, "VDD_GPU": 0.4},
        **{"VDD_SOC": 0.4, "VDD_WIFI": 0, "VDD_DDR": 0.24},
    },
    "xavier": {"GPU": 0, "CPU": 0.216, "SOC": 0.864, "CV": 0, "VDDRQ": 0.144, "SYS5V": 1.889},
    "orin": {
        **{"VDD_GPU_SOC": 2.39, "VDD_CPU_CV": 0.796, "VIN_SYS_5V0": 3.522},
        **{"NC": 0, "VDDQ_VDD2_1V8AO": 0.503},
    },
    "jp7": {"VDD_GPU_SOC": 5.139, "VDD_CPU_CV": 3.268, "VIN_SYS_5V0": 5.5},
}


@pytest.mark.parametrize("board", LINES)
def test_rails_of_every_board(board):
    assert parse(LINES[board]).rails_w == pytest.approx(RAILS[board])
    assert recognises(LINES[board])


@pytest.mark.parametrize(
    ("board", "expected"),
    [
        ("nano", {"cpu_load": 0.0075, "cpu_hz": 102e6, "cpu_online": 4, "gpu_load": 0}),
        ("tx1", {"cpu_load": 0.015, "cpu_online": 2, "gpu_hz": 998e6, "emc_hz": 1600e6}),
        ("orin", {"cpu_online": 2, "gpu_load": 0.03, "gpu_hz": 305e6, "cpu_c": 47.5}),
        ("jp7", {"cpu_online": 1, "cpu_c": 52.968}),
    ],
)
def test_loads_and_clocks(board, expected):
    found = parse(LINES[board]).auxiliary
    assert {name: found[name] for name in expected} == pytest.approx(expected)


def test_sensor_that_is_off_has_no_temperature():
    assert "gpu_c" not in parse(JP7).auxiliary


def test_date_is_kept_as_the_board_prints_it():
    assert parse(ORIN).local_s == 1672762074
    assert parse(NANO).local_s is None
    assert parse(ORIN.replace("01-03", "13-33")).local_s is None


@pytest.mark.parametrize(
    "text", ["", "tegrastats: permission denied", "POM_5V_IN 900/943", "RAM 1/2"]
)
def test_what_is_no_line_has_no_rail(text):
    assert parse(text) is None


@given(st.sampled_from(sorted(LINES)), st.integers(0, 400), st.integers(0, 400))
def test_cut_off_anywhere_no_figure_is_wrong(board, first, last):
    whole = parse(LINES[board])
    cut = parse(LINES[board][first : max(last, first)])
    if cut is not None:
        assert cut.rails_w.items() <= whole.rails_w.items()
        assert cut.auxiliary.items() <= whole.auxiliary.items()


@given(st.text())
def test_any_text_is_read_without_an_error(text):
    parse(text)
    parse(NANO[:120] + text + NANO[120:])
