"""Which powercap zones are counted, and what each contains."""

from __future__ import annotations

from support.fake_powercap import FakePowercap, FakeZone, mmio

from joulelab.meters.rapl_zones import discover

PACKAGE = FakeZone("package-0", 100.0)


def test_parts_are_inside_their_package_and_dram_is_beside_it(tmp_path):
    zones = [
        FakeZone("package-0", 50.0),
        FakeZone("core", 30.0, parent="package-0"),
        FakeZone("uncore", 5.0, parent="package-0"),
        FakeZone("dram", 5.0, parent="package-0"),
    ]
    FakePowercap(tmp_path, zones)
    inside = {zone.name: (zone.scope, zone.inside) for zone in discover(tmp_path)}
    assert inside == {
        "package-0": ("cpu", None),
        "core-0": ("cpu", "package-0"),
        "uncore-0": ("cpu", "package-0"),
        "dram-0": ("dram", None),
    }


def test_memory_mapped_interface_is_not_a_second_package(tmp_path):
    FakePowercap(tmp_path, [PACKAGE])
    (tmp_path / "intel-rapl-mmio:0").symlink_to(tmp_path / "intel-rapl:0")
    assert [zone.name for zone in discover(tmp_path)] == ["package-0"]


def test_memory_mapped_package_is_counted_once_and_told(tmp_path):
    FakePowercap(tmp_path, [PACKAGE, mmio()])
    left_out: list[str] = []
    (zone,) = discover(tmp_path, left_out)
    assert zone.path.name == "intel-rapl:0"
    assert left_out == ["a second package-0"]


def test_memory_mapped_package_alone_is_counted(tmp_path):
    FakePowercap(tmp_path, [FakeZone("package-0", 50.0, kind="intel-rapl-mmio")])
    assert [zone.path.name for zone in discover(tmp_path)] == ["intel-rapl-mmio:0"]


def test_part_is_bounded_by_the_package_around_it(tmp_path):
    zones = [FakeZone("package-0", 50.0, power_max_w=125.0)]
    zones.append(FakeZone("core", 30.0, parent="package-0"))
    zones.append(FakeZone("dram", 30.0, parent="package-0"))
    FakePowercap(tmp_path, zones)
    bounds = {zone.name: zone.power_max_w for zone in discover(tmp_path)}
    assert bounds == {"package-0": 125.0, "core-0": 125.0, "dram-0": 2000.0}


def test_packages_come_in_the_order_of_their_numbers(tmp_path):
    FakePowercap(tmp_path, [FakeZone(f"package-{n}", 50.0) for n in range(12)])
    assert [zone.name for zone in discover(tmp_path)] == [f"package-{n}" for n in range(12)]


def test_second_zone_of_the_same_name_is_left_out(tmp_path):
    FakePowercap(tmp_path, [PACKAGE, PACKAGE])
    assert [zone.name for zone in discover(tmp_path)] == ["package-0"]


def test_die_that_mirrors_another_is_left_out(tmp_path):
    dies = [
        FakeZone("package-0-die-0", 68.0, start_uj=500_000_000),
        FakeZone("package-0-die-1", 68.0, start_uj=500_000_100),
    ]
    FakePowercap(tmp_path, dies)
    assert [zone.name for zone in discover(tmp_path)] == ["package-0-die-0"]


def test_die_with_a_counter_of_its_own_is_kept(tmp_path):
    dies = [
        FakeZone("package-0-die-0", 68.0, start_uj=500_000_000),
        FakeZone("package-0-die-1", 68.0, start_uj=900_000_000),
    ]
    FakePowercap(tmp_path, dies)
    assert len(discover(tmp_path)) == 2


def test_psys_is_the_node_unless_nothing_feeds_it(tmp_path):
    FakePowercap(tmp_path / "wired", [PACKAGE, FakeZone("psys", 70.0)])
    FakePowercap(tmp_path / "dead", [PACKAGE, FakeZone("psys", 0.0, start_uj=0)])
    scopes = {zone.name: zone.scope for zone in discover(tmp_path / "wired")}
    assert scopes == {"package-0": "cpu", "psys": "node"}
    assert [zone.name for zone in discover(tmp_path / "dead")] == ["package-0"]
